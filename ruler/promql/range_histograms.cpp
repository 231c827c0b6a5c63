#include "promql/range_histograms.hpp"

#include <algorithm>
#include <utility>

#include "model/histogram_buckets.hpp"
#include "model/histogram_compact.hpp"
#include "promql/start_times.hpp"

namespace tocsin::promql {
namespace {

using model::CounterReset;
using model::FloatHistogram;

bool is_gauge(const FloatHistogram& histogram) {
  return histogram.reset_hint == CounterReset::kGauge;
}

/// Reset hints that contradict each other in what is added up.
class HintWatch {
 public:
  void look_at(const FloatHistogram& histogram) {
    reset_ |= histogram.reset_hint == CounterReset::kReset;
    not_reset_ |= histogram.reset_hint == CounterReset::kNotReset;
  }
  bool collision() const { return reset_ && not_reset_; }

 private:
  bool reset_ = false, not_reset_ = false;
};

/// Adds all of a window to a HistogramSum or HistogramMean of its first.
template <typename Sum>
std::optional<FloatHistogram> sum_up(const RangeInput& input, const HistogramWindow& window) {
  const FloatHistogram& first = *window.histograms.front();
  Sum sum(first);
  HintWatch hints;
  hints.look_at(first);
  bool reconciled = false;
  for (const model::HistogramPtr& histogram : window.histograms.subspan(1)) {
    hints.look_at(*histogram);
    if (!model::are_compatible(first, *histogram)) {
      input.context.annotations().mixed_exponential_custom(input.metric(), input.pos);
      return std::nullopt;
    }
    reconciled |= sum.add(*histogram).bounds_reconciled;
  }
  if (hints.collision()) input.context.annotations().counter_reset_collision("aggregation", input.pos);
  if (reconciled) input.context.annotations().mismatched_custom_buckets("aggregation", input.pos);
  return sum.take();
}

/// What is wrong with the histograms between the first and the last, and the coarsest of their schemas.
struct Survey {
  bool mixed = false;
  std::int32_t schema = 0;
};

Survey survey(const RangeInput& input, const HistogramWindow& window, const FloatHistogram& first, bool counter) {
  const FloatHistogram& last = *window.histograms.back();
  Survey out{.mixed = !model::are_compatible(first, last), .schema = std::min(first.schema, last.schema)};
  if (!counter) return out;
  for (const model::HistogramPtr& histogram : window.histograms.subspan(1, window.size() - 2)) {
    if (is_gauge(*histogram)) input.context.annotations().native_histogram_not_counter(input.metric(), input.pos);
    out.schema = std::min(out.schema, histogram->schema);
    out.mixed |= !model::are_compatible(first, *histogram);
  }
  return out;
}

}  // namespace

bool HistogramWindow::is_reset(std::size_t k) const {
  return is_reset(k, *histograms[k - 1]);
}

bool HistogramWindow::is_reset(std::size_t k, const FloatHistogram& before) const {
  if (!starts.empty() && is_start_time_reset(starts[k - 1], times[k - 1], starts[k], times[k])) return true;
  return model::is_reset(*histograms[k], before);
}

HistogramWindow histogram_window(const RangeInput& input, std::size_t step, bool starts) {
  const std::size_t begin = input.histogram_windows->begin[step];
  const std::size_t size = input.histogram_windows->size(step);
  const RangeSeries& series = input.series;
  HistogramWindow window{
      std::span(series.histogram_times).subspan(begin, size), std::span(series.histograms).subspan(begin, size), {}};
  if (starts && !series.histogram_starts.empty()) {
    window.starts = std::span(series.histogram_starts).subspan(begin, size);
  }
  return window;
}

std::optional<FloatHistogram> histogram_increase(const RangeInput& input, const HistogramWindow& window, bool counter) {
  Annotations& annotations = input.context.annotations();
  const FloatHistogram& front = *window.histograms.front();
  const FloatHistogram& last = *window.histograms.back();
  if (counter && (is_gauge(front) || is_gauge(last))) {
    annotations.native_histogram_not_counter(input.metric(), input.pos);
  }
  // Before a reset right behind it, the first counts nothing, whatever its buckets are.
  FloatHistogram empty;
  const FloatHistogram* first = &front;
  if (counter && window.is_reset(1)) {
    empty.schema = window.histograms[1]->schema;
    empty.custom_values = window.histograms[1]->custom_values;
    first = &empty;
  }
  const Survey survey = promql::survey(input, window, *first, counter);
  if (survey.mixed) {
    annotations.mixed_exponential_custom(input.metric(), input.pos);
    return std::nullopt;
  }
  FloatHistogram result = last;
  model::reduce_resolution(result, survey.schema);
  if (model::subtract(result, *first).bounds_reconciled) {
    annotations.mismatched_custom_buckets("subtraction", input.pos);
  }
  if (counter) {
    bool overlap = false;
    for (std::size_t k = 1; k < window.size(); ++k) {
      overlap |=
          !window.starts.empty() && is_start_time_overlap(window.starts[k - 1], window.times[k - 1], window.starts[k]);
      const FloatHistogram& before = k == 1 ? *first : *window.histograms[k - 1];
      if (!window.is_reset(k, before)) continue;
      if (!add_histogram(input, result, before)) return std::nullopt;
    }
    if (overlap) annotations.start_time_overlap(input.metric(), input.pos);
  } else if (!is_gauge(front) || !is_gauge(last)) {
    annotations.native_histogram_not_gauge(input.metric(), input.pos);
  }
  result.reset_hint = CounterReset::kGauge;
  return result;
}

bool add_histogram(const RangeInput& input, FloatHistogram& to, const FloatHistogram& other) {
  if (!model::are_compatible(to, other)) {
    input.context.annotations().mixed_exponential_custom(input.metric(), input.pos);
    return false;
  }
  if (model::add(to, other).bounds_reconciled) {
    input.context.annotations().mismatched_custom_buckets("addition", input.pos);
  }
  return true;
}

std::optional<FloatHistogram> histogram_sum(const RangeInput& input, const HistogramWindow& window) {
  return sum_up<model::HistogramSum>(input, window);
}

std::optional<FloatHistogram> histogram_mean(const RangeInput& input, const HistogramWindow& window) {
  return sum_up<model::HistogramMean>(input, window);
}

std::optional<FloatHistogram> histogram_step(const RangeInput& input, const FloatHistogram& before,
                                             const FloatHistogram& last, bool counter, bool reset) {
  Annotations& annotations = input.context.annotations();
  if (counter && (is_gauge(last) || is_gauge(before))) {
    annotations.native_histogram_not_counter(input.metric(), input.pos);
  }
  if (!counter && (!is_gauge(last) || !is_gauge(before))) {
    annotations.native_histogram_not_gauge(input.metric(), input.pos);
  }
  FloatHistogram result = last;
  if (!counter || (!reset && !model::is_reset(last, before))) {
    if (!model::are_compatible(last, before)) {
      annotations.mixed_exponential_custom(input.metric(), input.pos);
      return std::nullopt;
    }
    if (model::subtract(result, before).bounds_reconciled) {
      annotations.mismatched_custom_buckets("subtraction", input.pos);
    }
  }
  result.reset_hint = CounterReset::kGauge;
  return result;
}

void set_histogram(Column& out, std::size_t step, FloatHistogram histogram) {
  histogram.integer = false;
  model::compact(histogram, 0);
  out.set_histogram(step, std::make_shared<const FloatHistogram>(std::move(histogram)));
}

}  // namespace tocsin::promql
