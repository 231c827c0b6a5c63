#pragma once
// The kinds of servers that this agent knows: one line each.

#include <span>

#include "exporters/collector/source.hpp"

namespace tocsin::agent {

/// In the order of their names. `kind` is the key of agent.yml and the name in paths and in collect[].
std::span<const exporters::SourceInfo> known_sources();

}  // namespace tocsin::agent
