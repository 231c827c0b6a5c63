#pragma once
// What an http_config adds to each request, made of its values and of the contents of its files.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "config/http_client_config.hpp"
#include "net/http.hpp"

namespace tocsin::client {

/// Immutable. Thread: any.
struct Material {
  std::string authorization;                                 // the field's value; "" for none
  std::vector<std::pair<std::string, std::string>> headers;  // to add
  std::shared_ptr<const net::TlsOptions> tls;                // nullptr: the defaults
  std::string oauth2_credential;                             // client secret, or private key
};

/// The content of a file, or why there is none ("open /x: no such file or directory").
using FileText = std::function<Result<std::string>(const std::string& path)>;

/// All files that the configuration names.
std::vector<std::string> files_of(const config::HttpClientConfig& config);

/// Prometheus' words: "unable to read CA cert: unable to read file /x: open /x: ...", "unable to use specified CA cert
/// file /x". `last` lends its TLS options if nothing of them has changed, so that connections are kept.
/// Source: prometheus/common config/http_config.go and headers.go.
Result<std::shared_ptr<const Material>> make_material(const config::HttpClientConfig& config, const FileText& file,
                                                      const Material* last);

}  // namespace tocsin::client
