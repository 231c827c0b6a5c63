#pragma once
// Which series belong to a family of metrics, by name.

#include <string_view>

#include "model/metric_type.hpp"

namespace tocsin::scrape {

/// Whether a series of this name is one that a family of the type has: its name, or that with one of the type's
/// endings. A family's name may have the ending itself (`_total`, `_info`), as text 0.0.4 writes it.
/// Source: Prometheus scrape/scrape.go, isSeriesPartOfFamily.
bool is_series_of_family(std::string_view series, std::string_view family, model::MetricType type);

}  // namespace tocsin::scrape
