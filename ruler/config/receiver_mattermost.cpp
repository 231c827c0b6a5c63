#include "config/receiver_mattermost.hpp"

#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void MattermostField::describe(FieldVisitor& f) {
  f.text("title", title);
  f.text("value", value);
  f.flag("short", is_short);
}

Result<void> MattermostField::complete() {
  if (title.empty()) return fail(Errc::kInvalid, "missing title in Mattermost field configuration");
  if (value.empty()) return fail(Errc::kInvalid, "missing value in Mattermost field configuration");
  return {};
}

void MattermostAttachment::describe(FieldVisitor& f) {
  f.text("fallback", fallback);
  f.text("color", color);
  f.text("pretext", pretext);
  f.text("text", text);
  f.text("author_name", author_name);
  f.text("author_link", author_link);
  f.text("author_icon", author_icon);
  f.text("title", title);
  f.text("title_link", title_link);
  f.list("fields", fields);
  f.text("thumb_url", thumb_url);
  f.text("footer", footer);
  f.text("footer_icon", footer_icon);
  f.text("image_url", image_url);
}

void MattermostProps::describe(FieldVisitor& f) {
  f.text("card", card);
}

void MattermostPriority::describe(FieldVisitor& f) {
  f.text("priority", priority);
  f.flag("requested_ack", requested_ack);
  f.flag("persistent_notifications", persistent_notifications);
}

MattermostConfig::MattermostConfig() {
  own.color = R"({{ template "mattermost.default.color" . }})";
  own.text = R"({{ template "mattermost.default.text" . }})";
  own.title = R"({{ template "mattermost.default.title" . }})";
  own.title_link = R"({{ template "mattermost.default.titlelink" . }})";
  own.fallback = R"({{ template "mattermost.default.fallback" . }})";
}

void MattermostConfig::describe(FieldVisitor& f) {
  f.secret_url("webhook_url", webhook_url);
  f.file("webhook_url_file", webhook_url_file);
  f.text("channel", channel);
  f.text("username", username);
  own.describe(f);
  f.text("icon_url", icon_url);
  f.text("icon_emoji", icon_emoji);
  f.list("attachments", attachments);
  f.text("type", type);
  f.map("props", props);
  f.map("priority", priority);
}

Result<void> MattermostConfig::complete(const AlertmanagerGlobal& global) {
  TOCSIN_OK(at_most_one("webhook_url", webhook_url, webhook_url_file));
  fall_back(webhook_url, webhook_url_file, global.mattermost_webhook_url, global.mattermost_webhook_url_file);
  if (!webhook_url.empty() || !webhook_url_file.empty()) return {};
  return fail(Errc::kInvalid, "missing webhook_url or webhook_url_file on mattermost_config");
}

}  // namespace tocsin::config
