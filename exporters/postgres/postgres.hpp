#pragma once
// PostgreSQL as a source of the agent: postgres_exporter's metrics, configuration and /probe.

#include "exporters/collector/source.hpp"

namespace tocsin::exporters::postgres {

/// kind "postgres".
SourceInfo source_info();

}  // namespace tocsin::exporters::postgres
