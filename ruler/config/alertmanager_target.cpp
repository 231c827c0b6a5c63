#include "config/cloud_auth.hpp"
#include "config/scrape_config.hpp"

// Source of rules and words: Prometheus config/config.go, AlertmanagerConfig.

namespace tocsin::config {

using yaml::Fields;
using yaml::Node;

Result<AlertmanagerTarget> parse_alertmanager_target(const Node& node, bool legacy_names,
                                                     std::vector<std::string>& warnings) {
  AlertmanagerTarget target;
  if (node.is_null()) return target;
  Fields fields(node, "config.AlertmanagerConfig");
  fields.read("scheme", target.scheme).read("path_prefix", target.path_prefix).read("timeout", target.timeout);
  fields.child("api_version", [](const Node& n) -> Result<void> {
    TOCSIN_TRY(const std::string version, n.as_string());
    if (version == "v2") return {};
    return n.error("expected Alertmanager api version to be one of [v2] but got {}", version);
  });
  fields.child("sigv4", check_sigv4);
  TOCSIN_OK(read_http_client_fields(fields, target.http, warnings));
  read_discovery(fields, target.discovery, warnings);
  read_relabel_configs(fields, "relabel_configs", "empty or null Alertmanager target relabeling rule",
                       target.relabel_configs);
  read_relabel_configs(fields, "alert_relabel_configs", "empty or null Alertmanager alert relabeling rule",
                       target.alert_relabel_configs);
  fields.unsupported({"sigv4"}, warnings);
  TOCSIN_OK(fields.finish());

  const bool authorized = target.http.has_basic_auth || target.http.has_authorization || target.http.oauth2;
  if (authorized && fields.has("sigv4")) {
    return node.error("at most one of basic_auth, authorization, oauth2, & sigv4 must be configured");
  }
  if (target.relabel_configs.empty()) TOCSIN_OK(check_static_targets(node));
  if (!legacy_names) return target;
  TOCSIN_OK(use_legacy_names(node, "relabel_configs", target.relabel_configs));
  TOCSIN_OK(use_legacy_names(node, "alert_relabel_configs", target.alert_relabel_configs));
  return target;
}

}  // namespace tocsin::config
