#include <algorithm>
#include <array>

#include "config/alertmanager_parts.hpp"
#include "config/field_reader.hpp"
#include "config/notifier_config.hpp"

namespace tocsin::config {

void AlertmanagerGlobal::describe(FieldVisitor& f) {
  f.duration("resolve_timeout", resolve_timeout);
  f.secret_url("slack_api_url", slack_api_url);
  f.file("slack_api_url_file", slack_api_url_file);
  f.secret("slack_app_token", slack_app_token);
  f.file("slack_app_token_file", slack_app_token_file);
  f.url("slack_app_url", slack_app_url);
  f.url("pagerduty_url", pagerduty_url);
  f.url("opsgenie_api_url", opsgenie_api_url);
  f.secret("opsgenie_api_key", opsgenie_api_key);
  f.file("opsgenie_api_key_file", opsgenie_api_key_file);
  f.url("victorops_api_url", victorops_api_url);
  f.secret("victorops_api_key", victorops_api_key);
  f.file("victorops_api_key_file", victorops_api_key_file);
  f.url("wechat_api_url", wechat_api_url);
  f.secret("wechat_api_secret", wechat_api_secret);
  f.file("wechat_api_secret_file", wechat_api_secret_file);
  f.plain("wechat_api_corp_id", wechat_api_corp_id);
  f.url("telegram_api_url", telegram_api_url);
  f.secret("telegram_bot_token", telegram_bot_token);
  f.file("telegram_bot_token_file", telegram_bot_token_file);
  f.url("webex_api_url", webex_api_url);
  f.url("jira_api_url", jira_api_url);
  f.url("rocketchat_api_url", rocketchat_api_url);
  f.secret("rocketchat_token", rocketchat_token);
  f.file("rocketchat_token_file", rocketchat_token_file);
  f.secret("rocketchat_token_id", rocketchat_token_id);
  f.file("rocketchat_token_id_file", rocketchat_token_id_file);
  f.secret_url("mattermost_webhook_url", mattermost_webhook_url);
  f.file("mattermost_webhook_url_file", mattermost_webhook_url_file);
}

Result<void> AlertmanagerGlobal::complete() const {
  TOCSIN_OK(at_most_one("slack_app_token", slack_app_token, slack_app_token_file));
  TOCSIN_OK(at_most_one("slack_api_url", slack_api_url, slack_api_url_file));
  const bool token = !slack_app_token.empty() || !slack_app_token_file.empty();
  const bool url = !slack_api_url.empty() || !slack_api_url_file.empty();
  // The one exception: the URL of the token's own endpoint, an old way to use bot tokens.
  if (token && url && slack_api_url.reveal() != slack_app_url) {
    return fail(Errc::kInvalid,
                "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be "
                "configured");
  }
  TOCSIN_OK(at_most_one("opsgenie_api_key", opsgenie_api_key, opsgenie_api_key_file));
  TOCSIN_OK(at_most_one("victorops_api_key", victorops_api_key, victorops_api_key_file));
  TOCSIN_OK(at_most_one("telegram_bot_token", telegram_bot_token, telegram_bot_token_file));
  TOCSIN_OK(at_most_one("rocketchat_token", rocketchat_token, rocketchat_token_file));
  TOCSIN_OK(at_most_one("rocketchat_token_id", rocketchat_token_id, rocketchat_token_id_file));
  TOCSIN_OK(at_most_one("wechat_api_secret", wechat_api_secret, wechat_api_secret_file));
  return at_most_one("mattermost_webhook_url", mattermost_webhook_url, mattermost_webhook_url_file);
}

}  // namespace tocsin::config

namespace tocsin::config::alertmanager {
namespace {

/// Integrations that Alertmanager has and this build has not, with what Alertmanager demands of them: one of `keys` in
/// the integration, or one of `globals` in global. An integration may stand here several times.
struct Demand {
  std::string_view kind;
  std::vector<std::string_view> keys;
  std::vector<std::string_view> globals;
  std::string_view message;
};

const std::vector<Demand>& demands() {
  static const std::vector<Demand> table = {
      {"email", {"to"}, {}, "missing to address in email config"},
      {"email", {"smarthost"}, {"smtp_smarthost"}, "no global SMTP smarthost set"},
      {"email", {"from"}, {"smtp_from"}, "no global SMTP from set"},
  };
  return table;
}

constexpr std::array<std::string_view, 2> kGlobalPairs = {"smtp_auth_password", "smtp_auth_secret"};

Result<void> at_most_one(const yaml::Node& map, std::string_view key) {
  const std::string file = std::string(key) + "_file";
  if (!is_set(map, key) || !is_set(map, file)) return {};
  return map[file].error("at most one of {} & {} must be configured", key, file);
}

}  // namespace

Result<void> parse_global(const yaml::Node& node, Context& context) {
  AlertmanagerGlobal& global = context.global;
  yaml::Fields fields(node, "config.GlobalConfig");
  FieldReader reader(fields, context);
  global.describe(reader);
  fields.child("http_config", [&](const yaml::Node& n) { return read_http_config(n, global.http, context); })
      .unsupported({"smtp_from", "smtp_hello", "smtp_smarthost", "smtp_auth_username", "smtp_auth_password",
                    "smtp_auth_password_file", "smtp_auth_secret", "smtp_auth_secret_file", "smtp_auth_identity",
                    "smtp_require_tls", "smtp_tls_config", "smtp_force_implicit_tls"},
                   context.warnings);
  TOCSIN_OK(fields.finish());
  if (const Result<void> good = global.complete(); !good) return node.error("{}", good.error().message);
  for (const std::string_view key : kGlobalPairs) TOCSIN_OK(at_most_one(node, key));
  return {};
}

const std::vector<std::string>& unsupported_integration_keys() {
  static const std::vector<std::string> keys = {"email_configs"};
  return keys;
}

Result<void> parse_unsupported(const yaml::Node& list, std::string_view kind, Context& context,
                               ReceiverConfig& receiver) {
  for (const yaml::Node& node : list.elements()) {
    if (!node.is_map() && !node.is_null()) return node.error("cannot unmarshal into {} config", kind);
    for (const Demand& demand : demands()) {
      if (demand.kind != kind) continue;
      for (const std::string_view key : demand.keys) {
        if (node.is_map()) TOCSIN_OK(at_most_one(node, key));
      }
      const auto set_in = [](const yaml::Node& map) {
        return [&map](std::string_view key) { return is_set(map, key); };
      };
      const bool satisfied = std::any_of(demand.keys.begin(), demand.keys.end(), set_in(node)) ||
                             std::any_of(demand.globals.begin(), demand.globals.end(), set_in(context.global_node));
      if (!satisfied) return node.error("{}", demand.message);
    }
    context.warn(node,
                 fmt::format("receiver \"{}\": {}_configs are not supported yet: nobody is notified by this entry",
                             receiver.name, kind));
    receiver.unsupported.push_back({std::string(kind), node.where()});
  }
  return {};
}

}  // namespace tocsin::config::alertmanager
