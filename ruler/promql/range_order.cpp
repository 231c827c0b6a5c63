// What depends on the order of values: min_over_time, max_over_time, quantile_over_time, mad_over_time, ts_of_min/max.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "promql/quantile.hpp"
#include "promql/range_functions.hpp"

namespace tocsin::promql {
namespace {

void note_ignored_histograms(const RangeInput& input, std::size_t step) {
  if (input.has_histograms(step)) {
    input.context.annotations().histograms_ignored_in_mixed_range(input.metric(), input.pos);
  }
}

/// The extreme of each window by a monotonic queue of indices: a sample goes as soon as a later one beats it. NaN
/// counts only where there is nothing else. Of equal values the first is the extreme, or for ts_of_* the last.
class ExtremeFunction final : public RangeFunction {
 public:
  ExtremeFunction(bool maximum, bool timestamp) : maximum_(maximum), timestamp_(timestamp) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    const std::vector<double>& values = input.series.values;
    TOCSIN_OK(input.context.spend(values.size()));
    queue_.clear();
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t begin = input.windows.begin[i];
      const std::uint32_t end = input.windows.end[i];
      for (next = std::max(next, begin); next < end; ++next) push(values, next);
      while (!queue_.empty() && queue_.front() < begin) queue_.pop_front();
      if (begin == end) continue;
      note_ignored_histograms(input, i);
      // Only NaN in the window: the scan would have ended at the last (or, for a time, stayed at it).
      const std::uint32_t at = queue_.empty() ? end - 1 : queue_.front();
      out.set(i, timestamp_ ? static_cast<double>(input.series.times[at]) / 1000 : values[at]);
    }
    return {};
  }
  /// Summaries do not say when the extreme was.
  std::optional<DigestNeeds> digest_needs() const override {
    return timestamp_ ? std::nullopt : std::optional(DigestNeeds{.extremes = true});
  }
  void apply_digests(const DigestInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const WindowDigest& window = input.digests[i];
      if (window.count != 0) out.set(i, maximum_ ? window.max : window.min);
    }
  }

 private:
  void push(const std::vector<double>& values, std::uint32_t k) {
    const double value = values[k];
    if (std::isnan(value)) return;
    while (!queue_.empty() && beats(value, values[queue_.back()])) queue_.pop_back();
    queue_.push_back(k);
  }
  bool beats(double value, double other) const {
    if (timestamp_) return maximum_ ? value >= other : value <= other;
    return maximum_ ? value > other : value < other;
  }

  bool maximum_, timestamp_;
  std::deque<std::uint32_t> queue_;
};

/// The samples of a window in order, kept from step to step: few come and go at a time.
class SortedWindow {
 public:
  const std::vector<double>& of(const std::vector<double>& values, std::uint32_t begin, std::uint32_t end) {
    const std::uint32_t changed = (begin - std::min(begin, begin_)) + (end - std::min(end, end_));
    if (begin >= end_ || changed > (end - begin) / 8) {
      sorted_.assign(values.begin() + begin, values.begin() + end);
      std::sort(sorted_.begin(), sorted_.end(), nan_first_less);
    } else {
      for (std::uint32_t k = begin_; k < begin; ++k) {
        sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), values[k], nan_first_less));
      }
      for (std::uint32_t k = end_; k < end; ++k) {
        sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), values[k], nan_first_less), values[k]);
      }
    }
    begin_ = begin;
    end_ = end;
    return sorted_;
  }
  void reset() { begin_ = end_ = 0; }

 private:
  std::vector<double> sorted_;
  std::uint32_t begin_ = 0, end_ = 0;
};

class QuantileFunction final : public RangeFunction {
 public:
  Result<void> apply(const RangeInput& input, Column& out) override {
    window_.reset();
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t begin = input.windows.begin[i];
      const std::uint32_t end = input.windows.end[i];
      if (begin == end) continue;
      const double q = input.scalars.front()[i];
      if (std::isnan(q) || q < 0 || q > 1) input.context.annotations().invalid_quantile(q, input.pos);
      note_ignored_histograms(input, i);
      TOCSIN_OK(input.context.spend(end - begin));
      out.set(i, quantile_of_sorted(q, window_.of(input.series.values, begin, end)));
    }
    return {};
  }

 private:
  SortedWindow window_;
};

/// Median absolute deviation; NaN if a sample is.
class DeviationFunction final : public RangeFunction {
 public:
  Result<void> apply(const RangeInput& input, Column& out) override {
    window_.reset();
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t begin = input.windows.begin[i];
      const std::uint32_t end = input.windows.end[i];
      if (begin == end) continue;
      note_ignored_histograms(input, i);
      TOCSIN_OK(input.context.spend(end - begin));
      deviations_ = window_.of(input.series.values, begin, end);
      if (std::isnan(deviations_.front())) {
        out.set(i, deviations_.front());
        continue;
      }
      const double median = quantile_of_sorted(0.5, deviations_);
      for (double& value : deviations_) value = std::abs(value - median);
      out.set(i, quantile_of(0.5, deviations_));
    }
    return {};
  }

 private:
  SortedWindow window_;
  std::vector<double> deviations_;
};

}  // namespace

RangeFunctionPtr make_order_function(std::string_view name) {
  if (name == "min_over_time") return std::make_unique<ExtremeFunction>(false, false);
  if (name == "max_over_time") return std::make_unique<ExtremeFunction>(true, false);
  if (name == "ts_of_min_over_time") return std::make_unique<ExtremeFunction>(false, true);
  if (name == "ts_of_max_over_time") return std::make_unique<ExtremeFunction>(true, true);
  if (name == "quantile_over_time") return std::make_unique<QuantileFunction>();
  if (name == "mad_over_time") return std::make_unique<DeviationFunction>();
  return nullptr;
}

}  // namespace tocsin::promql
