#include <boost/json.hpp>

#include "config/http_client_parts.hpp"
#include "config/values.hpp"

// Source of rules and words: prometheus/common config/http_config.go, OAuth2.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What Go's YAML makes of the value, as JSON. The depth is bounded by the parser of YAML.
boost::json::value to_json(const Node& node) {
  if (node.is_map()) {
    boost::json::object object;
    for (const Node::Entry& entry : node.entries()) object[entry.key.text()] = to_json(entry.value);
    return object;
  }
  if (node.is_sequence()) {
    boost::json::array array;
    for (const Node& element : node.elements()) array.push_back(to_json(element));
    return array;
  }
  if (node.is_null()) return nullptr;
  if (const auto truth = node.as_bool()) return *truth;
  if (const auto integer = node.as_int()) return *integer;
  if (const auto number = node.as_double()) return *number;
  return boost::json::value(node.text());
}

Result<void> read_claims(const Node& node, OAuth2Config& out) {
  if (!node.is_map()) return node.wrong_type("map[string]interface {}");
  for (const Node::Entry& entry : node.entries()) {
    out.claims.emplace_back(entry.key.text(), boost::json::serialize(to_json(entry.value)));
  }
  return {};
}

}  // namespace

Result<OAuth2Config> read_oauth2(const Node& node, std::string& secret_ref) {
  OAuth2Config config;
  Fields fields(node, "config.plain");
  fields.read("client_id", config.client_id).read("client_secret", config.client_secret);
  fields.read("client_secret_file", config.client_secret_file).read("grant_type", config.grant_type);
  fields.read("client_certificate_key_id", config.client_certificate_key_id);
  fields.read("client_certificate_key", config.client_certificate_key);
  fields.read("client_certificate_key_file", config.client_certificate_key_file);
  fields.read("signature_algorithm", config.signature_algorithm);
  fields.read("iss", config.issuer).read("audience", config.audience);
  fields.child("claims", [&](const Node& n) { return read_claims(n, config); });
  fields.read("scopes", config.scopes).read("token_url", config.token_url);
  fields.child("endpoint_params", [&](const Node& n) -> Result<void> {
    TOCSIN_TRY(config.endpoint_params, read_text_map(n));
    return {};
  });
  take_secret_ref(fields, "client_secret_ref", secret_ref);
  take_secret_ref(fields, "client_certificate_key_ref", secret_ref);
  fields.child("tls_config", [&](const Node& n) -> Result<void> {
    TOCSIN_TRY(config.tls, read_tls_config(n, secret_ref));
    return {};
  });
  auto proxy = read_proxy_fields(fields, config.proxy);
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(std::move(proxy));
  config.client_secret_file = node.beside(config.client_secret_file);
  config.client_certificate_key_file = node.beside(config.client_certificate_key_file);
  return config;
}

Result<void> check_oauth2(const Node& node) {
  if (!has_text(node, "client_id")) return node.error("oauth2 client_id must be configured");
  if (!has_text(node, "token_url")) return node.error("oauth2 token_url must be configured");
  if (node["grant_type"].text() != kJwtBearer) {
    if (count_texts(node, {"client_secret", "client_secret_file", "client_secret_ref"}) > 1) {
      return node.error(
          "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using "
          "grant-type=client_credentials");
    }
    return {};
  }
  if (count_texts(node, {"client_certificate_key", "client_certificate_key_file", "client_certificate_key_ref"}) > 1) {
    return node.error(
        "at most one of oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref must "
        "be configured using grant-type={}",
        kJwtBearer);
  }
  const std::string& algorithm = node["signature_algorithm"].text();
  if (!algorithm.empty() && algorithm != "RS256" && algorithm != "RS384" && algorithm != "RS512") {
    return node["signature_algorithm"].error("valid signature algorithms are RS256, RS384 and RS512");
  }
  return {};
}

}  // namespace tocsin::config
