#include "promqltest/loader.hpp"

#include "model/histogram_math.hpp"
#include "promqltest/histograms.hpp"

namespace tocsin::promqltest {
namespace {

/// What a store makes of hints: within a chunk there is no reset, and of the first histogram in a chunk nothing is
/// known. Resets, also told ones, and other bucket layouts begin a chunk.
model::HistogramPtr with_stored_hint(const model::HistogramPtr& before, const model::HistogramPtr& now) {
  using model::CounterReset;
  if (now->reset_hint == CounterReset::kGauge) return now;
  auto out = std::make_shared<model::FloatHistogram>(*now);
  out->reset_hint = CounterReset::kUnknown;
  const bool same_layout = before != nullptr && before->reset_hint != CounterReset::kGauge &&
                           before->schema == now->schema && before->zero_threshold == now->zero_threshold &&
                           before->custom_values == now->custom_values;
  if (same_layout && now->reset_hint != CounterReset::kReset && !model::is_reset(*out, *before)) {
    out->reset_hint = CounterReset::kNotReset;
  }
  return out;
}

}  // namespace

Result<LoadPoints> expand_load(const LoadCommand& load, Timestamp origin) {
  LoadPoints points;
  SampleTable floats;
  for (const LoadCommand::Series& series : load.series) {
    auto& of_series = points[series.line.labels];
    of_series.clear();
    auto& floats_of_series = floats[series.line.labels];
    floats_of_series.clear();
    for (std::size_t i = 0; i < series.line.values.size(); ++i) {
      const SeriesValue& value = series.line.values[i];
      if (value.omitted) continue;
      const Timestamp t = origin + static_cast<std::int64_t>(i) * load.interval_ms;
      const bool started = !series.starts.empty() && series.starts[i].known;
      of_series[t] = {value.value, started ? t + series.starts[i].offset_ms : 0, value.histogram};
      if (value.histogram == nullptr) floats_of_series[t] = value.value;
    }
  }
  if (!load.with_nhcb) return points;
  TOCSIN_TRY(const HistogramTable converted, convert_classic_histograms(floats));
  for (const auto& [labels, of_series] : converted) {
    for (const auto& [t, histogram] : of_series) points[labels][t] = {0, 0, histogram};
  }
  return points;
}

Result<void> LoadWriter::write(storage::Appendable& store, LoadPoints& points, Timestamp until) {
  const auto appender = store.appender();
  for (auto it = points.begin(); it != points.end();) {
    TOCSIN_OK(write_series(*appender, it->first, it->second, until));
    it = it->second.empty() ? points.erase(it) : std::next(it);
  }
  return appender->commit();
}

Result<void> LoadWriter::write_series(storage::Appender& appender, const model::Labels& labels,
                                      std::map<Timestamp, LoadPoint>& points, Timestamp until) {
  while (!points.empty() && points.begin()->first <= until) {
    const auto& [t, point] = *points.begin();
    storage::AppendResult result;
    if (point.histogram != nullptr) {
      model::HistogramPtr& last = last_histograms_[labels];
      last = with_stored_hint(last, point.histogram);
      result = appender.append_histogram(0, &labels, t, last, point.start);
    } else {
      result = appender.append(0, &labels, t, point.value, point.start);
    }
    if (result.status != storage::AppendStatus::kOk) {
      return fail(Errc::kInvalid, "{} at {} ms: {}", labels.to_string(), t, storage::append_status_text(result.status));
    }
    points.erase(points.begin());
  }
  return {};
}

}  // namespace tocsin::promqltest
