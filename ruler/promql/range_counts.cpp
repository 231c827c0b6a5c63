// count_over_time, present_over_time, first and last, changes, resets: what counts samples or picks one.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/histogram_math.hpp"
#include "promql/range_functions.hpp"
#include "promql/range_histograms.hpp"
#include "promql/start_times.hpp"

namespace tocsin::promql {
namespace {

std::uint32_t histograms_in(const RangeInput& input, std::size_t step) {
  return input.histogram_windows == nullptr ? 0 : input.histogram_windows->size(step);
}

class CountFunction final : public RangeFunction {
 public:
  explicit CountFunction(bool presence) : presence_(presence) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t count = input.windows.size(i) + histograms_in(input, i);
      if (count != 0) out.set(i, presence_ ? 1 : count);
    }
    return {};
  }
  std::optional<DigestNeeds> digest_needs() const override { return DigestNeeds(); }
  void apply_digests(const DigestInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t count = input.digests[i].count;
      if (count != 0) out.set(i, presence_ ? 1 : count);
    }
  }

 private:
  bool presence_;
};

/// The first or last sample of each window, or its time.
class PickFunction final : public RangeFunction {
 public:
  PickFunction(bool last, bool timestamp) : last_(last), timestamp_(timestamp) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    const RangeSeries& series = input.series;
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const bool floats = input.windows.size(i) != 0;
      const bool histograms = histograms_in(input, i) != 0;
      if (!floats && !histograms) continue;
      const std::size_t f = !floats ? 0 : index(input.windows, i);
      const std::size_t h = !histograms ? 0 : index(*input.histogram_windows, i);
      const bool take_float = !histograms || (floats && (last_ ? series.histogram_times[h] < series.times[f]
                                                               : series.times[f] < series.histogram_times[h]));
      if (timestamp_) {
        out.set(i, static_cast<double>(take_float ? series.times[f] : series.histogram_times[h]) / 1000);
      } else if (take_float) {
        out.set(i, series.values[f]);
      } else {
        out.set_histogram(i, series.histograms[h]);
      }
    }
    return {};
  }
  std::optional<DigestNeeds> digest_needs() const override { return DigestNeeds(); }
  void apply_digests(const DigestInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const WindowDigest& window = input.digests[i];
      if (window.count == 0) continue;
      const Timestamp at = last_ ? window.last_time : window.first_time;
      out.set(i, timestamp_ ? static_cast<double>(at) / 1000 : last_ ? window.last : window.first);
    }
  }

 private:
  std::size_t index(const Windows& windows, std::size_t i) const {
    return last_ ? windows.end[i] - 1 : windows.begin[i];
  }

  bool last_, timestamp_;
};

/// How often something happened from one sample to the next. Counts are exact, so a window's count is the difference of
/// the counts up to its last and up to its first sample.
class TransitionFunction final : public RangeFunction {
 public:
  explicit TransitionFunction(bool resets, bool anchored = false) : resets_(resets), anchored_(anchored) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    if (input.histogram_windows != nullptr) return apply_mixed(input, out);
    const RangeSeries& series = input.series;
    const bool starts = use_starts(input) && !series.starts.empty();
    counts_.assign(1, 0);
    for (std::size_t k = 1; k < series.values.size(); ++k) {
      counts_.push_back(counts_.back() + (happened(series, k, starts) ? 1 : 0));
    }
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      std::uint32_t begin = input.windows.begin[i];
      const std::uint32_t end = input.windows.end[i];
      if (anchored_) begin = anchor(series.times, begin, end, input.reference.of(input.grid, i) - input.range_ms);
      if (begin != end) out.set(i, counts_[end - 1] - counts_[begin]);
    }
    return {};
  }
  std::optional<DigestNeeds> digest_needs() const override { return DigestNeeds{.transitions = true}; }
  void apply_digests(const DigestInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const WindowDigest& window = input.digests[i];
      if (window.count != 0) out.set(i, resets_ ? window.resets : window.changes);
    }
  }

 private:
  bool use_starts(const RangeInput& input) const { return resets_ && input.context.settings().use_start_timestamps; }

  bool happened(const RangeSeries& series, std::size_t k, bool starts) const {
    const double before = series.values[k - 1];
    const double now = series.values[k];
    if (!resets_) return now != before && !(std::isnan(now) && std::isnan(before));
    return now < before || (starts && is_start_time_reset(series.starts[k - 1], series.times[k - 1], series.starts[k],
                                                          series.times[k]));
  }

  bool happened(const RangeInput& input, std::size_t h, bool starts) const {
    const RangeSeries& series = input.series;
    const model::FloatHistogram& before = *series.histograms[h - 1];
    const model::FloatHistogram& now = *series.histograms[h];
    if (!resets_) return !model::equal_values(now, before);
    const auto& at = series.histogram_times;
    const auto& from = series.histogram_starts;
    return model::is_reset(now, before) ||
           (starts && !from.empty() && is_start_time_reset(from[h - 1], at[h - 1], from[h], at[h]));
  }

  /// The last sample at or before `start`, if any lies behind it; else the first, or `end` if none does.
  static std::uint32_t anchor(const std::vector<Timestamp>& times, std::uint32_t begin, std::uint32_t end,
                              Timestamp start) {
    const auto first = std::upper_bound(times.begin() + begin, times.begin() + end, start) - times.begin();
    if (first == end) return end;
    return std::max(begin, static_cast<std::uint32_t>(first) - (first > 0 ? 1 : 0));
  }

  /// The anchor of floats and histograms together is the later one of both.
  static void anchor(const RangeSeries& series, Timestamp start, std::uint32_t& f, std::uint32_t f_end,
                     std::uint32_t& h, std::uint32_t h_end) {
    const auto behind = [start](const std::vector<Timestamp>& times, std::uint32_t begin, std::uint32_t end) {
      return static_cast<std::uint32_t>(std::upper_bound(times.begin() + begin, times.begin() + end, start) -
                                        times.begin());
    };
    const std::uint32_t f_behind = behind(series.times, f, f_end);
    const std::uint32_t h_behind = behind(series.histogram_times, h, h_end);
    const bool f_before = f_behind > f;
    const bool h_before = h_behind > h;
    const bool none_behind = f_behind == f_end && h_behind == h_end;
    const bool float_anchor =
        !none_behind && f_before && (!h_before || series.times[f_behind - 1] >= series.histogram_times[h_behind - 1]);
    const bool histogram_anchor = !none_behind && h_before && !float_anchor;
    f = f_behind - (float_anchor ? 1 : 0);
    h = h_behind - (histogram_anchor ? 1 : 0);
  }

  /// A step from float to histogram or back is a change and a reset.
  Result<void> apply_mixed(const RangeInput& input, Column& out) {
    const RangeSeries& series = input.series;
    const bool starts = use_starts(input);
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      std::uint32_t f = input.windows.begin[i];
      std::uint32_t h = input.histogram_windows->begin[i];
      const std::uint32_t f_end = input.windows.end[i];
      const std::uint32_t h_end = input.histogram_windows->end[i];
      if (anchored_) anchor(series, input.reference.of(input.grid, i) - input.range_ms, f, f_end, h, h_end);
      if (f == f_end && h == h_end) continue;
      TOCSIN_OK(input.context.spend(f_end - f + (h_end - h) * kHistogramWork));
      std::uint32_t count = 0;
      bool first = true;
      bool before_histogram = false;
      while (f < f_end || h < h_end) {
        const bool histogram = f == f_end || (h < h_end && series.histogram_times[h] < series.times[f]);
        if (!first) {
          const bool counts =
              histogram != before_histogram ||
              (histogram ? happened(input, h, starts) : happened(series, f, starts && !series.starts.empty()));
          if (counts) ++count;
        }
        first = false;
        before_histogram = histogram;
        ++(histogram ? h : f);
      }
      out.set(i, count);
    }
    return {};
  }

  bool resets_, anchored_;
  std::vector<std::uint32_t> counts_;
};

}  // namespace

RangeFunctionPtr make_anchored_count_function(std::string_view name) {
  if (name == "changes") return std::make_unique<TransitionFunction>(false, true);
  if (name == "resets") return std::make_unique<TransitionFunction>(true, true);
  return nullptr;
}

RangeFunctionPtr make_count_function(std::string_view name) {
  if (name == "count_over_time") return std::make_unique<CountFunction>(false);
  if (name == "present_over_time") return std::make_unique<CountFunction>(true);
  if (name == "first_over_time") return std::make_unique<PickFunction>(false, false);
  if (name == "last_over_time") return std::make_unique<PickFunction>(true, false);
  if (name == "ts_of_first_over_time") return std::make_unique<PickFunction>(false, true);
  if (name == "ts_of_last_over_time") return std::make_unique<PickFunction>(true, true);
  if (name == "changes") return std::make_unique<TransitionFunction>(false);
  if (name == "resets") return std::make_unique<TransitionFunction>(true);
  return nullptr;
}

}  // namespace tocsin::promql
