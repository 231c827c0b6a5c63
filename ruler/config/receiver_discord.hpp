#pragma once
// discord_configs. Source: Alertmanager notify/discord/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct DiscordConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "discord";
  static constexpr std::string_view kType = "config.DiscordConfig";
  Secret webhook_url;
  std::string webhook_url_file;
  std::string content;
  std::string title = R"({{ template "discord.default.title" . }})";
  std::string message = R"({{ template "discord.default.message" . }})";
  std::string username, avatar_url;  // not templates

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
