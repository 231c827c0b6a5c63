#pragma once
// What pages say about their metrics: type, unit, help. Values only: made by workers, read anywhere.

#include <memory>
#include <string>
#include <vector>

#include "model/labels.hpp"
#include "model/metric_type.hpp"

namespace tocsin::scrape {

struct MetricMetadata {
  std::string name;  // of the family, as the page names it
  model::MetricType type = model::MetricType::kUnknown;
  std::string help, unit;
  bool operator==(const MetricMetadata&) const = default;
};

/// Of one target, sorted by name. Immutable.
using MetadataPtr = std::shared_ptr<const std::vector<MetricMetadata>>;

struct TargetMetadata {
  model::Labels labels;  // public ones
  std::string scrape_pool;
  MetadataPtr metadata;  // nullptr: nothing was scraped yet
};

}  // namespace tocsin::scrape
