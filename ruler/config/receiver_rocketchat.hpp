#pragma once
// rocketchat_configs. Source: Alertmanager notify/rocketchat/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct RocketchatField {
  static constexpr std::string_view kType = "config.RocketchatAttachmentField";
  std::optional<bool> is_short;  // none: short_fields
  std::string title, value;
  void describe(FieldVisitor& fields);
};

/// Always a button. The keys are the Go names of the fields in lower case, as yaml.v2 makes them.
struct RocketchatAction {
  static constexpr std::string_view kType = "config.RocketchatAttachmentAction";
  std::string type, text, url, image_url, webview_height_ratio, msg, msg_processing_type;
  bool is_webview = false, msg_in_chat_window = false;
  void describe(FieldVisitor& fields);
};

struct RocketchatConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "rocketchat";
  static constexpr std::string_view kType = "config.RocketchatConfig";
  RocketchatConfig() { send_resolved = false; }
  std::string api_url;
  Secret token_id;  // not a template; nor is the token
  std::string token_id_file;
  Secret token;
  std::string token_file;
  std::string channel;
  std::string color = R"({{ if eq .Status "firing" }}red{{ else }}green{{ end }})";
  std::string title = R"({{ template "rocketchat.default.title" . }})";
  std::string title_link = R"({{ template "rocketchat.default.titlelink" . }})";
  std::string text = R"({{ template "rocketchat.default.text" . }})";
  std::vector<RocketchatField> fields;
  bool short_fields = false;
  std::string emoji = R"({{ template "rocketchat.default.emoji" . }})";
  std::string icon_url = R"({{ template "rocketchat.default.iconurl" . }})";
  std::string image_url, thumb_url;
  bool link_names = false;  // accepted; Alertmanager sends it nowhere
  std::vector<RocketchatAction> actions;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
