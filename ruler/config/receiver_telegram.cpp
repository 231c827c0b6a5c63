#include "config/receiver_telegram.hpp"

#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void TelegramConfig::describe(FieldVisitor& f) {
  f.url("api_url", api_url);
  f.secret("bot_token", bot_token);
  f.file("bot_token_file", bot_token_file);
  f.integer("chat_id", chat_id);
  f.file("chat_id_file", chat_id_file);
  f.integer("message_thread_id", message_thread_id);
  parse_mode == "HTML" ? f.html_text("message", message) : f.text("message", message);
  f.flag("disable_notifications", disable_notifications);
  f.plain("parse_mode", parse_mode);
}

Result<void> TelegramConfig::complete(const AlertmanagerGlobal& global) {
  TOCSIN_OK(at_most_one("bot_token", bot_token, bot_token_file));
  if (chat_id == 0 && chat_id_file.empty()) {
    return fail(Errc::kInvalid, "missing chat_id or chat_id_file on telegram_config");
  }
  if (chat_id != 0 && !chat_id_file.empty()) {
    return fail(Errc::kInvalid, "at most one of chat_id & chat_id_file must be configured");
  }
  const bool known =
      parse_mode.empty() || parse_mode == "Markdown" || parse_mode == "MarkdownV2" || parse_mode == "HTML";
  if (!known) {
    return fail(Errc::kInvalid,
                "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string");
  }
  if (api_url.empty()) api_url = global.telegram_api_url;
  fall_back(bot_token, bot_token_file, global.telegram_bot_token, global.telegram_bot_token_file);
  if (!bot_token.empty() || !bot_token_file.empty()) return {};
  return fail(Errc::kInvalid, "missing bot_token or bot_token_file on telegram_config");
}

}  // namespace tocsin::config
