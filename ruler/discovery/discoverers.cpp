#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

std::vector<std::unique_ptr<Discoverer>> make_discoverers(const config::DiscoveryConfigs& configs,
                                                          const Services& services) {
  std::vector<std::unique_ptr<Discoverer>> out;
  out.push_back(make_static_discoverer(configs.statics));
  for (const auto& config : configs.files) out.push_back(make_file_discoverer(config, services));
  for (const auto& config : configs.https) out.push_back(make_http_discoverer(config, services));
  for (const auto& config : configs.dns) out.push_back(make_dns_discoverer(config, services));
  for (const auto& config : configs.consul) out.push_back(make_consul_discoverer(config, services));
  for (const auto& config : configs.docker) out.push_back(make_docker_discoverer(config, services));
  for (const auto& config : configs.kubernetes) out.push_back(make_kubernetes_discoverer(config, services));
  return out;
}

}  // namespace tocsin::discovery
