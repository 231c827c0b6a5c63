#pragma once
// How long things took, on the page of /metrics.

#include <span>
#include <string_view>

#include "base/length_summary.hpp"
#include "telemetry/registry.hpp"

namespace tocsin::app {

/// @param quantiles  some of kQuantiles.
void put_length_summary(telemetry::Sink& sink, std::string_view name, std::string_view help, model::LabelView label,
                        const LengthStats& stats, std::span<const double> quantiles = LengthStats::kQuantiles);
void put_length_histogram(telemetry::Sink& sink, std::string_view name, std::string_view help, model::LabelView label,
                          const LengthStats& stats);

}  // namespace tocsin::app
