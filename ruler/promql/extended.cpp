#include "promql/extended.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "model/histogram_math.hpp"
#include "promql/range_histograms.hpp"

namespace tocsin::promql {
namespace {

using model::FloatHistogram;

/// The samples of a window with its reach, and which of them bound it.
struct Edges {
  std::size_t first = 0, last = 0;
};

/// Nothing if no sample lies behind the start (or, smoothed, none before the end).
std::optional<Edges> find_edges(std::span<const Timestamp> times, Timestamp start, Timestamp end, bool smoothed) {
  const std::size_t newest = times.size() - 1;
  const auto before_newest = times.first(newest);
  const auto count_until = [](auto at, auto from) { return static_cast<std::size_t>(at - from); };
  Edges edges;
  edges.first = count_until(std::ranges::upper_bound(before_newest, start), before_newest.begin());
  if (edges.first > 0) --edges.first;
  edges.last = newest;
  if (smoothed) edges.last = count_until(std::ranges::lower_bound(before_newest, end), before_newest.begin());
  if (times[edges.last] <= start || (smoothed && times[edges.first] > end)) return std::nullopt;
  return edges;
}

double value_at_start(std::span<const Timestamp> times, std::span<const double> values, std::size_t first,
                      Timestamp start, bool smoothed, bool counter) {
  if (!smoothed || times[first] >= start) return values[first];
  return interpolate(times[first], values[first], times[first + 1], values[first + 1], start, counter);
}

double value_at_end(std::span<const Timestamp> times, std::span<const double> values, std::size_t last, Timestamp end,
                    bool smoothed, bool counter) {
  if (!smoothed || last == 0 || times[last] <= end) return values[last];
  return interpolate(times[last - 1], values[last - 1], times[last], values[last], end, counter);
}

/// What a counter lost in resets on its way from `left` over `values` to `right`.
double lost_in_resets(double left, std::span<const double> values, double right) {
  double lost = 0;
  double before = left;
  for (const double value : values) {
    if (value < before) lost += before;
    before = value;
  }
  return right < before ? lost + before : lost;
}

/// Nothing, with a warning, if exponential and custom buckets meet.
std::optional<FloatHistogram> interpolate(const RangeInput& input, const HistogramWindow& window, std::size_t before,
                                          Timestamp t, bool counter) {
  const FloatHistogram& a = *window.histograms[before];
  const FloatHistogram& b = *window.histograms[before + 1];
  const Timestamp from = window.times[before];
  const Timestamp to = window.times[before + 1];
  if (t == from) return a;
  if (t == to) return b;
  const double fraction = static_cast<double>(t - from) / static_cast<double>(to - from);
  FloatHistogram result = b;
  if (counter && model::is_reset(b, a)) {
    model::multiply(result, fraction);
    return result;
  }
  if (!model::are_compatible(a, b)) {
    input.context.annotations().mixed_exponential_custom(input.metric(), input.pos);
    return std::nullopt;
  }
  if (model::subtract(result, a).bounds_reconciled) {
    input.context.annotations().mismatched_custom_buckets("subtraction", input.pos);
  }
  model::multiply(result, fraction);
  if (!add_histogram(input, result, a)) return std::nullopt;
  return result;
}

/// rate, increase, delta without extrapolation.
class ExtendedRate final : public RangeFunction {
 public:
  ExtendedRate(bool counter, bool per_second, bool smoothed)
      : counter_(counter), per_second_(per_second), smoothed_(smoothed) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const bool floats = input.windows.size(i) != 0;
      const bool histograms = input.has_histograms(i);
      if (floats && histograms) {
        input.context.annotations().mixed_floats_histograms(input.metric(), input.pos);
      } else if (floats) {
        TOCSIN_OK(input.context.spend(input.windows.size(i)));
        float_window(input, i, out);
      } else if (histograms) {
        const HistogramWindow window = histogram_window(input, i, false);
        TOCSIN_OK(input.context.spend(window.size() * kHistogramWork));
        if (auto result = increase(input, i, window)) {
          if (per_second_) model::divide(*result, seconds(input.range_ms));
          result->reset_hint = model::CounterReset::kGauge;
          set_histogram(out, i, std::move(*result));
        }
      }
    }
    return {};
  }

 private:
  static double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

  void float_window(const RangeInput& input, std::size_t i, Column& out) const {
    const auto part = [&](const auto& column) {
      return std::span(column).subspan(input.windows.begin[i], input.windows.size(i));
    };
    const std::span<const Timestamp> times = part(input.series.times);
    const std::span<const double> values = part(input.series.values);
    const Timestamp end = input.reference.of(input.grid, i);
    const Timestamp start = end - input.range_ms;
    const auto edges = find_edges(times, start, end, smoothed_);
    if (!edges) return;
    const double left = value_at_start(times, values, edges->first, start, smoothed_, counter_);
    const double right = value_at_end(times, values, edges->last, end, smoothed_, counter_);
    double result = right - left;
    if (counter_) {
      const std::size_t first = edges->first + (times[edges->first] <= start ? 1 : 0);
      const std::size_t behind = edges->last + (times[edges->last] >= end ? 0 : 1);
      result += lost_in_resets(left, first < behind ? values.subspan(first, behind - first) : values.first(0), right);
    }
    out.set(i, per_second_ ? result / seconds(input.range_ms) : result);
  }

  std::optional<FloatHistogram> increase(const RangeInput& input, std::size_t i, const HistogramWindow& window) const {
    const Timestamp end = input.reference.of(input.grid, i);
    const Timestamp start = end - input.range_ms;
    const auto edges = find_edges(window.times, start, end, smoothed_);
    if (!edges || !is_uniform(input, window, *edges)) return std::nullopt;
    std::optional<FloatHistogram> left = *window.histograms[edges->first];
    if (smoothed_ && window.times[edges->first] < start) {
      left = interpolate(input, window, edges->first, start, counter_);
    }
    std::optional<FloatHistogram> right = *window.histograms[edges->last];
    if (left && smoothed_ && edges->last > 0 && window.times[edges->last] > end) {
      right = interpolate(input, window, edges->last - 1, end, counter_);
    }
    if (!left || !right) return std::nullopt;
    const auto is_gauge = [](const FloatHistogram& h) { return h.reset_hint == model::CounterReset::kGauge; };
    if (!counter_ && (!is_gauge(*left) || !is_gauge(*right))) {
      input.context.annotations().native_histogram_not_gauge(input.metric(), input.pos);
    }
    FloatHistogram result = *right;
    if (model::subtract(result, *left).bounds_reconciled) {
      input.context.annotations().mismatched_custom_buckets("subtraction", input.pos);
    }
    if (counter_) {
      const auto lost = lost_histogram(input, window, *edges, start, *left, *right);
      if (lost && !add_histogram(input, result, *lost)) return std::nullopt;
    }
    return result;
  }

  /// Exponential and custom buckets are not mixed; a gauge among counters gets a word.
  bool is_uniform(const RangeInput& input, const HistogramWindow& window, const Edges& edges) const {
    const FloatHistogram& first = *window.histograms[edges.first];
    for (std::size_t k = edges.first; k <= edges.last; ++k) {
      const FloatHistogram& histogram = *window.histograms[k];
      if (!model::are_compatible(first, histogram)) {
        input.context.annotations().mixed_exponential_custom(input.metric(), input.pos);
        return false;
      }
      if (counter_ && histogram.reset_hint == model::CounterReset::kGauge) {
        input.context.annotations().native_histogram_not_counter(input.metric(), input.pos);
      }
    }
    return true;
  }

  /// As lost_in_resets(); nothing if nothing was. The last histogram stands in `right`, with its hint.
  std::optional<FloatHistogram> lost_histogram(const RangeInput& input, const HistogramWindow& window,
                                               const Edges& edges, Timestamp start, const FloatHistogram& left,
                                               const FloatHistogram& right) const {
    const auto& histograms = window.histograms;
    std::size_t next = edges.first + 1;
    const FloatHistogram* before = &left;
    const bool reset_at_start = smoothed_ && window.times[edges.first] < start &&
                                model::is_reset(*histograms[edges.first + 1], *histograms[edges.first]);
    if (reset_at_start) before = histograms[next++].get();  // the value at the start took it into account
    if (next > edges.last) return std::nullopt;
    std::optional<FloatHistogram> lost;
    const auto look_at = [&](const FloatHistogram& now) {
      if (!model::is_reset(now, *before)) return;
      if (lost) {
        add_histogram(input, *lost, *before);
      } else {
        lost = *before;
      }
    };
    for (; next < edges.last; ++next) {
      look_at(*histograms[next]);
      before = histograms[next].get();
    }
    look_at(right);
    return lost;
  }

  bool counter_, per_second_, smoothed_;
};

/// Between the samples around each step; the last value where none follows.
class SmoothedSelector final : public VectorOperator {
 public:
  SmoothedSelector(QueryContext& context, const Grid& grid, Selection selection, parser::PositionRange pos)
      : context_(context),
        grid_(grid),
        reference_(selection.reference),
        lookback_ms_(context.settings().lookback_ms),
        pos_(pos) {
    selection.reference.offset_ms -= lookback_ms_;
    source_ = make_range_selector(context, grid, std::move(selection), 2 * lookback_ms_);
  }

  Result<bool> next(Column& out) override {
    for (;;) {
      TOCSIN_TRY(const bool more, source_->next(series_));
      if (!more) return false;
      TOCSIN_OK(context_.spend(grid_.count));
      out.reset(grid_.count);
      Reference late = reference_;
      late.offset_ms -= lookback_ms_;
      floats_.compute(series_.times, grid_, late, 2 * lookback_ms_);
      histograms_.compute(series_.histogram_times, grid_, late, 2 * lookback_ms_);
      const RangeInput input{context_,     grid_, reference_, 2 * lookback_ms_, series_, floats_, 0,
                             &histograms_, {},    pos_};
      for (std::size_t i = 0; i < grid_.count; ++i) {
        if (floats_.size(i) != 0 && histograms_.size(i) != 0) {
          context_.annotations().mixed_floats_histograms(input.metric(), pos_);
        } else if (floats_.size(i) != 0) {
          put_float(i, out);
        } else if (histograms_.size(i) != 0) {
          put_histogram(input, i, out);
        }
      }
      if (!out.finish()) continue;
      out.labels = series_.labels;
      return true;
    }
  }
  bool whole() const override { return true; }

 private:
  void put_float(std::size_t i, Column& out) const {
    const Timestamp t = reference_.of(grid_, i);
    const std::span<const Timestamp> times = std::span(series_.times).subspan(floats_.begin[i], floats_.size(i));
    const double* const values = series_.values.data() + floats_.begin[i];
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(times, t) - times.begin());
    if (at < times.size() && times[at] == t) {
      out.set(i, values[at]);
    } else if (at > 0 && at < times.size()) {
      out.set(i, promql::interpolate(times[at - 1], values[at - 1], times[at], values[at], t, false));
    } else if (at > 0) {
      out.set(i, values[at - 1]);
    }
  }

  void put_histogram(const RangeInput& input, std::size_t i, Column& out) const {
    const Timestamp t = reference_.of(grid_, i);
    const HistogramWindow window = histogram_window(input, i, false);
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(window.times, t) - window.times.begin());
    if (at < window.size() && window.times[at] == t) {
      out.set_histogram(i, window.histograms[at]);
    } else if (at > 0 && at < window.size()) {
      const auto is_gauge = [&](std::size_t k) {
        return window.histograms[k]->reset_hint == model::CounterReset::kGauge;
      };
      if (!model::are_compatible(*window.histograms[at - 1], *window.histograms[at])) {
        context_.annotations().mixed_exponential_custom(input.metric(), pos_);
        return;
      }
      auto between = interpolate(input, window, at - 1, t, !(is_gauge(at - 1) && is_gauge(at)));
      if (between) set_histogram(out, i, std::move(*between));
    } else if (at > 0) {
      FloatHistogram last = *window.histograms[at - 1];
      last.reset_hint = model::CounterReset::kUnknown;
      set_histogram(out, i, std::move(last));
    }
  }

  QueryContext& context_;
  Grid grid_;
  Reference reference_;
  std::int64_t lookback_ms_;
  parser::PositionRange pos_;
  RangeSourcePtr source_;
  RangeSeries series_;
  Windows floats_, histograms_;
};

}  // namespace

Extension extension_of(const parser::VectorSelector& selector) {
  if (selector.anchored) return Extension::kAnchored;
  return selector.smoothed ? Extension::kSmoothed : Extension::kNone;
}

std::string_view extension_text(Extension extension) {
  return extension == Extension::kAnchored ? "anchored" : "smoothed";
}

Reach reach_of(Extension extension, std::int64_t lookback_ms) {
  if (extension == Extension::kNone) return {};
  return {lookback_ms, extension == Extension::kSmoothed ? lookback_ms : 0};
}

RangeFunctionPtr make_extended_function(std::string_view name, Extension extension) {
  const bool smoothed = extension == Extension::kSmoothed;
  if (name == "rate") return std::make_unique<ExtendedRate>(true, true, smoothed);
  if (name == "increase") return std::make_unique<ExtendedRate>(true, false, smoothed);
  if (name == "delta") return std::make_unique<ExtendedRate>(false, false, smoothed);
  if (smoothed) return nullptr;
  return make_anchored_count_function(name);
}

std::string_view functions_with(Extension extension) {
  return extension == Extension::kAnchored ? "changes, delta, increase, rate, resets" : "delta, increase, rate";
}

Result<void> extend_edges(RangeSeries& series, Timestamp start, Timestamp end, Extension extension) {
  if (!series.histograms.empty()) {
    return fail(Errc::kExecution, "{} modifier is not supported with histograms", extension_text(extension));
  }
  if (series.times.empty()) return {};
  const bool smoothed = extension == Extension::kSmoothed;
  const std::vector<Timestamp> times = std::exchange(series.times, {});
  const std::vector<double> values = std::exchange(series.values, {});
  series.starts.clear();
  const auto edges = find_edges(times, start, end, false);
  if (!edges) return {};
  Edges used = *edges;
  if (smoothed) {
    const auto at = std::lower_bound(times.begin(), times.end() - 1, end);
    used.last = static_cast<std::size_t>(at - times.begin());
    if (times[used.last] <= start) return {};
  }
  series.times.push_back(start);
  series.values.push_back(value_at_start(times, values, used.first, start, smoothed, false));
  for (std::size_t k = used.first; k <= used.last; ++k) {
    if (times[k] <= start || times[k] >= end) continue;
    series.times.push_back(times[k]);
    series.values.push_back(values[k]);
  }
  series.times.push_back(end);
  series.values.push_back(value_at_end(times, values, used.last, end, smoothed, false));
  return {};
}

VectorOperatorPtr make_smoothed_selector(QueryContext& context, const Grid& grid, Selection selection,
                                         parser::PositionRange pos) {
  return std::make_unique<SmoothedSelector>(context, grid, std::move(selection), pos);
}

double interpolate(Timestamp t1, double v1, Timestamp t2, double v2, Timestamp t, bool counter) {
  if (counter && v2 < v1) v1 = 0;
  return v1 + (v2 - v1) * static_cast<double>(t - t1) / static_cast<double>(t2 - t1);
}

}  // namespace tocsin::promql
