#include "base/strings.hpp"
#include "config/other_sections.hpp"
#include "config/values.hpp"

// Source of rules and words: Prometheus config/config.go, TracingConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

Result<void> check_headers(const Node& node) {
  TOCSIN_OK(read_text_map(node));
  for (const Node::Entry& entry : node.entries()) {
    const std::string name = to_lower(entry.key.text());
    if (name == "authorization") {
      return entry.key.error("custom authorization header configuration is not yet supported");
    }
    if (is_reserved_header(name)) {
      return entry.key.error("{} is a reserved header. It must not be changed", entry.key.text());
    }
  }
  return {};
}

Result<void> check_client_type(const Node& node) {
  TOCSIN_TRY(const std::string type, node.as_string());
  if (type == "http" || type == "grpc") return {};
  return node.error("expected tracing client type to be to be http or grpc, but got {}", type);
}

}  // namespace

Result<void> check_tracing(const Node& node) {
  Fields fields(node, "config.plain");
  std::string endpoint;
  std::string compression;
  double fraction = 0;
  bool insecure = false;
  Duration timeout{0};
  fields.child("client_type", check_client_type).read("endpoint", endpoint).read("sampling_fraction", fraction);
  fields.read("insecure", insecure).read("compression", compression).read("timeout", timeout);
  fields.child("tls_config", [](const Node& n) -> Result<void> {
    TOCSIN_OK(read_tls_config(n));
    return {};
  });
  fields.child("headers", check_headers);
  TOCSIN_OK(fields.finish());
  if (endpoint.empty()) return node.error("tracing endpoint must be set");
  if (compression.empty() || compression == "gzip") return {};
  return node["compression"].error("invalid compression type {} provided, valid options: gzip", compression);
}

}  // namespace tocsin::config
