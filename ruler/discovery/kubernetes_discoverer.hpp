#pragma once
// kubernetes_sd_configs, with what a test replaces.

#include <memory>

#include "discovery/kubernetes_access.hpp"
#include "discovery/kubernetes_informer.hpp"

namespace tocsin::discovery {

/// As make_kubernetes_discoverer(), in another place and with other limits.
std::unique_ptr<Discoverer> make_kubernetes_discoverer(config::KubernetesSdConfig config, const Services& services,
                                                       kubernetes::Place place, Rng rng,
                                                       kubernetes::InformerLimits limits = {});

}  // namespace tocsin::discovery
