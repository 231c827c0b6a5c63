#include <algorithm>
#include <array>
#include <set>

#include "base/strings.hpp"
#include "config/discovery_config.hpp"
#include "config/go_url.hpp"
#include "config/kubernetes_selector.hpp"

// Source of rules and words: Prometheus discovery/kubernetes/kubernetes.go, SDConfig.UnmarshalYAML.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// The kinds of which a role takes selectors.
std::vector<std::string_view> selectable(std::string_view role) {
  if (role == "pod") return {"pod", "node"};
  if (role == "endpoints" || role == "endpointslice") return {"pod", "service", role};
  return {role};
}

Result<std::string> read_role(const Node& node) {
  static constexpr std::array<std::string_view, 6> kRoles = {"node",      "pod",           "service",
                                                             "endpoints", "endpointslice", "ingress"};
  TOCSIN_TRY(std::string role, node.as_string());
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
    return node.error("unknown Kubernetes SD role {}", go_quote(role));
  }
  return role;
}

Result<void> read_namespaces(const Node& node, KubernetesSdConfig& out) {
  Fields fields(node, "kubernetes.plain");
  fields.read("own_namespace", out.own_namespace).read("names", out.namespaces);
  return fields.finish();
}

Result<void> read_attach_metadata(const Node& node, KubernetesSdConfig& out) {
  Fields fields(node, "kubernetes.AttachMetadataConfig");
  fields.read("node", out.attach_node).read("namespace", out.attach_namespace);
  fields.read("deployment", out.attach_deployment).read("job", out.attach_job).read("cronjob", out.attach_cronjob);
  return fields.finish();
}

Result<void> read_selector(const Node& node, KubernetesSdConfig& out) {
  KubernetesSdConfig::Selector selector;
  if (!node.is_null()) {
    Fields fields(node, "kubernetes.SelectorConfig");
    fields.child("role", [&](const Node& n) -> Result<void> {
      TOCSIN_TRY(selector.role, read_role(n));
      return {};
    });
    fields.read("label", selector.label).read("field", selector.field);
    TOCSIN_OK(fields.finish());
  }
  out.selectors.push_back(std::move(selector));
  return {};
}

Result<void> check_selectors(const Node& node, const KubernetesSdConfig& config) {
  std::set<std::string_view> seen;
  const auto allowed = selectable(config.role);
  for (std::size_t i = 0; i < config.selectors.size(); ++i) {
    const auto& selector = config.selectors[i];
    const Node place = node["selectors"].at(i);
    if (!seen.insert(selector.role).second) return place.error("duplicated selector role: {}", selector.role);
    if (std::find(allowed.begin(), allowed.end(), selector.role) == allowed.end()) {
      return place.error("{} role supports only {} selectors", config.role, fmt::join(allowed, ", "));
    }
    if (const auto checked = check_field_selector(selector.field); !checked) {
      return place["field"].error("{}", checked.error().message);
    }
    if (const auto checked = check_label_selector(selector.label); !checked) {
      return place["label"].error("{}", checked.error().message);
    }
  }
  return {};
}

/// What excludes what.
Result<void> check_access(const Node& node, const KubernetesSdConfig& config) {
  const bool has_server = !config.api_server.empty();
  const bool has_kubeconfig = !config.kubeconfig_file.empty();
  const bool has_http = config.http != HttpClientConfig();
  if (has_server && has_kubeconfig) {
    return node["kubeconfig_file"].error("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  }
  if (has_kubeconfig && has_http) {
    return node.error("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  }
  if (!has_server && has_http) {
    return node.error("to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
  }
  if (has_server && config.own_namespace) {
    return node["namespaces"].error("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
  }
  if (has_kubeconfig && config.own_namespace) {
    return node["namespaces"].error("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
  }
  return {};
}

}  // namespace

Result<KubernetesSdConfig> read_kubernetes_sd_config(const Node& node, std::vector<std::string>& warnings) {
  KubernetesSdConfig config;
  Fields fields(node, "kubernetes.plain");
  fields.child("role", [&](const Node& n) -> Result<void> {
    TOCSIN_TRY(config.role, read_role(n));
    return {};
  });
  fields.child("api_server", [&](const Node& n) -> Result<void> {
    TOCSIN_TRY(config.api_server, n.as_string());
    if (const auto url = parse_go_url(config.api_server); !url) return n.error("{}", url.error().message);
    return {};
  });
  fields.read("kubeconfig_file", config.kubeconfig_file);
  fields.child("namespaces", [&](const Node& n) { return read_namespaces(n, config); });
  fields.child("attach_metadata", [&](const Node& n) { return read_attach_metadata(n, config); });
  fields.each("selectors", [&](const Node& n) { return read_selector(n, config); });
  if (!config.kubeconfig_file.empty()) config.kubeconfig_file = node.beside(config.kubeconfig_file);
  if (node["role"].is_null()) {
    return node.error("role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
  }
  TOCSIN_OK(read_http_client_fields(fields, config.http, warnings));
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(check_access(node, config));
  TOCSIN_OK(check_selectors(node, config));
  return config;
}

}  // namespace tocsin::config
