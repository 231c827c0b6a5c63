// rate, increase, delta: the difference of last and first sample plus what counters lost in resets, extrapolated to the
// edges of the window. irate, idelta: the last two samples. Source: Prometheus promql/functions.go.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "promql/range_functions.hpp"
#include "promql/range_histograms.hpp"
#include "promql/start_times.hpp"

namespace tocsin::promql {
namespace {

/// What extrapolation needs to know of a window's timestamps, the same for all series that share them.
struct WindowTimes {
  double sampled = 0;   // seconds from first to last sample
  double to_start = 0;  // seconds that are added on the left, and on the right
  double to_end = 0;
};

/// Edges farther away than 1.1 average gaps are not reached: the series is taken to begin or end half a gap outside.
WindowTimes window_times(Timestamp range_start, Timestamp range_end, Timestamp first, Timestamp last,
                         std::uint32_t samples) {
  WindowTimes out;
  out.to_start = static_cast<double>(first - range_start) / 1000;
  out.to_end = static_cast<double>(range_end - last) / 1000;
  out.sampled = static_cast<double>(last - first) / 1000;
  const double gap = samples > 1 ? out.sampled / static_cast<double>(samples - 1) : 0;
  const double threshold = gap * 1.1;
  if (out.to_start >= threshold) out.to_start = gap / 2;
  if (out.to_end >= threshold) out.to_end = gap / 2;
  return out;
}

class ExtrapolatedFunction final : public RangeFunction {
 public:
  ExtrapolatedFunction(bool counter, bool per_second) : counter_(counter), per_second_(per_second) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    if (input.histogram_windows != nullptr) return apply_checked(input, out);
    if (counter_ && input.context.settings().use_start_timestamps && !input.series.starts.empty()) {
      for (std::size_t i = 0; i < input.grid.count; ++i) start_time_window(input, i, out);
      return input.context.spend(input.windows.total);
    }
    learn(input);
    find_resets(input.series.values);
    std::copy(usable_.begin(), usable_.end(), out.present.begin());
    if (!all_windows(input.series.values, out.values)) {
      windows(input, usable_begin_, usable_end_, out);
    } else {
      windows_with_resets(input, out);
    }
    return {};
  }

  std::optional<DigestNeeds> digest_needs() const override { return DigestNeeds{.reset_values = counter_}; }
  void apply_digests(const DigestInput& input, Column& out) override {
    digested_.resize(input.grid.count);
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const WindowDigest& window = input.digests[i];
      if (window.count < 2) continue;
      DigestTimes& known = digested_[i];
      if (!known.are_of(window)) learn(input, i, known);
      double result = window.last - window.first;
      if (counter_) {
        for (const double value : window.reset_values) result += value;
      }
      out.set(i, result * factor_for(input.range_ms, known.times, known.factor, window.first, result));
    }
  }

 private:
  /// Windows may hold histograms; floats beside them are an error of the data.
  Result<void> apply_checked(const RangeInput& input, Column& out) {
    const bool starts = counter_ && input.context.settings().use_start_timestamps;
    learn(input);
    find_resets(input.series.values);
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const bool floats = input.windows.size(i) != 0;
      if (!input.has_histograms(i)) {
        if (starts && !input.series.starts.empty()) {
          start_time_window(input, i, out);
        } else {
          window(input, i, out);
        }
      } else if (floats) {
        input.context.annotations().mixed_floats_histograms(input.metric(), input.pos);
      } else {
        const HistogramWindow window = promql::histogram_window(input, i, starts);
        TOCSIN_OK(input.context.spend(window.size() * kHistogramWork));
        histogram_window(input, i, window, out);
      }
    }
    return {};
  }

  /// As window() and start_time_window(); of a histogram its count goes to zero.
  void histogram_window(const RangeInput& input, std::size_t i, const HistogramWindow& window, Column& out) {
    std::optional<model::FloatHistogram> result;
    if (window.size() > 1) {
      result = histogram_increase(input, window, counter_);
      if (!result) return;
    }
    const Timestamp range_end = input.reference.of(input.grid, i);
    const Timestamp range_start = range_end - input.range_ms;
    const Timestamp first_time = window.times.front();
    const Timestamp last_time = window.times.back();
    const model::FloatHistogram& first = *window.histograms.front();
    WindowTimes times =
        window_times(range_start, range_end, first_time, last_time, static_cast<std::uint32_t>(window.size()));
    const Timestamp start = counter_ && !window.starts.empty() ? window.starts.front() : 0;
    if (start != 0 && start > range_start && start < first_time) {
      times.to_start = 0;
      times.sampled = static_cast<double>(last_time - start) / 1000;
      if (!result) {
        result = first;
      } else if (!add_histogram(input, *result, first)) {
        return;
      }
    } else if (!result) {
      return;
    } else if (counter_ && result->count > 0 && first.count >= 0) {
      times.to_start = std::min(times.to_start, times.sampled * (first.count / result->count));
    }
    model::multiply(*result, factor(input.range_ms, times, times.to_start));
    set_histogram(out, i, std::move(*result));
  }

  /// What follows from the times of a digest, kept for the next series, whose times are mostly the same.
  struct DigestTimes {
    std::uint32_t count = 0;  // 0: nothing is known
    Timestamp first = 0, last = 0;
    WindowTimes times;
    double factor = 0;
    bool are_of(const WindowDigest& window) const {
      return count == window.count && first == window.first_time && last == window.last_time;
    }
  };
  void learn(const DigestInput& input, std::size_t i, DigestTimes& known) const {
    const WindowDigest& window = input.digests[i];
    const Timestamp range_end = input.reference.of(input.grid, i);
    known = {window.count, window.first_time, window.last_time, {}, 0};
    known.times = window_times(range_end - input.range_ms, range_end, known.first, known.last, known.count);
    known.factor = factor(input.range_ms, known.times, known.times.to_start);
  }

  /// All that follows from the timestamps, for every series that shares them.
  void learn(const RangeInput& input) {
    if (generation_ == input.generation) return;
    generation_ = input.generation;
    const std::size_t steps = input.grid.count;
    times_.assign(steps, {});
    factors_.assign(steps, 0);
    first_.assign(steps, 0);
    last_.assign(steps, 0);
    usable_.assign(steps, 0);
    usable_begin_ = usable_end_ = 0;
    const std::vector<Timestamp>& times = input.series.times;
    for (std::size_t i = 0; i < steps; ++i) {
      if (input.windows.size(i) < 2) continue;
      first_[i] = input.windows.begin[i];
      last_[i] = input.windows.end[i] - 1;
      const Timestamp range_end = input.reference.of(input.grid, i);
      times_[i] =
          window_times(range_end - input.range_ms, range_end, times[first_[i]], times[last_[i]], input.windows.size(i));
      factors_[i] = factor(input.range_ms, times_[i], times_[i].to_start);
      usable_[i] = 1;
      if (usable_end_ == 0) usable_begin_ = i;
      usable_end_ = i + 1;
    }
  }

  double factor(std::int64_t range_ms, const WindowTimes& times, double to_start) const {
    double out = 1;
    if (times.sampled != 0) out = (times.sampled + to_start + times.to_end) / times.sampled;
    return per_second_ ? out / seconds(range_ms) : out;
  }

  /// As Go's Duration.Seconds(), to the last bit.
  static double seconds(std::int64_t ms) {
    return static_cast<double>(ms / 1000) + static_cast<double>(ms % 1000 * 1'000'000) / 1e9;
  }

  /// Of a counter the samples that are smaller than the one before: few, if any, so most is read in strides.
  void find_resets(const std::vector<double>& values) {
    constexpr std::size_t kStride = 32;
    resets_.clear();
    next_reset_ = 0;
    if (!counter_) return;
    for (std::size_t from = 1; from < values.size(); from += kStride) {
      const std::size_t to = std::min(from + kStride, values.size());
      int any = 0;
      for (std::size_t k = from; k < to; ++k) any |= static_cast<int>(values[k] < values[k - 1]);
      if (any == 0) continue;
      for (std::size_t k = from; k < to; ++k) {
        if (values[k] < values[k - 1]) resets_.push_back(static_cast<std::uint32_t>(k));
      }
    }
  }

  /// The usual case of all steps: no resets, and the counter does not meet zero near the window. Steps that are not
  /// usable get numbers that mean nothing. False if it is not the usual case at some step.
  bool all_windows(const std::vector<double>& values, ArenaVector<double>& out) const {
    bool near_zero = false;
    for (std::size_t i = usable_begin_; i < usable_end_; ++i) {
      const double first = values[first_[i]];
      const double result = values[last_[i]] - first;
      near_zero |= may_meet_zero(times_[i], first, result);
      out[i] = result * factors_[i];
    }
    return !(counter_ && near_zero);
  }

  /// Corrects the steps whose windows have resets.
  void windows_with_resets(const RangeInput& input, Column& out) {
    std::size_t done = usable_begin_;
    for (const std::uint32_t reset : resets_) {
      // Of the steps that are left: from the first window that ends behind the reset, to the last that begins before.
      const auto at = [](auto& column, std::size_t i) { return column.begin() + static_cast<std::ptrdiff_t>(i); };
      const auto first = std::upper_bound(at(input.windows.end, done), at(input.windows.end, usable_end_), reset);
      const auto from = static_cast<std::size_t>(first - input.windows.end.begin());
      const auto last = std::lower_bound(at(input.windows.begin, from), at(input.windows.begin, usable_end_), reset);
      done = static_cast<std::size_t>(last - input.windows.begin.begin());
      windows(input, from, done, out);
    }
  }

  void windows(const RangeInput& input, std::size_t from, std::size_t to, Column& out) {
    for (std::size_t i = from; i < to; ++i) window(input, i, out);
  }

  void window(const RangeInput& input, std::size_t i, Column& out) {
    if (usable_[i] == 0) return;
    const double* const values = input.series.values.data();
    const double first = values[first_[i]];
    double result = values[last_[i]] - first;
    if (!counter_) return out.set(i, result * factors_[i]);
    while (next_reset_ < resets_.size() && resets_[next_reset_] <= first_[i]) ++next_reset_;
    for (std::size_t r = next_reset_; r < resets_.size() && resets_[r] <= last_[i]; ++r) {
      result += values[resets_[r] - 1];
    }
    out.set(i, result * factor_for(input.range_ms, times_[i], factors_[i], first, result));
  }

  static bool may_meet_zero(const WindowTimes& times, double first, double result) {
    // No short cuts: the loop over all windows wants no branches.
    const int met = static_cast<int>(first * times.sampled <= times.to_start * result * 1.000001);
    return (met & static_cast<int>(result > 0) & static_cast<int>(first >= 0)) != 0;
  }

  /// A counter was not below zero: where its line through the window meets zero, the series begins at the earliest.
  /// The product tells without a division that it lies far outside, which is the usual case.
  /// @param usual  the factor if it does not.
  double factor_for(std::int64_t range_ms, const WindowTimes& times, double usual, double first, double result) const {
    if (!counter_ || !may_meet_zero(times, first, result)) return usual;
    const double to_zero = times.sampled * (first / result);
    return to_zero < times.to_start ? factor(range_ms, times, to_zero) : usual;
  }

  /// The same with start timestamps: they are resets that the values do not show, and a start within the window is a
  /// sample of value 0, in place of extrapolation to the left.
  void start_time_window(const RangeInput& input, std::size_t i, Column& out) {
    const std::uint32_t begin = input.windows.begin[i];
    const std::uint32_t end = input.windows.end[i];
    if (begin == end) return;
    const std::vector<Timestamp>& times = input.series.times;
    const std::vector<Timestamp>& starts = input.series.starts;
    const std::vector<double>& values = input.series.values;
    double result = values[end - 1] - values[begin];
    bool overlap = false;
    for (std::uint32_t k = begin + 1; k < end; ++k) {
      overlap = overlap || is_start_time_overlap(starts[k - 1], times[k - 1], starts[k]);
      if (values[k] < values[k - 1] || is_start_time_reset(starts[k - 1], times[k - 1], starts[k], times[k])) {
        result += values[k - 1];
      }
    }
    if (overlap) input.context.annotations().start_time_overlap(input.metric(), input.pos);

    const Timestamp range_end = input.reference.of(input.grid, i);
    const Timestamp range_start = range_end - input.range_ms;
    const Timestamp first = times[begin];
    WindowTimes window = window_times(range_start, range_end, first, times[end - 1], end - begin);
    double to_start = window.to_start;
    if (starts[begin] != 0 && starts[begin] > range_start && starts[begin] < first) {
      to_start = 0;
      window.sampled = static_cast<double>(times[end - 1] - starts[begin]) / 1000;
      result += values[begin];
    } else if (end - begin < 2) {
      return;
    } else if (result > 0 && values[begin] >= 0) {
      const double to_zero = window.sampled * (values[begin] / result);
      if (to_zero < to_start) to_start = to_zero;
    }
    out.set(i, result * factor(input.range_ms, window, to_start));
  }

  bool counter_, per_second_;
  std::uint64_t generation_ = 0;
  std::vector<DigestTimes> digested_;
  std::vector<WindowTimes> times_;
  std::vector<double> factors_;
  std::vector<std::uint32_t> first_, last_;  // samples of the windows
  std::vector<std::uint8_t> usable_;         // windows with two samples or more, and where they are
  std::size_t usable_begin_ = 0, usable_end_ = 0;
  std::vector<std::uint32_t> resets_;
  std::size_t next_reset_ = 0;  // the first that is not before the window at hand
};

class LastTwoFunction final : public RangeFunction {
 public:
  explicit LastTwoFunction(bool counter) : counter_(counter) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t floats = input.windows.size(i);
      if (input.has_histograms(i) && !check_histograms(input, i, out)) continue;
      if (floats >= 2) window(input, i, out);
    }
    return {};
  }

 private:
  /// True if the last two samples are floats, whatever came before; else it has done what is to be done.
  bool check_histograms(const RangeInput& input, std::size_t i, Column& out) const {
    const std::uint32_t floats = input.windows.size(i);
    const std::uint32_t histograms = input.histogram_windows->size(i);
    if (floats + histograms < 2) return false;
    const Timestamp last_histogram = input.series.histogram_times[input.histogram_windows->end[i] - 1];
    const std::uint32_t end = input.windows.end[i];
    if (floats >= 2 && input.series.times[end - 2] > last_histogram) return true;
    const bool both_histograms =
        histograms >= 2 && (floats == 0 || input.series.histogram_times[input.histogram_windows->end[i] - 2] >
                                               input.series.times[end - 1]);
    if (both_histograms) {
      histogram_window(input, i, out);
      return false;
    }
    input.context.annotations().mixed_floats_histograms(input.metric(), input.pos);
    return false;
  }

  void histogram_window(const RangeInput& input, std::size_t i, Column& out) const {
    const bool starts = counter_ && input.context.settings().use_start_timestamps;
    const HistogramWindow all = promql::histogram_window(input, i, starts);
    const std::size_t last = all.size() - 1;
    const bool started = !all.starts.empty() && is_start_time_reset(all.starts[last - 1], all.times[last - 1],
                                                                    all.starts[last], all.times[last]);
    auto result = histogram_step(input, *all.histograms[last - 1], *all.histograms[last], counter_, started);
    if (!result) return;
    if (counter_) model::divide(*result, static_cast<double>(all.times[last] - all.times[last - 1]) / 1000);
    set_histogram(out, i, std::move(*result));
  }

  void window(const RangeInput& input, std::size_t i, Column& out) const {
    const std::uint32_t last = input.windows.end[i] - 1;
    const std::vector<Timestamp>& times = input.series.times;
    const std::vector<double>& values = input.series.values;
    const std::vector<Timestamp>& starts = input.series.starts;
    double result = values[last] - values[last - 1];
    if (counter_) {
      const bool started = input.context.settings().use_start_timestamps && !starts.empty() &&
                           is_start_time_reset(starts[last - 1], times[last - 1], starts[last], times[last]);
      if (values[last] < values[last - 1] || started) result = values[last];
      result /= static_cast<double>(times[last] - times[last - 1]) / 1000;
    }
    out.set(i, result);
  }

  bool counter_;
};

}  // namespace

RangeFunctionPtr make_rate_function(std::string_view name) {
  if (name == "rate") return std::make_unique<ExtrapolatedFunction>(true, true);
  if (name == "increase") return std::make_unique<ExtrapolatedFunction>(true, false);
  if (name == "delta") return std::make_unique<ExtrapolatedFunction>(false, false);
  if (name == "irate") return std::make_unique<LastTwoFunction>(true);
  if (name == "idelta") return std::make_unique<LastTwoFunction>(false);
  return nullptr;
}

}  // namespace tocsin::promql
