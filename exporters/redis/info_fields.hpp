#pragma once
// Fields of INFO that are shown as they are, and the families that they go to.

#include <string>
#include <string_view>
#include <unordered_map>

#include "model/metric_type.hpp"

namespace tocsin::exporters::redis {

struct InfoField {
  std::string family, help;
  model::MetricType type = model::MetricType::kGauge;
  double divisor = 1;
};

/// nullptr: the field is not shown. Thread: any.
const InfoField* find_info_field(std::string_view field);

}  // namespace tocsin::exporters::redis
