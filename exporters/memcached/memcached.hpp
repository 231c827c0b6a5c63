#pragma once
// memcached, with the names, labels and help texts of memcached_exporter.

#include "exporters/collector/source.hpp"

namespace tocsin::exporters::memcached {

/// The section `memcached:` of agent.yml; answers /scrape?target=. Source: memcached_exporter 0.16, README.
SourceInfo source_info();

}  // namespace tocsin::exporters::memcached
