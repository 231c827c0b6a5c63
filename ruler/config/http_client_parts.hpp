#pragma once
// The parts of an HTTP client configuration that stand in more than one place. Private to this module.

#include <string>
#include <string_view>

#include "config/http_client_config.hpp"

namespace tocsin::config {

/// Takes a key that names a secret of a secret manager. There is none: the first such key that is set goes to `out`.
void take_secret_ref(yaml::Fields& fields, std::string_view key, std::string& out);

/// proxy_url, no_proxy, proxy_from_environment, proxy_connect_header, inline.
Result<void> read_proxy_fields(yaml::Fields& fields, ProxyConfig& out);

/// The map under `tls_config`.
Result<TlsConfig> read_tls_config(const yaml::Node& node, std::string& secret_ref);

/// The map under `oauth2`.
Result<OAuth2Config> read_oauth2(const yaml::Node& node, std::string& secret_ref);
/// Whether it is whole. Told after clashes with other credentials, as in Prometheus.
Result<void> check_oauth2(const yaml::Node& node);

}  // namespace tocsin::config
