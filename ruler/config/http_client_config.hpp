#pragma once
// http_config of Prometheus and Alertmanager: how we talk to somebody. Values only; ruler/client makes requests of
// them. Source: prometheus/common config/http_config.go.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {

/// tls_config. Texts and files exclude each other; files are read when they are used, and again when they change.
struct TlsConfig {
  std::string ca, ca_file;
  std::string cert, cert_file;
  Secret key;
  std::string key_file;
  std::string server_name;
  std::string min_version, max_version;  // "TLS10" ... "TLS13", "" for the default
  bool insecure_skip_verify = false;
  bool operator==(const TlsConfig&) const = default;
};

/// Which proxy, and what it is told by CONNECT.
struct ProxyConfig {
  Secret proxy_url;  // may hold a password; "" for none
  std::string no_proxy;
  bool from_environment = false;  // HTTP_PROXY, HTTPS_PROXY, NO_PROXY
  std::vector<std::pair<std::string, std::vector<Secret>>> connect_header;
  bool operator==(const ProxyConfig&) const = default;
};

/// OAuth 2.0 client credentials (or JWT bearer) grant. Source: common config/http_config.go, OAuth2.
struct OAuth2Config {
  std::string client_id;
  Secret client_secret;
  std::string client_secret_file;
  std::string grant_type;  // "" is client_credentials
  std::string client_certificate_key_id, client_certificate_key_file;
  Secret client_certificate_key;
  std::string signature_algorithm, issuer, audience;
  std::vector<std::pair<std::string, std::string>> claims;  // values as JSON: "\"text\"", "1", "true"
  std::vector<std::string> scopes;
  std::string token_url;
  std::vector<std::pair<std::string, std::string>> endpoint_params;
  TlsConfig tls;
  ProxyConfig proxy;
  bool operator==(const OAuth2Config&) const = default;
};

/// One name of http_headers: all of its values are sent, those of files too.
struct HttpHeaderConfig {
  std::string name;
  std::vector<std::string> values;
  std::vector<Secret> secrets;
  std::vector<std::string> files;
  bool operator==(const HttpHeaderConfig&) const = default;
};

struct HttpClientConfig {
  bool has_basic_auth = false;  // basic_auth stands there, be it empty
  std::string username, username_file;
  Secret password;
  std::string password_file;
  bool has_authorization = false;  // authorization, bearer_token or bearer_token_file stands there
  std::string authorization_type = "Bearer";
  Secret authorization_credentials;
  std::string authorization_credentials_file;  // also bearer_token_file
  std::optional<OAuth2Config> oauth2;
  TlsConfig tls;
  ProxyConfig proxy;
  std::vector<HttpHeaderConfig> http_headers;
  bool follow_redirects = true;
  bool enable_http2 = true;  // accepted; we speak HTTP/1.1
  /// A *_ref key that is set: there is no secret manager, so that no request can be made: "cannot use secret ref
  /// without manager".
  std::string secret_ref;
  bool operator==(const HttpClientConfig&) const = default;
};

/// Reads the HTTP client keys that stand inline in a scrape configuration, or the http_config map of a receiver: the
/// caller passes its Fields and calls finish() itself; what stands in `out` is the default. Relative files are resolved
/// against the folder of the file. An error that `fields` has already comes first.
Result<void> read_http_client_fields(yaml::Fields& fields, HttpClientConfig& out, std::vector<std::string>& warnings);

/// A tls_config map alone, as SMTP and discoveries have one.
Result<TlsConfig> read_tls_config(const yaml::Node& node);

}  // namespace tocsin::config
