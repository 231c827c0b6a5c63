#pragma once
// slack_configs. Source: Alertmanager config/notifiers.go (SlackConfig).

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct SlackField {
  static constexpr std::string_view kType = "config.SlackField";
  std::string title, value;
  std::optional<bool> is_short;  // none: short_fields

  void describe(FieldVisitor& fields);
  Result<void> complete();
};

struct SlackConfirm {
  static constexpr std::string_view kType = "config.SlackConfirmationField";
  std::string text, title, ok_text, dismiss_text;

  void describe(FieldVisitor& fields);
  Result<void> complete();
};

/// Either `url` or `name` is set; with url the name, value and confirm are gone.
struct SlackAction {
  static constexpr std::string_view kType = "config.SlackAction";
  std::string type, text, url, style, name, value;
  std::optional<SlackConfirm> confirm;

  void describe(FieldVisitor& fields);
  Result<void> complete();
};

struct SlackConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "slack";
  static constexpr std::string_view kType = "config.SlackConfig";
  SlackConfig() { send_resolved = false; }
  // Where to: an app token (then to app_url, with `Authorization: Bearer`), else api_url, else the file's content. With
  // a token, api_url and api_url_file are empty.
  Secret api_url;
  std::string api_url_file;
  Secret app_token;
  std::string app_token_file;
  std::string app_url;
  std::string channel;
  std::string username = R"({{ template "slack.default.username" . }})";
  std::string color = R"({{ template "slack.default.color" . }})";
  std::string title = R"({{ template "slack.default.title" . }})";
  std::string title_link = R"({{ template "slack.default.titlelink" . }})";
  std::string pretext = R"({{ template "slack.default.pretext" . }})";
  std::string text = R"({{ template "slack.default.text" . }})";
  std::string message_text;
  std::vector<SlackField> fields;
  bool short_fields = false;
  std::string footer = R"({{ template "slack.default.footer" . }})";
  std::string fallback = R"({{ template "slack.default.fallback" . }})";
  std::string callback_id = R"({{ template "slack.default.callbackid" . }})";
  std::string icon_emoji = R"({{ template "slack.default.iconemoji" . }})";
  std::string icon_url = R"({{ template "slack.default.iconurl" . }})";
  std::string image_url, thumb_url;
  bool link_names = false;
  std::vector<std::string> mrkdwn_in;  // empty: fallback, pretext, text
  std::vector<SlackAction> actions;
  bool update_message = false;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
