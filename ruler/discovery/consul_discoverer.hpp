#pragma once
// consul_sd_configs, with what a test replaces.

#include <memory>

#include "config/environment.hpp"
#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

/// As make_consul_discoverer(), with other environment variables.
std::unique_ptr<Discoverer> make_consul_discoverer(config::ConsulSdConfig config, const Services& services,
                                                   const config::Environment& environment);

}  // namespace tocsin::discovery
