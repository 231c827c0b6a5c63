#pragma once
// msteams_configs (MessageCard) and msteamsv2_configs (Adaptive Card). Source: Alertmanager notify/msteams/config.go,
// notify/msteamsv2/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct MsteamsConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "msteams";
  static constexpr std::string_view kType = "config.MSTeamsConfig";
  Secret webhook_url;
  std::string webhook_url_file;
  std::string title = R"({{ template "msteams.default.title" . }})";
  std::string summary = R"({{ template "msteams.default.summary" . }})";
  std::string text = R"({{ template "msteams.default.text" . }})";

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

struct Msteamsv2Config : HttpNotifierConfig {
  static constexpr std::string_view kKind = "msteamsv2";
  static constexpr std::string_view kType = "config.MSTeamsV2Config";
  Secret webhook_url;
  std::string webhook_url_file;
  std::string title = R"({{ template "msteamsv2.default.title" . }})";
  std::string text = R"({{ template "msteamsv2.default.text" . }})";

  void describe(FieldVisitor& fields);
  /// An http_config without a proxy_url has the global one.
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
