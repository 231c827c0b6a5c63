#pragma once
// Functions of a range vector. Each works on one series at all steps: windows slide over the samples, and what can be
// carried from step to step is. What left a window is never subtracted from a float: that loses digits. Results equal a
// scan of each window to the bit where the order of additions does not matter, else to 1e-12.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/parser/ast.hpp"
#include "promql/selector.hpp"
#include "promql/window_digest.hpp"

namespace tocsin::promql {

/// The samples within each step's window (reference - range, reference]: [begin[i], end[i]). Both never decrease.
struct Windows {
  std::vector<std::uint32_t> begin, end;
  std::uint64_t total = 0;  // sizes of all windows together

  void compute(std::span<const Timestamp> times, const Grid& grid, const Reference& reference, std::int64_t range_ms);
  std::uint32_t size(std::size_t step) const { return end[step] - begin[step]; }
};

/// Windows of the series at hand. Series of one target have the same timestamps: then nothing is computed again, and
/// `generation` tells functions that what they derived from the times still holds.
class WindowCache {
 public:
  const Windows& update(const std::vector<Timestamp>& times, const Grid& grid, const Reference& reference,
                        std::int64_t range_ms);
  std::uint64_t generation() const { return generation_; }

 private:
  std::vector<Timestamp> times_;
  Windows windows_;
  std::uint64_t generation_ = 0;
};

struct RangeInput {
  QueryContext& context;
  const Grid& grid;
  const Reference& reference;
  std::int64_t range_ms;
  const RangeSeries& series;
  const Windows& windows;                        // of the floats
  std::uint64_t generation;                      // of the windows
  const Windows* histogram_windows;              // nullptr if the series has none
  std::span<const std::vector<double>> scalars;  // the other arguments, at each step
  parser::PositionRange pos;                     // of the first argument, for annotations

  bool has_histograms(std::size_t step) const {
    return histogram_windows != nullptr && histogram_windows->size(step) != 0;
  }
  std::string_view metric() const { return series.labels.metric_name(); }
};

/// A series whose windows are known by digests: floats only, and each answers().
struct DigestInput {
  const Grid& grid;
  const Reference& reference;
  std::int64_t range_ms;
  std::span<const WindowDigest> digests;  // of each step
};

/// Thread: one. May keep what it learnt of timestamps from series to series.
class RangeFunction {
 public:
  RangeFunction() = default;
  RangeFunction(const RangeFunction&) = delete;
  RangeFunction& operator=(const RangeFunction&) = delete;
  virtual ~RangeFunction() = default;
  /// Sets `out` (reset before) where there is a result.
  virtual Result<void> apply(const RangeInput& input, Column& out) = 0;
  /// What apply_digests() wants to know of a window; nothing: the function needs the samples.
  virtual std::optional<DigestNeeds> digest_needs() const { return std::nullopt; }
  /// As apply(). Only if there are digest_needs().
  virtual void apply_digests(const DigestInput&, Column&) {}
};
using RangeFunctionPtr = std::unique_ptr<RangeFunction>;

/// nullptr if there is no such function (or it is not built).
RangeFunctionPtr make_range_function(std::string_view name);
/// Whether it looks at start timestamps (of which summaries know nothing) when that is switched on.
bool uses_start_timestamps(std::string_view name);

/// changes and resets that begin with the last sample at or before the window, if the windows reach back to it.
RangeFunctionPtr make_anchored_count_function(std::string_view name);

// By file; each nullptr for the names of the others.
RangeFunctionPtr make_rate_function(std::string_view name);   // range_rate.cpp
RangeFunctionPtr make_sum_function(std::string_view name);    // range_sums.cpp
RangeFunctionPtr make_order_function(std::string_view name);  // range_order.cpp
RangeFunctionPtr make_count_function(std::string_view name);  // range_counts.cpp
RangeFunctionPtr make_trend_function(std::string_view name);  // range_trend.cpp

}  // namespace tocsin::promql
