#include "config/http_client_config.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "config/http_client_parts.hpp"
#include "config/values.hpp"

// Source of rules and words: prometheus/common config/http_config.go, HTTPClientConfig.Validate, and headers.go.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// Header fields that are ours to set, as HTTP writes them.
constexpr std::string_view kReserved[] = {"Authorization",
                                          "Host",
                                          "Content-Encoding",
                                          "Content-Length",
                                          "Content-Type",
                                          "User-Agent",
                                          "Connection",
                                          "Keep-Alive",
                                          "Proxy-Authenticate",
                                          "Proxy-Authorization",
                                          "Www-Authenticate",
                                          "Accept-Encoding",
                                          "X-Prometheus-Remote-Write-Version",
                                          "X-Prometheus-Remote-Read-Version",
                                          "X-Prometheus-Scrape-Timeout-Seconds",
                                          "X-Amz-Date",
                                          "X-Amz-Security-Token",
                                          "X-Amz-Content-Sha256"};

Result<void> read_basic_auth(const Node& node, HttpClientConfig& out) {
  Fields fields(node, "config.plain");
  out.has_basic_auth = true;
  fields.read("username", out.username).read("username_file", out.username_file);
  fields.read("password", out.password).read("password_file", out.password_file);
  take_secret_ref(fields, "username_ref", out.secret_ref);
  take_secret_ref(fields, "password_ref", out.secret_ref);
  TOCSIN_OK(fields.finish());
  out.username_file = node.beside(out.username_file);
  out.password_file = node.beside(out.password_file);
  return {};
}

Result<void> read_authorization(const Node& node, HttpClientConfig& out) {
  Fields fields(node, "config.Authorization");
  std::string type;
  out.has_authorization = true;
  fields.read("type", type).read("credentials", out.authorization_credentials);
  fields.read("credentials_file", out.authorization_credentials_file);
  take_secret_ref(fields, "credentials_ref", out.secret_ref);
  TOCSIN_OK(fields.finish());
  if (const std::string_view trimmed = trim(type); !trimmed.empty()) out.authorization_type = trimmed;
  out.authorization_credentials_file = node.beside(out.authorization_credentials_file);
  return {};
}

void read_bearer_token(Fields& fields, HttpClientConfig& out) {
  fields.read("bearer_token", out.authorization_credentials);
  fields.read("bearer_token_file", out.authorization_credentials_file);
  if (count_texts(fields.node(), {"bearer_token", "bearer_token_file"}) == 0) return;
  out.has_authorization = true;
  out.authorization_credentials_file = fields.node().beside(out.authorization_credentials_file);
}

Result<void> read_header(const Node::Entry& entry, HttpClientConfig& out) {
  HttpHeaderConfig header;
  header.name = entry.key.text();
  Fields fields(entry.value, "config.Header");
  std::vector<std::string> secrets;
  fields.read("values", header.values).read("secrets", secrets).read("files", header.files);
  TOCSIN_OK(fields.finish());
  for (std::string& secret : secrets) header.secrets.emplace_back(std::move(secret));
  for (std::string& file : header.files) file = entry.value.beside(file);
  for (const std::string_view reserved : kReserved) {
    if (equal_ignoring_case(header.name, reserved)) {
      return entry.key.error("setting header {} is not allowed", go_quote(reserved));
    }
  }
  out.http_headers.push_back(std::move(header));
  return {};
}

Result<void> read_headers(const Node& node, HttpClientConfig& out) {
  if (!node.is_map()) return node.wrong_type("config.Headers");
  for (const Node::Entry& entry : node.entries()) TOCSIN_OK(read_header(entry, out));
  return {};
}

/// Which credentials exclude each other, in the order in which Prometheus finds it.
Result<void> check_credentials(const Fields& fields) {
  const Node& node = fields.node();
  const Node basic = node["basic_auth"];
  const Node authorization = node["authorization"];
  const int bearer = count_texts(node, {"bearer_token", "bearer_token_file"});
  if (bearer > 1) return node.error("at most one of bearer_token & bearer_token_file must be configured");
  if (bearer > 0 && (!basic.is_null() || fields.has("oauth2"))) {
    return node.error("at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  if (count_texts(basic, {"username", "username_file", "username_ref"}) > 1) {
    return basic.error("at most one of basic_auth username, username_file & username_ref must be configured");
  }
  if (count_texts(basic, {"password", "password_file", "password_ref"}) > 1) {
    return basic.error("at most one of basic_auth password, password_file & password_ref must be configured");
  }
  if (!authorization.is_null()) {
    if (bearer > 0) return node.error("authorization is not compatible with bearer_token & bearer_token_file");
    if (count_texts(authorization, {"credentials", "credentials_file", "credentials_ref"}) > 1) {
      return authorization.error("at most one of authorization credentials & credentials_file must be configured");
    }
    if (equal_ignoring_case(trim(authorization["type"].text()), "basic")) {
      return authorization["type"].error("authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
    }
  }
  if (int{!basic.is_null()} + int{!authorization.is_null()} + int{fields.has("oauth2")} > 1) {
    return node.error("at most one of basic_auth, oauth2 & authorization must be configured");
  }
  return fields.has("oauth2") ? check_oauth2(node["oauth2"]) : Result<void>();
}

}  // namespace

void take_secret_ref(Fields& fields, std::string_view key, std::string& out) {
  std::string name;
  fields.read(key, name);
  if (!name.empty() && out.empty()) out = key;
}

Result<void> read_http_client_fields(Fields& fields, HttpClientConfig& out, std::vector<std::string>& warnings) {
  if (!fields.node().is_map()) return {};  // null, or what finish() refuses
  fields.child("basic_auth", [&](const Node& node) { return read_basic_auth(node, out); });
  fields.child("authorization", [&](const Node& node) { return read_authorization(node, out); });
  fields.child("oauth2", [&](const Node& node) -> Result<void> {
    TOCSIN_TRY(out.oauth2, read_oauth2(node, out.secret_ref));
    return {};
  });
  read_bearer_token(fields, out);
  fields.child("tls_config", [&](const Node& node) -> Result<void> {
    TOCSIN_TRY(out.tls, read_tls_config(node, out.secret_ref));
    return {};
  });
  fields.read("follow_redirects", out.follow_redirects).read("enable_http2", out.enable_http2);
  fields.child("http_headers", [&](const Node& node) { return read_headers(node, out); });
  TOCSIN_OK(fields.failed());
  TOCSIN_OK(check_credentials(fields));
  TOCSIN_OK(read_proxy_fields(fields, out.proxy));
  if (!out.secret_ref.empty()) {
    warnings.push_back(fmt::format("{}: {}: cannot use secret ref without manager; requests will fail",
                                   fields.node().where(), out.secret_ref));
  }
  return {};
}

}  // namespace tocsin::config
