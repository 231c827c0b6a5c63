#pragma once
// victorops_configs. Source: Alertmanager config/notifiers.go (VictorOpsConfig).

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct VictoropsConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "victorops";
  static constexpr std::string_view kType = "config.VictorOpsConfig";
  Secret api_key;  // not a template
  std::string api_key_file;
  std::string api_url;  // ends with '/'
  std::string routing_key;
  std::string message_type = "CRITICAL";
  std::string state_message = R"({{ template "victorops.default.state_message" . }})";
  std::string entity_display_name = R"({{ template "victorops.default.entity_display_name" . }})";
  std::string monitoring_tool = R"({{ template "victorops.default.monitoring_tool" . }})";
  TextMap custom_fields;  // keys are not templates

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
