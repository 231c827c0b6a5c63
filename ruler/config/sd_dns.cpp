// Source of rules and words: Prometheus discovery/dns/dns.go.

#include <algorithm>
#include <limits>

#include "config/discovery_config.hpp"

namespace tocsin::config {
namespace {

std::string to_upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  return text;
}

}  // namespace

Result<DnsSdConfig> read_dns_sd_config(const yaml::Node& node, std::vector<std::string>&) {
  DnsSdConfig config;
  std::int64_t port = 0;
  yaml::Fields fields(node, "dns.plain");
  fields.read("names", config.names).read("type", config.type).read("port", port);
  fields.read("refresh_interval", config.refresh_interval);
  TOCSIN_OK(fields.finish());
  if (config.names.empty()) return node.error("DNS-SD config must contain at least one SRV record name");
  if (port < std::numeric_limits<int>::min() || port > std::numeric_limits<int>::max()) {
    return node["port"].wrong_type("int");
  }
  config.port = static_cast<int>(port);
  const std::string type = to_upper(config.type);
  constexpr std::string_view kWithPort[] = {"A", "AAAA", "MX", "NS"};
  const bool needs_port = std::find(std::begin(kWithPort), std::end(kWithPort), type) != std::end(kWithPort);
  if (!needs_port && type != "SRV") return node["type"].error("invalid DNS-SD records type {}", config.type);
  if (needs_port && port == 0) {
    return node.error("a port is required in DNS-SD configs for all record types except SRV");
  }
  config.type = type;
  return config;
}

}  // namespace tocsin::config
