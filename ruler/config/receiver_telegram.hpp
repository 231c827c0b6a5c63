#pragma once
// telegram_configs. Source: Alertmanager notify/telegram/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct TelegramConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "telegram";
  static constexpr std::string_view kType = "config.TelegramConfig";
  std::string api_url;
  Secret bot_token;  // not a template
  std::string bot_token_file;
  std::int64_t chat_id = 0;  // 0: from the file
  std::string chat_id_file;
  std::int64_t message_thread_id = 0;  // 0: none
  std::string message = R"({{ template "telegram.default.message" . }})";
  bool disable_notifications = false;
  std::string parse_mode = "HTML";  // HTML, Markdown, MarkdownV2 or "" for plain text

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
