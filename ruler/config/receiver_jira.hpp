#pragma once
// jira_configs. Source: Alertmanager notify/jira/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

/// A text, or a map that also says whether an update writes it again.
struct JiraField {
  static constexpr std::string_view kType = "config.JiraFieldConfig";
  static constexpr std::string_view kScalarKey = "template";
  std::string text;                   // key: template
  std::optional<bool> enable_update;  // none: true

  bool updates() const { return enable_update.value_or(true); }
  void describe(FieldVisitor& fields);
};

struct JiraConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "jira";
  static constexpr std::string_view kType = "config.JiraConfig";
  std::string api_url;
  std::string api_type = "auto";  // cloud, datacenter
  std::string project;
  JiraField summary = {R"({{ template "jira.default.summary" . }})", {}};
  JiraField description = {R"({{ template "jira.default.description" . }})", {}};
  std::vector<std::string> labels;
  std::string priority = R"({{ template "jira.default.priority" . }})";
  std::string issue_type;
  std::string reopen_transition, resolve_transition, wont_fix_resolution;  // not templates
  Duration reopen_duration{0};
  TreeMap fields;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
