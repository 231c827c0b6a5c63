#pragma once
// incidentio_configs. Source: Alertmanager notify/incidentio/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct IncidentioConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "incidentio";
  static constexpr std::string_view kType = "config.IncidentioConfig";
  std::string url, url_file;
  Secret alert_source_token;  // not a template
  std::string alert_source_token_file;
  std::uint64_t max_alerts = 0;  // 0: all

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
