#include <algorithm>
#include <iterator>

#include "config/http_client_parts.hpp"
#include "config/values.hpp"

// Source of rules and words: prometheus/common config/http_config.go, TLSConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::string_view kVersions[] = {"TLS10", "TLS11", "TLS12", "TLS13"};

/// The place in kVersions; -1 for none.
std::ptrdiff_t rank(std::string_view version) {
  const auto* const found = std::find(std::begin(kVersions), std::end(kVersions), version);
  return found == std::end(kVersions) ? -1 : found - std::begin(kVersions);
}

Result<void> read_version(const Node& node, std::string& out) {
  TOCSIN_TRY(out, node.as_string());
  if (rank(out) < 0) return node.error("unknown TLS version: {}", out);
  return {};
}

Result<void> check(const Node& node, const TlsConfig& config) {
  if (count_texts(node, {"ca", "ca_file", "ca_ref"}) > 1) {
    return node.error("at most one of ca, ca_file & ca_ref must be configured");
  }
  const int certs = count_texts(node, {"cert", "cert_file", "cert_ref"});
  if (certs > 1) return node.error("at most one of cert, cert_file & cert_ref must be configured");
  const int keys = count_texts(node, {"key", "key_file", "key_ref"});
  if (keys > 1) return node.error("at most one of key and key_file must be configured");
  if (certs > 0 && keys == 0) {
    return node.error("exactly one of key or key_file must be configured when a client certificate is configured");
  }
  if (keys > 0 && certs == 0) {
    return node.error("exactly one of cert or cert_file must be configured when a client key is configured");
  }
  // Prometheus says this when it makes the client, and goes on without it.
  if (!config.min_version.empty() && !config.max_version.empty() &&
      rank(config.max_version) < rank(config.min_version)) {
    return node["max_version"].error(
        "tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified");
  }
  return {};
}

}  // namespace

Result<TlsConfig> read_tls_config(const Node& node, std::string& secret_ref) {
  TlsConfig config;
  Fields fields(node, "config.plain");
  fields.read("ca", config.ca).read("ca_file", config.ca_file);
  fields.read("cert", config.cert).read("cert_file", config.cert_file);
  fields.read("key", config.key).read("key_file", config.key_file);
  for (const std::string_view key : {"ca_ref", "cert_ref", "key_ref"}) take_secret_ref(fields, key, secret_ref);
  fields.read("server_name", config.server_name).read("insecure_skip_verify", config.insecure_skip_verify);
  fields.child("min_version", [&](const Node& n) { return read_version(n, config.min_version); });
  fields.child("max_version", [&](const Node& n) { return read_version(n, config.max_version); });
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(check(node, config));
  for (std::string* const file : {&config.ca_file, &config.cert_file, &config.key_file}) {
    *file = node.beside(*file);
  }
  return config;
}

Result<TlsConfig> read_tls_config(const Node& node) {
  std::string secret_ref;
  TOCSIN_TRY(TlsConfig config, read_tls_config(node, secret_ref));
  if (!secret_ref.empty()) return node[secret_ref].error("cannot use secret ref without manager");
  return config;
}

}  // namespace tocsin::config
