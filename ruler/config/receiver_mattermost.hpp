#pragma once
// mattermost_configs. Source: Alertmanager notify/mattermost/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct MattermostField {
  static constexpr std::string_view kType = "config.MattermostField";
  std::string title, value;
  std::optional<bool> is_short;
  void describe(FieldVisitor& fields);
  Result<void> complete();
};

struct MattermostAttachment {
  static constexpr std::string_view kType = "config.MattermostAttachment";
  std::string fallback, color, pretext, text, author_name, author_link, author_icon, title, title_link;
  std::vector<MattermostField> fields;
  std::string thumb_url, footer, footer_icon, image_url;
  void describe(FieldVisitor& fields);
};

/// `card` is the only property that has an effect.
struct MattermostProps {
  static constexpr std::string_view kType = "config.MattermostProps";
  std::string card;
  void describe(FieldVisitor& fields);
};

struct MattermostPriority {
  static constexpr std::string_view kType = "config.MattermostPriority";
  std::string priority;  // urgent, important, standard
  bool requested_ack = false, persistent_notifications = false;
  void describe(FieldVisitor& fields);
};

struct MattermostConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "mattermost";
  static constexpr std::string_view kType = "config.MattermostConfig";
  MattermostConfig();
  Secret webhook_url;
  std::string webhook_url_file;
  std::string channel;
  std::string username = R"({{ template "mattermost.default.username" . }})";
  /// What the message shows if `attachments` is empty: its keys stand beside those here.
  MattermostAttachment own;
  std::string icon_url, icon_emoji;
  std::vector<MattermostAttachment> attachments;
  std::string type;
  std::optional<MattermostProps> props;
  std::optional<MattermostPriority> priority;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
