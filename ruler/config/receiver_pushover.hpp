#pragma once
// pushover_configs. Source: Alertmanager notify/pushover/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct PushoverConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "pushover";
  static constexpr std::string_view kType = "config.PushoverConfig";
  Secret user_key;  // a template, as the file's content; so is the token
  std::string user_key_file;
  Secret token;
  std::string token_file;
  std::string title = R"({{ template "pushover.default.title" . }})";
  std::string message = R"({{ template "pushover.default.message" . }})";
  std::string url = R"({{ template "pushover.default.url" . }})";
  std::string url_title, device, sound;
  std::string priority = R"({{ if eq .Status "firing" }}2{{ else }}0{{ end }})";  // emergency, normal
  Duration retry = std::chrono::minutes(1);
  Duration expire = std::chrono::hours(1);
  Duration ttl{0};
  bool html = false, monospace = false;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
