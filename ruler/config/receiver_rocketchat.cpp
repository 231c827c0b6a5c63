#include "config/receiver_rocketchat.hpp"

#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void RocketchatField::describe(FieldVisitor& f) {
  f.flag("short", is_short);
  f.text("title", title);
  f.text("value", value);
}

void RocketchatAction::describe(FieldVisitor& f) {
  f.plain("type", type);
  f.text("text", text);
  f.text("url", url);
  f.plain("imageurl", image_url);
  f.flag("iswebview", is_webview);
  f.plain("webviewheightratio", webview_height_ratio);
  f.text("msg", msg);
  f.flag("msginchatwindow", msg_in_chat_window);
  f.plain("msgprocessingtype", msg_processing_type);
}

void RocketchatConfig::describe(FieldVisitor& f) {
  f.url("api_url", api_url);
  f.secret("token_id", token_id);
  f.file("token_id_file", token_id_file);
  f.secret("token", token);
  f.file("token_file", token_file);
  f.text("channel", channel);
  f.text("color", color);
  f.text("title", title);
  f.text("title_link", title_link);
  f.text("text", text);
  f.list("fields", fields);
  f.flag("short_fields", short_fields);
  f.text("emoji", emoji);
  f.text("icon_url", icon_url);
  f.text("image_url", image_url);
  f.text("thumb_url", thumb_url);
  f.flag("link_names", link_names);
  f.list("actions", actions);
}

Result<void> RocketchatConfig::complete(const AlertmanagerGlobal& global) {
  TOCSIN_OK(at_most_one("token", token, token_file));
  TOCSIN_OK(at_most_one("token_id", token_id, token_id_file));
  if (api_url.empty()) api_url = global.rocketchat_api_url;
  fall_back(token_id, token_id_file, global.rocketchat_token_id, global.rocketchat_token_id_file);
  if (token_id.empty() && token_id_file.empty()) {
    return fail(Errc::kInvalid, "no global Rocketchat TokenID set either inline or in a file");
  }
  fall_back(token, token_file, global.rocketchat_token, global.rocketchat_token_file);
  if (!token.empty() || !token_file.empty()) return {};
  return fail(Errc::kInvalid, "no global Rocketchat Token set either inline or in a file");
}

}  // namespace tocsin::config
