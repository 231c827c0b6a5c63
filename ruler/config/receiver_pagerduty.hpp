#pragma once
// pagerduty_configs. Source: Alertmanager notify/pagerduty/config.go.

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct PagerdutyImage {
  static constexpr std::string_view kType = "config.PagerdutyImage";
  std::string src, alt, href;
  void describe(FieldVisitor& fields);
};

struct PagerdutyLink {
  static constexpr std::string_view kType = "config.PagerdutyLink";
  std::string href, text;
  void describe(FieldVisitor& fields);
};

struct PagerdutyConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "pagerduty";
  static constexpr std::string_view kType = "config.PagerdutyConfig";
  // Routing (Events v2) or service key (Events v1), inline or from a file.
  Secret service_key;
  std::string service_key_file;
  Secret routing_key;
  std::string routing_key_file;
  std::string url;  // the integration's or the global one
  std::string client = R"({{ template "pagerduty.default.client" . }})";
  std::string client_url = R"({{ template "pagerduty.default.clientURL" . }})";
  std::string description = R"({{ template "pagerduty.default.description" .}})";
  /// User's details with the defaults (firing, resolved, num_firing, num_resolved) added where absent; sorted by key.
  TreeMap details;
  std::vector<PagerdutyImage> images;
  std::vector<PagerdutyLink> links;
  std::string source;  // default: client
  std::string severity, clazz, component, group;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
