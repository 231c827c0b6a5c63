#pragma once
// Start timestamps of OpenMetrics 1.0: they stand on lines of their own, `<family>_created{labels} <seconds>`.
//
// CreatedLine is the next such line of a page; a row has the start that it tells if both have the same key. Keys are
// made of the text as it stands: labels in another order, or escaped in another way, are others, as in Prometheus.
// Source: Prometheus model/textparse/openmetricsparse.go (3.14), StartTimestamp, seriesHash, isCreatedSeries.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "model/metric_type.hpp"

namespace tocsin::expo {

/// Whether metrics of the type have a start timestamp, so that lines named `_created` tell it and are no series.
bool has_start(model::MetricType type);

/// Whether the name of a series text ends with `_created`.
bool is_created_series(std::string_view series);

/// What the series of a metric and its `_created` line have in common: the family's name and the labels but `le` of a
/// histogram and `quantile` of a summary. Replaces `key`.
/// @param family_size  bytes of the family's name: the name of the series begins with it. 0: the series is a `_created`
///                     line, its name without that is the family's.
/// @return false if the name is shorter than that.
bool make_start_key(std::string_view series, std::size_t family_size, model::MetricType type, std::string& key);

}  // namespace tocsin::expo
