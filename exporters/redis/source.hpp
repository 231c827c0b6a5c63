#pragma once
// Redis, Valkey, KeyDB, Tile38, Sentinel: metrics as redis_exporter has them.

#include "exporters/collector/source.hpp"

namespace tocsin::exporters::redis {

/// The section `redis:` of agent.yml. Source: redis_exporter 1.x, README.
SourceInfo source_info();

}  // namespace tocsin::exporters::redis
