#pragma once
// Labels that say what the metadata of a metric says (feature type-and-unit-labels). PromQL treats them as it treats
// the metric's name. Source: Prometheus schema/labels.go.

#include <string_view>

namespace tocsin::model {

inline constexpr std::string_view kMetricType = "__type__";
inline constexpr std::string_view kMetricUnit = "__unit__";

}  // namespace tocsin::model
