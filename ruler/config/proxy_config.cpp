#include "config/http_client_parts.hpp"
#include "config/values.hpp"

// Source of rules and words: prometheus/common config/http_config.go, ProxyConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

Result<void> read_connect_header(const Node& node, ProxyConfig& out) {
  if (!node.is_map()) return node.wrong_type("config.ProxyHeader");
  for (const Node::Entry& entry : node.entries()) {
    std::vector<Secret> values;
    if (!entry.value.is_null()) {
      TOCSIN_TRY(std::vector<std::string> texts, entry.value.as_strings());
      for (std::string& text : texts) values.emplace_back(std::move(text));
    }
    out.connect_header.emplace_back(entry.key.text(), std::move(values));
  }
  return {};
}

}  // namespace

Result<void> read_proxy_fields(Fields& fields, ProxyConfig& out) {
  const Node node = fields.node();
  fields.child("proxy_url", [&](const Node& n) -> Result<void> {
    TOCSIN_OK(read_go_url(n));
    out.proxy_url = Secret(n.text());
    return {};
  });
  fields.read("no_proxy", out.no_proxy).read("proxy_from_environment", out.from_environment);
  fields.child("proxy_connect_header", [&](const Node& n) { return read_connect_header(n, out); });

  const bool has_url = has_text(node, "proxy_url");
  const bool from_environment = node["proxy_from_environment"].as_bool().value_or(false);
  if (node["proxy_connect_header"].size() > 0 && !has_url && !from_environment) {
    return node["proxy_connect_header"].error(
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
  }
  if (from_environment && has_url) {
    return node["proxy_url"].error("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (from_environment && has_text(node, "no_proxy")) {
    return node["no_proxy"].error("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (node["proxy_url"].is_null() && has_text(node, "no_proxy")) {
    return node["no_proxy"].error("if no_proxy is configured, proxy_url must also be configured");
  }
  return {};
}

}  // namespace tocsin::config
