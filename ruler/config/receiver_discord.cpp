#include "config/receiver_discord.hpp"

namespace tocsin::config {

void DiscordConfig::describe(FieldVisitor& f) {
  f.secret_url("webhook_url", webhook_url);
  f.file("webhook_url_file", webhook_url_file);
  f.text("content", content);
  f.text("title", title);
  f.text("message", message);
  f.plain("username", username);
  f.plain("avatar_url", avatar_url);
}

Result<void> DiscordConfig::complete(const AlertmanagerGlobal&) {
  return exactly_one("webhook_url", webhook_url, webhook_url_file);
}

}  // namespace tocsin::config
