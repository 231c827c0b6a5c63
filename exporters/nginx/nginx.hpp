#pragma once
// nginx: the page of stub_status as nginx-prometheus-exporter shows it, and its access log.

#include "exporters/collector/source.hpp"

namespace tocsin::exporters::nginx {

/// The section `nginx:` of agent.yml.
SourceInfo source_info();

}  // namespace tocsin::exporters::nginx
