#include "client/proxy_rules.hpp"

namespace tocsin::client {
namespace {

std::string either(const config::Environment& environment, const char* upper, const char* lower) {
  std::string value = environment(upper);
  return value.empty() ? environment(lower) : value;
}

}  // namespace

Result<std::shared_ptr<const net::ProxyRules>> proxy_rules(const config::ProxyConfig& config,
                                                           const config::Environment& environment) {
  net::ProxySettings settings;
  if (config.from_environment) {
    settings.http_proxy = either(environment, "HTTP_PROXY", "http_proxy");
    settings.https_proxy = either(environment, "HTTPS_PROXY", "https_proxy");
    settings.no_proxy = either(environment, "NO_PROXY", "no_proxy");
  } else {
    settings.http_proxy = settings.https_proxy = config.proxy_url.reveal();
    settings.no_proxy = config.no_proxy;
    settings.for_all = config.no_proxy.empty();
  }
  if (settings.http_proxy.empty() && settings.https_proxy.empty()) return nullptr;
  for (const auto& [name, values] : config.connect_header) {
    for (const Secret& value : values) settings.connect_header.add(name, value.reveal());
  }
  return net::ProxyRules::make(settings);
}

}  // namespace tocsin::client
