#pragma once
// http_config of Prometheus and Alertmanager: how we talk to somebody. Source: prometheus/common config/http_config.go.

#include <string>
#include <vector>

#include "base/secret.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {

struct HttpClientConfig {
  std::string username;
  Secret password;
  std::string authorization_type = "Bearer";
  Secret authorization_credentials;
  bool follow_redirects = true;
};

/// Reads the HTTP client keys that stand inline in a scrape configuration, or the http_config map of a receiver: the
/// caller passes its Fields and calls finish() itself.
Result<void> read_http_client_fields(yaml::Fields& fields, HttpClientConfig& out, std::vector<std::string>& warnings);

}  // namespace tocsin::config
