#include <algorithm>

#include "base/strings.hpp"
#include "config/alertmanager_parts.hpp"

namespace tocsin::config::alertmanager {
namespace {

constexpr std::string_view kChatPostMessage = "https://slack.com/api/chat.postMessage";

/// send_resolved and http_config, with the global one as fallback.
void read_notifier(yaml::Fields& fields, NotifierConfig& out, Context& context) {
  out.http = context.global.http;
  fields.read("send_resolved", out.send_resolved).child("http_config", [&](const yaml::Node& node) {
    return read_http_config(node, out.http, context);
  });
}

auto into_duration(Duration& out) {
  return [&out](const yaml::Node& node) { return read_go_duration(node, out); };
}

template <typename T, typename Parse>
auto append_to(std::vector<T>& list, Parse parse) {
  return [&list, parse](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(T value, parse(node));
    list.push_back(std::move(value));
    return {};
  };
}

Result<SlackField> parse_slack_field(const yaml::Node& node) {
  SlackField field;
  TOCSIN_OK(yaml::Fields(node, "config.SlackField")
                .read("title", field.title)
                .read("value", field.value)
                .read("short", field.is_short)
                .finish());
  if (field.title.empty()) return node.error("missing title in Slack field configuration");
  if (field.value.empty()) return node.error("missing value in Slack field configuration");
  return field;
}

Result<SlackConfirm> parse_slack_confirm(const yaml::Node& node) {
  SlackConfirm confirm;
  TOCSIN_OK(yaml::Fields(node, "config.SlackConfirmationField")
                .read("text", confirm.text)
                .read("title", confirm.title)
                .read("ok_text", confirm.ok_text)
                .read("dismiss_text", confirm.dismiss_text)
                .finish());
  if (confirm.text.empty()) return node.error("missing text in Slack confirmation configuration");
  return confirm;
}

Result<SlackAction> parse_slack_action(const yaml::Node& node) {
  SlackAction action;
  const auto read_confirm = [&](const yaml::Node& n) -> Result<void> {
    TOCSIN_TRY(action.confirm, parse_slack_confirm(n));
    return {};
  };
  TOCSIN_OK(yaml::Fields(node, "config.SlackAction")
                .read("type", action.type)
                .read("text", action.text)
                .read("url", action.url)
                .read("style", action.style)
                .read("name", action.name)
                .read("value", action.value)
                .child("confirm", read_confirm)
                .finish());
  if (action.type.empty()) return node.error("missing type in Slack action configuration");
  if (action.text.empty()) return node.error("missing text in Slack action configuration");
  if (action.url.empty() && action.name.empty()) return node.error("missing name or url in Slack action configuration");
  if (!action.url.empty()) {  // a link is not a message action
    action.name.clear();
    action.value.clear();
    action.confirm.reset();
  }
  return action;
}

Result<void> check_slack_as_written(const yaml::Node& node, const SlackConfig& slack) {
  const bool url = !slack.api_url.empty(), url_file = !slack.api_url_file.empty();
  const bool token = !slack.app_token.empty(), token_file = !slack.app_token_file.empty();
  if (url && url_file) return node.error("at most one of api_url & api_url_file must be configured");
  if (token && token_file) return node.error("at most one of app_token & app_token_file must be configured");
  if ((url || url_file) && (token || token_file)) {
    return node.error("at most one of api_url/api_url_file & app_token/app_token_file must be configured");
  }
  if (slack.update_message && slack.api_url.reveal() != kChatPostMessage) {
    return node.error("update_message can only be used with bot tokens. api_url must be set to {}", kChatPostMessage);
  }
  return {};
}

/// Global fallbacks: a local value of either kind suppresses the global pair.
Result<void> complete_slack(const yaml::Node& node, const AlertmanagerGlobal& global, SlackConfig& slack) {
  const bool own_authorization = is_set(node["http_config"], "authorization");
  if (slack.app_url.empty()) slack.app_url = global.slack_app_url;
  if (slack.app_token.empty() && slack.app_token_file.empty() && !own_authorization && slack.api_url.empty()) {
    slack.app_token = global.slack_app_token;
    slack.app_token_file = global.slack_app_token_file;
  }
  if (slack.api_url.empty() && slack.api_url_file.empty()) {
    slack.api_url = global.slack_api_url;
    slack.api_url_file = global.slack_api_url_file;
  }
  const bool token = !slack.app_token.empty() || !slack.app_token_file.empty();
  if (!token && slack.api_url.empty() && slack.api_url_file.empty()) {
    return node.error("no Slack API URL nor App token set either inline or in a file");
  }
  if (!token) return {};
  if (slack.http.has_authorization) {
    return node.error("http authorization can't be set when using Slack App tokens");
  }
  slack.api_url = Secret();
  slack.api_url_file.clear();
  return {};
}

Result<SlackConfig> parse_slack(const yaml::Node& node, Context& context) {
  SlackConfig slack;
  slack.where = node.where();
  std::string api_url;
  const auto into_url = [](std::string& out, auto read) {
    return [&out, read](const yaml::Node& n) -> Result<void> {
      TOCSIN_TRY(out, read(n));
      return {};
    };
  };
  yaml::Fields fields(node, "config.SlackConfig");
  read_notifier(fields, slack, context);
  fields.child("api_url", into_url(api_url, read_secret_url))
      .read("api_url_file", slack.api_url_file)
      .read("app_token", slack.app_token)
      .read("app_token_file", slack.app_token_file)
      .child("app_url", into_url(slack.app_url, read_url))
      .read("channel", slack.channel)
      .read("username", slack.username)
      .read("color", slack.color)
      .read("title", slack.title)
      .read("title_link", slack.title_link)
      .read("pretext", slack.pretext)
      .read("text", slack.text)
      .read("message_text", slack.message_text)
      .each("fields", append_to(slack.fields, parse_slack_field))
      .read("short_fields", slack.short_fields)
      .read("footer", slack.footer)
      .read("fallback", slack.fallback)
      .read("callback_id", slack.callback_id)
      .read("icon_emoji", slack.icon_emoji)
      .read("icon_url", slack.icon_url)
      .read("image_url", slack.image_url)
      .read("thumb_url", slack.thumb_url)
      .read("link_names", slack.link_names)
      .read("mrkdwn_in", slack.mrkdwn_in)
      .each("actions", append_to(slack.actions, parse_slack_action))
      .read("update_message", slack.update_message)
      .child("timeout", into_duration(slack.timeout));
  TOCSIN_OK(fields.finish());
  slack.api_url = Secret(std::move(api_url));
  TOCSIN_OK(check_slack_as_written(node, slack));
  slack.api_url_file = resolve_path(context.folder, slack.api_url_file);
  slack.app_token_file = resolve_path(context.folder, slack.app_token_file);
  TOCSIN_OK(complete_slack(node, context.global, slack));
  return slack;
}

Result<PagerdutyImage> parse_pagerduty_image(const yaml::Node& node) {
  PagerdutyImage image;
  TOCSIN_OK(yaml::Fields(node, "config.PagerdutyImage")
                .read("src", image.src)
                .read("alt", image.alt)
                .read("href", image.href)
                .finish());
  return image;
}

Result<PagerdutyLink> parse_pagerduty_link(const yaml::Node& node) {
  PagerdutyLink link;
  TOCSIN_OK(yaml::Fields(node, "config.PagerdutyLink").read("href", link.href).read("text", link.text).finish());
  return link;
}

/// The user's details under which the default ones are merged.
Result<void> complete_details(const yaml::Node& node, PagerdutyConfig& pagerduty) {
  TOCSIN_TRY(ValueTree written, value_tree(node["details"]));
  if (written.kind != ValueTree::Kind::kNull && written.kind != ValueTree::Kind::kMap) {
    return node["details"].error("cannot unmarshal details into map");
  }
  pagerduty.details = std::move(written.map);
  constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
      {"firing", "{{ .Alerts.Firing | toJson }}"},
      {"resolved", "{{ .Alerts.Resolved | toJson }}"},
      {"num_firing", "{{ .Alerts.Firing | len }}"},
      {"num_resolved", "{{ .Alerts.Resolved | len }}"},
  };
  for (const auto& [key, text] : kDefaults) {
    const auto same = [&key](const auto& detail) { return detail.first == key; };
    if (std::any_of(pagerduty.details.begin(), pagerduty.details.end(), same)) continue;
    ValueTree value;
    value.kind = ValueTree::Kind::kString;
    value.text = text;
    pagerduty.details.emplace_back(key, std::move(value));
  }
  std::sort(pagerduty.details.begin(), pagerduty.details.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return {};
}

Result<void> check_pagerduty(const yaml::Node& node, const PagerdutyConfig& pd) {
  const bool routing = !pd.routing_key.empty(), routing_file = !pd.routing_key_file.empty();
  const bool service = !pd.service_key.empty(), service_file = !pd.service_key_file.empty();
  if (!routing && !routing_file && !service && !service_file) {
    return node.error("missing service or routing key in PagerDuty config");
  }
  if (routing && routing_file) return node.error("at most one of routing_key & routing_key_file must be configured");
  if (service && service_file) return node.error("at most one of service_key & service_key_file must be configured");
  return {};
}

Result<PagerdutyConfig> parse_pagerduty(const yaml::Node& node, Context& context) {
  PagerdutyConfig pd;
  pd.where = node.where();
  pd.url = context.global.pagerduty_url;
  const auto read_pd_url = [&pd](const yaml::Node& n) -> Result<void> {
    TOCSIN_TRY(pd.url, read_url(n));
    return {};
  };
  yaml::Fields fields(node, "config.PagerdutyConfig");
  read_notifier(fields, pd, context);
  fields.read("service_key", pd.service_key)
      .read("service_key_file", pd.service_key_file)
      .read("routing_key", pd.routing_key)
      .read("routing_key_file", pd.routing_key_file)
      .child("url", read_pd_url)
      .read("client", pd.client)
      .read("client_url", pd.client_url)
      .read("description", pd.description)
      .child("details", [](const yaml::Node&) { return Result<void>{}; })
      .each("images", append_to(pd.images, parse_pagerduty_image))
      .each("links", append_to(pd.links, parse_pagerduty_link))
      .read("source", pd.source)
      .read("severity", pd.severity)
      .read("class", pd.clazz)
      .read("component", pd.component)
      .read("group", pd.group)
      .child("timeout", into_duration(pd.timeout));
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(check_pagerduty(node, pd));
  TOCSIN_OK(complete_details(node, pd));
  if (pd.source.empty()) pd.source = pd.client;
  pd.service_key_file = resolve_path(context.folder, pd.service_key_file);
  pd.routing_key_file = resolve_path(context.folder, pd.routing_key_file);
  return pd;
}

Result<WebhookConfig> parse_webhook(const yaml::Node& node, Context& context) {
  WebhookConfig webhook;
  webhook.where = node.where();
  const auto read_webhook_url = [&webhook](const yaml::Node& n) -> Result<void> {
    TOCSIN_TRY(std::string url, n.as_string());
    const bool is_template = url.find("{{") != std::string::npos;
    if (!is_template && !url.empty()) {
      if (auto valid = read_secret_url(n); !valid) return fail(std::move(valid).error());
    }
    webhook.url = Secret(std::move(url));
    return {};
  };
  const auto read_payload = [&webhook](const yaml::Node& n) -> Result<void> {
    TOCSIN_TRY(webhook.payload, value_tree(n));
    return {};
  };
  yaml::Fields fields(node, "config.WebhookConfig");
  read_notifier(fields, webhook, context);
  fields.child("url", read_webhook_url)
      .read("url_file", webhook.url_file)
      .read("max_alerts", webhook.max_alerts)
      .child("timeout", into_duration(webhook.timeout))
      .child("payload", read_payload);
  TOCSIN_OK(fields.finish());
  if (webhook.url.empty() && webhook.url_file.empty()) return node.error("one of url or url_file must be configured");
  if (!webhook.url.empty() && !webhook.url_file.empty()) {
    return node.error("at most one of url & url_file must be configured");
  }
  webhook.url_file = resolve_path(context.folder, webhook.url_file);
  return webhook;
}

template <typename T>
auto each_of(std::vector<T>& list, Result<T> (*parse)(const yaml::Node&, Context&), Context& context,
             std::string_view kind) {
  return [&list, parse, &context, kind](const yaml::Node& node) -> Result<void> {
    if (node.is_null()) return node.error("missing {} config", kind);
    TOCSIN_TRY(T value, parse(node, context));
    list.push_back(std::move(value));
    return {};
  };
}

Result<void> read_labels(const yaml::Node& node, ReceiverConfig& receiver) {
  TOCSIN_TRY(receiver.labels, read_text_map(node));
  for (const auto& [name, value] : receiver.labels) {
    if (name == "name" && value != receiver.name) {
      return node.error("receiver label \"name\" must match receiver name {}, got {}", go_quote(receiver.name),
                        go_quote(value));
    }
  }
  std::erase_if(receiver.labels, [](const auto& label) { return label.first == "name"; });
  return {};
}

}  // namespace

Result<ReceiverConfig> parse_receiver(const yaml::Node& node, Context& context) {
  ReceiverConfig receiver;
  receiver.where = node.where();
  yaml::Fields fields(node, "config.Receiver");
  fields.read("name", receiver.name)
      .child("labels", [&](const yaml::Node& n) { return read_labels(n, receiver); })
      .each("webhook_configs", each_of(receiver.webhook, parse_webhook, context, "webhook"))
      .each("pagerduty_configs", each_of(receiver.pagerduty, parse_pagerduty, context, "pagerduty"))
      .each("slack_configs", each_of(receiver.slack, parse_slack, context, "slack"));
  for (const std::string& key : unsupported_integration_keys()) {
    const std::string kind = key.substr(0, key.size() - std::string_view("_configs").size());
    fields.child(key, [&](const yaml::Node& list) -> Result<void> {
      if (!list.is_sequence()) return list.error("cannot unmarshal into list of {} configs", kind);
      return parse_unsupported(list, kind, context, receiver);
    });
  }
  TOCSIN_OK(fields.finish());
  if (receiver.name.empty()) return node.error("missing name in receiver");
  const bool notifies = !receiver.webhook.empty() || !receiver.pagerduty.empty() || !receiver.slack.empty();
  if (!notifies && !receiver.unsupported.empty()) {
    context.warn(node, fmt::format("RECEIVER \"{}\" REACHES NOBODY: all of its integrations are of kinds that are not "
                                   "supported yet; route its alerts to slack, pagerduty or webhook as well",
                                   receiver.name));
  }
  return receiver;
}

}  // namespace tocsin::config::alertmanager
