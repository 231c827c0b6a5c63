#include "config/alertmanager_parts.hpp"
#include "config/field_reader.hpp"
#include "config/notifier_config.hpp"
#include "config/receiver_email.hpp"

namespace tocsin::config {

void AlertmanagerGlobal::describe(FieldVisitor& f) {
  f.duration("resolve_timeout", resolve_timeout);
  f.url("jira_api_url", jira_api_url);
  f.plain("smtp_from", smtp_from);
  f.plain("smtp_hello", smtp_hello);
  f.plain("smtp_smarthost", smtp_smarthost);
  f.plain("smtp_auth_username", smtp_auth_username);
  f.secret("smtp_auth_password", smtp_auth_password);
  f.file("smtp_auth_password_file", smtp_auth_password_file);
  f.secret("smtp_auth_secret", smtp_auth_secret);
  f.file("smtp_auth_secret_file", smtp_auth_secret_file);
  f.plain("smtp_auth_identity", smtp_auth_identity);
  f.flag("smtp_require_tls", smtp_require_tls);
  f.tls("smtp_tls_config", smtp_tls);
  f.flag("smtp_force_implicit_tls", smtp_force_implicit_tls);
  f.secret_url("slack_api_url", slack_api_url);
  f.file("slack_api_url_file", slack_api_url_file);
  f.secret("slack_app_token", slack_app_token);
  f.file("slack_app_token_file", slack_app_token_file);
  f.url("slack_app_url", slack_app_url);
  f.url("pagerduty_url", pagerduty_url);
  f.url("opsgenie_api_url", opsgenie_api_url);
  f.secret("opsgenie_api_key", opsgenie_api_key);
  f.file("opsgenie_api_key_file", opsgenie_api_key_file);
  f.url("wechat_api_url", wechat_api_url);
  f.secret("wechat_api_secret", wechat_api_secret);
  f.file("wechat_api_secret_file", wechat_api_secret_file);
  f.plain("wechat_api_corp_id", wechat_api_corp_id);
  f.url("victorops_api_url", victorops_api_url);
  f.secret("victorops_api_key", victorops_api_key);
  f.file("victorops_api_key_file", victorops_api_key_file);
  f.url("telegram_api_url", telegram_api_url);
  f.secret("telegram_bot_token", telegram_bot_token);
  f.file("telegram_bot_token_file", telegram_bot_token_file);
  f.url("webex_api_url", webex_api_url);
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
  if (!smtp_smarthost.empty()) TOCSIN_OK(split_host_port(smtp_smarthost));
  TOCSIN_OK(at_most_one("smtp_auth_password", smtp_auth_password, smtp_auth_password_file));
  TOCSIN_OK(at_most_one("smtp_auth_secret", smtp_auth_secret, smtp_auth_secret_file));
  TOCSIN_OK(at_most_one("rocketchat_token", rocketchat_token, rocketchat_token_file));
  TOCSIN_OK(at_most_one("rocketchat_token_id", rocketchat_token_id, rocketchat_token_id_file));
  TOCSIN_OK(at_most_one("wechat_api_secret", wechat_api_secret, wechat_api_secret_file));
  return at_most_one("mattermost_webhook_url", mattermost_webhook_url, mattermost_webhook_url_file);
}

}  // namespace tocsin::config

namespace tocsin::config::alertmanager {
Result<void> parse_global(const yaml::Node& node, Context& context) {
  AlertmanagerGlobal& global = context.global;
  yaml::Fields fields(node, "config.GlobalConfig");
  FieldReader reader(fields, context);
  global.describe(reader);
  fields.child("http_config", [&](const yaml::Node& n) { return read_http_config(n, global.http, context); });
  TOCSIN_OK(fields.finish());
  if (const Result<void> good = global.complete(); !good) return node.error("{}", good.error().message);
  return {};
}

}  // namespace tocsin::config::alertmanager
