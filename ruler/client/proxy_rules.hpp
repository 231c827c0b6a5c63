#pragma once
// proxy_url and its kin as rules for lib/net.

#include <memory>

#include "config/environment.hpp"
#include "config/http_client_config.hpp"
#include "net/proxy.hpp"

namespace tocsin::client {

/// nullptr if none is configured. proxy_url alone holds for every host; with no_proxy, or from the environment,
/// loopback is excepted. kInvalid for an address that is no URL. Source: prometheus/common config/http_config.go,
/// ProxyConfig.Proxy; golang.org/x/net/http/httpproxy, FromEnvironment.
Result<std::shared_ptr<const net::ProxyRules>> proxy_rules(const config::ProxyConfig& config,
                                                           const config::Environment& environment);

}  // namespace tocsin::client
