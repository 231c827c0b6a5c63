#pragma once
// anchored and smoothed: what lies beside a window says what there was at its edges. Source: Prometheus
// promql/functions.go (extendedRate, extendedHistogramRate), promql/engine.go (extendFloats, smoothSeries).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "promql/grid.hpp"
#include "promql/parser/ast.hpp"
#include "promql/range_functions.hpp"
#include "promql/selector.hpp"

namespace tocsin::promql {

/// anchored: the last sample before a window is its first value. smoothed: values at both edges are interpolated.
enum class Extension : std::uint8_t { kNone, kAnchored, kSmoothed };

Extension extension_of(const parser::VectorSelector& selector);
std::string_view extension_text(Extension extension);

/// How far samples beside the window are looked for.
struct Reach {
  std::int64_t before_ms = 0, after_ms = 0;
};
Reach reach_of(Extension extension, std::int64_t lookback_ms);

/// nullptr if the extension has no meaning for the function. The windows of its input have the reach, the range is the
/// written one.
RangeFunctionPtr make_extended_function(std::string_view name, Extension extension);
/// "changes, delta, ...": those that have one.
std::string_view functions_with(Extension extension);

/// The samples of a matrix selector that is no function's argument, with one at each edge of (start, end]; none if
/// there is no sample behind `start`. Replaces what `series` holds.
/// @return kExecution if there are histograms.
Result<void> extend_edges(RangeSeries& series, Timestamp start, Timestamp end, Extension extension);

/// x smoothed: at each step the value between the samples around it.
VectorOperatorPtr make_smoothed_selector(QueryContext& context, const Grid& grid, Selection selection,
                                         parser::PositionRange pos);

/// Linear between two samples; of a counter that was reset between them, from zero.
double interpolate(Timestamp t1, double v1, Timestamp t2, double v2, Timestamp t, bool counter);

}  // namespace tocsin::promql
