#include <algorithm>

#include "base/strings.hpp"
#include "config/discovery_config.hpp"

// Source of rules and words: Prometheus discovery/consul/consul.go, SDConfig.UnmarshalYAML.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

Result<void> read_node_meta(const Node& node, std::vector<std::pair<std::string, std::string>>& out) {
  if (!node.is_map()) return node.wrong_type("map[string]string");
  for (const Node::Entry& entry : node.entries()) {
    TOCSIN_TRY(std::string value, entry.value.as_string());
    out.emplace_back(entry.key.text(), std::move(value));
  }
  std::sort(out.begin(), out.end());
  return {};
}

/// username and password are an old spelling of basic_auth.
Result<void> settle_credentials(const Fields& fields, ConsulSdConfig& config) {
  const Node& node = fields.node();
  const bool has_user = !config.username.empty() || !config.password.empty();
  if (has_user && fields.has("basic_auth")) {
    return node.error("at most one of consul SD configuration username and password and basic auth can be configured");
  }
  if (!config.token.empty() && (fields.has("authorization") || fields.has("oauth2"))) {
    return node.error("at most one of consul SD token, authorization, or oauth2 can be configured");
  }
  if (!has_user) return {};
  if (fields.has("bearer_token") || fields.has("bearer_token_file")) {
    return node.error("at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  if (fields.has("authorization") || fields.has("oauth2")) {
    return node.error("at most one of basic_auth, oauth2 & authorization must be configured");
  }
  config.http.has_basic_auth = true;
  config.http.username = config.username;
  config.http.password = config.password;
  return {};
}

}  // namespace

Result<ConsulSdConfig> read_consul_sd_config(const Node& node, std::vector<std::string>& warnings) {
  ConsulSdConfig config;
  if (node.is_null()) return config;
  Fields fields(node, "consul.plain");
  fields.read("server", config.server).read("path_prefix", config.path_prefix).read("token", config.token);
  fields.read("datacenter", config.datacenter).read("namespace", config.namespace_);
  fields.read("partition", config.partition).read("tag_separator", config.tag_separator);
  fields.read("scheme", config.scheme).read("username", config.username).read("password", config.password);
  fields.read("allow_stale", config.allow_stale).read("refresh_interval", config.refresh_interval);
  fields.read("services", config.services).read("tags", config.tags);
  fields.read("filter", config.filter).read("health_filter", config.health_filter);
  fields.child("node_meta", [&](const Node& n) { return read_node_meta(n, config.node_meta); });
  TOCSIN_OK(read_http_client_fields(fields, config.http, warnings));
  TOCSIN_OK(fields.finish());
  if (trim(config.server).empty()) {
    return node["server"].error("consul SD configuration requires a server address");
  }
  TOCSIN_OK(settle_credentials(fields, config));
  return config;
}

}  // namespace tocsin::config
