#pragma once
// webhook_configs. Source: Alertmanager notify/webhook/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct WebhookConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "webhook";
  static constexpr std::string_view kType = "config.WebhookConfig";
  Secret url;
  std::string url_file;
  std::uint64_t max_alerts = 0;  // 0: all
  std::optional<ValueTree> payload;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
