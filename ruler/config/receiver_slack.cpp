#include "config/receiver_slack.hpp"

#include "config/alertmanager_global.hpp"

namespace tocsin::config {
namespace {

constexpr std::string_view kChatPostMessage = "https://slack.com/api/chat.postMessage";

Result<void> check_as_written(const SlackConfig& slack) {
  const bool url = !slack.api_url.empty() || !slack.api_url_file.empty();
  const bool token = !slack.app_token.empty() || !slack.app_token_file.empty();
  TOCSIN_OK(at_most_one("api_url", slack.api_url, slack.api_url_file));
  TOCSIN_OK(at_most_one("app_token", slack.app_token, slack.app_token_file));
  if (url && token) {
    return fail(Errc::kInvalid, "at most one of api_url/api_url_file & app_token/app_token_file must be configured");
  }
  if (slack.update_message && slack.api_url.reveal() != kChatPostMessage) {
    return fail(Errc::kInvalid, "update_message can only be used with bot tokens. api_url must be set to {}",
                kChatPostMessage);
  }
  return {};
}

}  // namespace

void SlackField::describe(FieldVisitor& f) {
  f.text("title", title);
  f.text("value", value);
  f.flag("short", is_short);
}

Result<void> SlackField::complete() {
  if (title.empty()) return fail(Errc::kInvalid, "missing title in Slack field configuration");
  if (value.empty()) return fail(Errc::kInvalid, "missing value in Slack field configuration");
  return {};
}

void SlackConfirm::describe(FieldVisitor& f) {
  f.text("text", text);
  f.text("title", title);
  f.text("ok_text", ok_text);
  f.text("dismiss_text", dismiss_text);
}

Result<void> SlackConfirm::complete() {
  if (text.empty()) return fail(Errc::kInvalid, "missing text in Slack confirmation configuration");
  return {};
}

void SlackAction::describe(FieldVisitor& f) {
  f.text("type", type);
  f.text("text", text);
  f.text("url", url);
  f.text("style", style);
  f.text("name", name);
  f.text("value", value);
  f.map("confirm", confirm);
}

Result<void> SlackAction::complete() {
  if (type.empty()) return fail(Errc::kInvalid, "missing type in Slack action configuration");
  if (text.empty()) return fail(Errc::kInvalid, "missing text in Slack action configuration");
  if (url.empty() && name.empty()) return fail(Errc::kInvalid, "missing name or url in Slack action configuration");
  if (!url.empty()) {  // a link is not a message action
    name.clear();
    value.clear();
    confirm.reset();
  }
  return {};
}

void SlackConfig::describe(FieldVisitor& f) {
  f.secret_url("api_url", api_url);
  f.file("api_url_file", api_url_file);
  f.secret("app_token", app_token);
  f.file("app_token_file", app_token_file);
  f.url("app_url", app_url);
  f.text("channel", channel);
  f.text("username", username);
  f.text("color", color);
  f.text("title", title);
  f.text("title_link", title_link);
  f.text("pretext", pretext);
  f.text("text", text);
  f.text("message_text", message_text);
  f.list("fields", fields);
  f.flag("short_fields", short_fields);
  f.text("footer", footer);
  f.text("fallback", fallback);
  f.text("callback_id", callback_id);
  f.text("icon_emoji", icon_emoji);
  f.text("icon_url", icon_url);
  f.text("image_url", image_url);
  f.text("thumb_url", thumb_url);
  f.flag("link_names", link_names);
  f.plains("mrkdwn_in", mrkdwn_in);
  f.list("actions", actions);
  f.flag("update_message", update_message);
  f.go_duration("timeout", timeout);
}

Result<void> SlackConfig::complete(const AlertmanagerGlobal& global) {
  TOCSIN_OK(check_as_written(*this));
  if (app_url.empty()) app_url = global.slack_app_url;
  if (!own_authorization() && api_url.empty()) {
    fall_back(app_token, app_token_file, global.slack_app_token, global.slack_app_token_file);
  }
  fall_back(api_url, api_url_file, global.slack_api_url, global.slack_api_url_file);
  const bool token = !app_token.empty() || !app_token_file.empty();
  if (!token && api_url.empty() && api_url_file.empty()) {
    return fail(Errc::kInvalid, "no Slack API URL nor App token set either inline or in a file");
  }
  if (!token) return {};
  if (http.has_authorization) {
    return fail(Errc::kInvalid, "http authorization can't be set when using Slack App tokens");
  }
  api_url = Secret();
  api_url_file.clear();
  return {};
}

}  // namespace tocsin::config
