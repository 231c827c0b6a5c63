#pragma once
// What range functions make of the native histograms in a window. Source: Prometheus promql/functions.go.

#include <optional>
#include <span>

#include "model/histogram.hpp"
#include "model/histogram_math.hpp"
#include "promql/range_functions.hpp"

namespace tocsin::promql {

/// A histogram costs about as much as so many floats.
inline constexpr std::size_t kHistogramWork = 20;

/// The histograms of one window in order of time. `starts` is empty if nobody looks at them.
struct HistogramWindow {
  std::span<const Timestamp> times;
  std::span<const model::HistogramPtr> histograms;
  std::span<const Timestamp> starts;

  std::size_t size() const { return times.size(); }
  /// Whether the counter began anew between sample k - 1 and sample k.
  bool is_reset(std::size_t k) const;
  /// The same, with `before` in the place of sample k - 1.
  bool is_reset(std::size_t k, const model::FloatHistogram& before) const;
};

/// @param starts  look at start timestamps, if the series has them.
HistogramWindow histogram_window(const RangeInput& input, std::size_t step, bool starts);

/// The last minus the first, for a counter with what was lost in resets; a gauge. At least two histograms.
/// Nothing, with a warning, if exponential and custom buckets are mixed.
std::optional<model::FloatHistogram> histogram_increase(const RangeInput& input, const HistogramWindow& window,
                                                        bool counter);

/// Adds with a note on bounds that differ. False, with a warning, if they cannot be added.
bool add_histogram(const RangeInput& input, model::FloatHistogram& to, const model::FloatHistogram& other);

/// Sum and mean of at least one histogram; nothing, with a warning, as above.
std::optional<model::FloatHistogram> histogram_sum(const RangeInput& input, const HistogramWindow& window);
std::optional<model::FloatHistogram> histogram_mean(const RangeInput& input, const HistogramWindow& window);

/// The difference of two neighbours (irate, idelta), not yet per second.
/// @param reset  the start timestamps tell of a reset.
std::optional<model::FloatHistogram> histogram_step(const RangeInput& input, const model::FloatHistogram& before,
                                                    const model::FloatHistogram& last, bool counter, bool reset);

/// Compacts it, too.
void set_histogram(Column& out, std::size_t step, model::FloatHistogram histogram);

}  // namespace tocsin::promql
