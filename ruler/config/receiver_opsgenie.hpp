#pragma once
// opsgenie_configs. Source: Alertmanager notify/opsgenie/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct OpsgenieResponder {
  static constexpr std::string_view kType = "config.OpsGenieConfigResponder";
  std::string id, name, username;  // one of them
  std::string type;                // team, teams, user, escalation, schedule

  void describe(FieldVisitor& fields);
  Result<void> complete();
};

struct OpsgenieConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "opsgenie";
  static constexpr std::string_view kType = "config.OpsGenieConfig";
  Secret api_key;  // a template, as the file's content
  std::string api_key_file;
  std::string api_url;  // ends with '/'
  std::string message = R"({{ template "opsgenie.default.message" . }})";
  std::string description = R"({{ template "opsgenie.default.description" . }})";
  std::string source = R"({{ template "opsgenie.default.source" . }})";
  TextMap details;
  std::string entity;
  std::vector<OpsgenieResponder> responders;
  std::string actions, tags;  // separated by commas
  std::string note, priority;
  bool update_alerts = false;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
