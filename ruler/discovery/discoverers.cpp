#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

std::vector<std::unique_ptr<Discoverer>> make_discoverers(const config::DiscoveryConfigs& configs, const Services&) {
  std::vector<std::unique_ptr<Discoverer>> out;
  out.push_back(make_static_discoverer(configs.statics));
  return out;
}

}  // namespace tocsin::discovery
