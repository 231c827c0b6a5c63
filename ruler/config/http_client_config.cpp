#include "config/http_client_config.hpp"

#include "base/strings.hpp"

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// At most one of the keys, else an error that is Prometheus'.
Result<void> at_most_one(const Fields& fields, std::initializer_list<std::string_view> keys, std::string_view message) {
  int present = 0;
  for (const std::string_view key : keys) present += fields.has(key) ? 1 : 0;
  if (present > 1) return fields.node().error("{}", message);
  return {};
}

Result<void> read_basic_auth(const Node& node, HttpClientConfig& out, std::vector<std::string>& warnings) {
  Fields fields(node, "config.BasicAuth");
  fields.read("username", out.username).read("password", out.password);
  fields.unsupported({"username_file", "username_ref", "password_file", "password_ref"}, warnings);
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(at_most_one(fields, {"username", "username_file", "username_ref"},
                        "at most one of basic_auth username, username_file & username_ref must be configured"));
  return at_most_one(fields, {"password", "password_file", "password_ref"},
                     "at most one of basic_auth password, password_file & password_ref must be configured");
}

Result<void> read_authorization(const Node& node, HttpClientConfig& out, std::vector<std::string>& warnings) {
  Fields fields(node, "config.Authorization");
  std::string type;
  fields.read("type", type).read("credentials", out.authorization_credentials);
  fields.unsupported({"credentials_file", "credentials_ref"}, warnings);
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(at_most_one(fields, {"credentials", "credentials_file", "credentials_ref"},
                        "at most one of authorization credentials & credentials_file must be configured"));
  if (const std::string_view trimmed = trim(type); !trimmed.empty()) out.authorization_type = trimmed;
  if (equal_ignoring_case(out.authorization_type, "basic")) {
    return node["type"].error("authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
  }
  return {};
}

Result<void> check_credentials(const Fields& fields) {
  TOCSIN_OK(at_most_one(fields, {"bearer_token", "bearer_token_file"},
                        "at most one of bearer_token & bearer_token_file must be configured"));
  const bool bearer = fields.has("bearer_token") || fields.has("bearer_token_file");
  if (bearer && (fields.has("basic_auth") || fields.has("oauth2"))) {
    return fields.node().error(
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  if (bearer && fields.has("authorization")) {
    return fields.node().error("authorization is not compatible with bearer_token & bearer_token_file");
  }
  return at_most_one(fields, {"basic_auth", "oauth2", "authorization"},
                     "at most one of basic_auth, oauth2 & authorization must be configured");
}

/// Whether the text of an unsupported boolean key says true.
bool is_true(const Node& node) {
  return node.as_bool().value_or(false);
}

Result<void> check_proxy(const Fields& fields) {
  const Node& node = fields.node();
  const bool from_environment = is_true(node["proxy_from_environment"]);
  if (from_environment && fields.has("proxy_url")) {
    return node.error("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (from_environment && fields.has("no_proxy")) {
    return node.error("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (fields.has("no_proxy") && !fields.has("proxy_url")) {
    return node.error("if no_proxy is configured, proxy_url must also be configured");
  }
  if (fields.has("proxy_connect_header") && !fields.has("proxy_url") && !from_environment) {
    return node.error(
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
  }
  return {};
}

}  // namespace

Result<void> read_http_client_fields(Fields& fields, HttpClientConfig& out, std::vector<std::string>& warnings) {
  TOCSIN_OK(check_credentials(fields));
  TOCSIN_OK(check_proxy(fields));
  fields.child("basic_auth", [&](const Node& node) { return read_basic_auth(node, out, warnings); });
  fields.child("authorization", [&](const Node& node) { return read_authorization(node, out, warnings); });
  fields.read("bearer_token", out.authorization_credentials);
  fields.read("follow_redirects", out.follow_redirects);
  fields.unsupported({"bearer_token_file", "oauth2", "tls_config", "enable_http2", "proxy_url", "no_proxy",
                      "proxy_from_environment", "proxy_connect_header", "http_headers"},
                     warnings);
  return {};
}

}  // namespace tocsin::config
