#pragma once
// Containers and networks of the Docker Engine API as targets. Source: Prometheus discovery/moby/{docker,network}.go;
// Docker Engine API, /containers/json and /networks.

#include <string_view>

#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

/// The group "Docker" of all running containers. Thread: any.
/// @param containers, networks  the two answers, JSON. kInvalid if one is not what it should be.
Result<TargetGroup> docker_targets(const config::DockerSdConfig& config, std::string_view containers,
                                   std::string_view networks);

}  // namespace tocsin::discovery
