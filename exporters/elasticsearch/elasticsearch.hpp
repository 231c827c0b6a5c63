#pragma once
// Elasticsearch and OpenSearch, with the names, labels, help texts and options of elasticsearch_exporter.

#include "exporters/collector/source.hpp"

namespace tocsin::exporters::elasticsearch {

/// Kind "elasticsearch"; answers /probe?target=URL&auth_module=NAME.
SourceInfo source_info();

}  // namespace tocsin::exporters::elasticsearch
