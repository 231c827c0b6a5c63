// What functions make of the samples within a range, each by its definition.

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/promql_twin.hpp"

namespace tocsin::test {
namespace {

/// Floats alone.
using Window = std::vector<std::pair<Timestamp, double>>;
using Sample = std::pair<Timestamp, TwinPoint>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Where a counter began to count, if that is within the range and before its first sample: it was zero then.
std::optional<Timestamp> beginning(const TwinWindow& window, Timestamp start) {
  const auto& [first, point] = window.front();
  if (point.start == 0 || point.start <= start || point.start >= first) return std::nullopt;
  return point.start;
}

/// By what a change between the first and the last sample, or from zero on, is multiplied for the change in (start,
/// end].
/// @param first, change  of a counter that rose: it is not taken for less than zero before.
double extrapolation(const TwinWindow& window, Timestamp start, Timestamp end, bool rate, std::optional<double> first,
                     double change, std::optional<Timestamp> zero) {
  double sampled = static_cast<double>(window.back().first - window.front().first) / 1000;
  const double average = window.size() < 2 ? 0 : sampled / static_cast<double>(window.size() - 1);
  double left = static_cast<double>(window.front().first - start) / 1000;
  double right = static_cast<double>(end - window.back().first) / 1000;
  if (left >= average * 1.1) left = average / 2;
  if (right >= average * 1.1) right = average / 2;
  if (first && change > 0 && *first >= 0) left = std::min(left, sampled * (*first / change));
  if (zero) left = 0;
  if (zero) sampled = static_cast<double>(window.back().first - *zero) / 1000;
  const double factor = (sampled + left + right) / sampled;
  return rate ? factor / (static_cast<double>(end - start) / 1000) : factor;
}

/// Says so if a sample's counting began within the time of the sample before it, with which it did not begin.
void check_starts(const TwinWindow& window, const TwinVoice& voice) {
  for (std::size_t i = 1; i < window.size(); ++i) {
    const Timestamp start = window[i].second.start;
    if (start == 0 || start >= window[i - 1].first || start == window[i - 1].second.start) continue;
    voice.overlap();
    return;
  }
}

bool is_reset(const Sample& before, const Sample& next) {
  if (twin_began_again(before, next)) return true;
  if (next.second.h != nullptr) return twin_was_reset(*before.second.h, *next.second.h);
  return next.second.v < before.second.v;
}

std::optional<double> extrapolated(const TwinWindow& window, Timestamp start, Timestamp end, bool counter, bool rate,
                                   const TwinVoice& voice) {
  const std::optional<Timestamp> zero = counter ? beginning(window, start) : std::nullopt;
  double increase = window.back().second.v - window.front().second.v;
  for (std::size_t i = 1; counter && i < window.size(); ++i) {
    if (is_reset(window[i - 1], window[i])) increase += window[i - 1].second.v;
  }
  if (counter) check_starts(window, voice);
  if (window.size() < 2 && !zero) return std::nullopt;
  const std::optional<double> first = counter ? std::optional(window.front().second.v) : std::nullopt;
  if (zero) increase += *first;
  return increase * extrapolation(window, start, end, rate, first, increase, zero);
}

std::optional<double> last_two(const TwinWindow& window, bool counter) {
  if (window.size() < 2) return std::nullopt;
  const Sample& last = window[window.size() - 1];
  const Sample& before = window[window.size() - 2];
  const double change = last.second.v - before.second.v;
  if (!counter) return change;
  return (is_reset(before, last) ? last.second.v : change) / (static_cast<double>(last.first - before.first) / 1000);
}

std::optional<double> trend(const Window& window, Timestamp origin, bool predict, double seconds) {
  if (window.size() < 2) return std::nullopt;
  const bool constant = std::all_of(window.begin(), window.end(),
                                    [&](const auto& sample) { return sample.second == window.front().second; });
  if (constant) {
    if (std::isinf(window.front().second)) return kNan;
    return predict ? window.front().second : 0;
  }
  long double n = 0, x = 0, y = 0, xy = 0, xx = 0;
  for (const auto& [t, v] : window) {
    const long double dt = static_cast<long double>(t - origin) / 1000;
    n += 1;
    x += dt;
    y += v;
    xy += dt * v;
    xx += dt * dt;
  }
  const long double slope = (xy - x * y / n) / (xx - x * x / n);
  const long double intercept = y / n - slope * x / n;
  return static_cast<double>(predict ? slope * seconds + intercept : slope);
}

std::vector<double> values_of(const Window& window) {
  std::vector<double> out;
  for (const auto& sample : window) out.push_back(sample.second);
  return out;
}

double smoothed_exponentially(const Window& window, double factor, double trend_factor) {
  double level = window[0].second;
  double trend = window[1].second - window[0].second;
  double previous = level;
  for (std::size_t i = 1; i < window.size(); ++i) {
    if (i > 1) trend = trend_factor * (level - previous) + (1 - trend_factor) * trend;
    previous = level;
    level = factor * window[i].second + (1 - factor) * (level + trend);
  }
  return level;
}

double deviation(std::vector<double> values) {
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) return kNan;
  const double median = twin_quantile(0.5, values);
  for (double& v : values) v = std::abs(v - median);
  return twin_quantile(0.5, values);
}

/// The time of the last of the greatest or smallest samples.
double time_of_extreme(const Window& window, bool greatest) {
  auto best = window.front();
  for (const auto& sample : window) {
    const bool better = greatest ? sample.second >= best.second : sample.second <= best.second;
    if (better || std::isnan(best.second)) best = sample;
  }
  return static_cast<double>(best.first) / 1000;
}

std::optional<double> statistic(std::string_view name, const Window& window, const std::vector<double>& arguments) {
  const std::vector<double> values = values_of(window);
  const double n = static_cast<double>(values.size());
  long double sum = 0;
  for (const double v : values) sum += v;
  long double squares = 0;
  for (const double v : values) squares += (v - sum / n) * (v - sum / n);
  double least = kNan, most = kNan;
  double changes = 0, resets = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    if (std::isnan(least) || v < least) least = v;
    if (std::isnan(most) || v > most) most = v;
    if (i == 0) continue;
    const double before = values[i - 1];
    if (v != before && !(std::isnan(v) && std::isnan(before))) ++changes;
    if (v < before) ++resets;
  }
  if (name == "sum_over_time") return static_cast<double>(sum);
  if (name == "avg_over_time") return static_cast<double>(sum) / n;
  if (name == "stdvar_over_time") return static_cast<double>(squares / n);
  if (name == "stddev_over_time") return std::sqrt(static_cast<double>(squares / n));
  if (name == "count_over_time") return n;
  if (name == "present_over_time") return 1;
  if (name == "min_over_time") return least;
  if (name == "max_over_time") return most;
  if (name == "first_over_time") return values.front();
  if (name == "last_over_time") return values.back();
  if (name == "quantile_over_time") return twin_quantile(arguments.at(0), values);
  if (name == "changes") return changes;
  if (name == "resets") return resets;
  throw TwinError("the twin does not know " + std::string(name));
}

std::optional<TwinPoint> of_floats(std::string_view name, const TwinWindow& samples, Timestamp start, Timestamp end,
                                   Timestamp t, const std::vector<double>& arguments, const TwinVoice& voice) {
  if (name == "rate") return extrapolated(samples, start, end, true, true, voice);
  if (name == "increase") return extrapolated(samples, start, end, true, false, voice);
  if (name == "delta") return extrapolated(samples, start, end, false, false, voice);
  if (name == "irate") return last_two(samples, true);
  if (name == "idelta") return last_two(samples, false);
  Window window;
  for (const auto& [time, point] : samples) window.emplace_back(time, point.v);
  if (name == "deriv") return trend(window, window.front().first, false, 0);
  if (name == "predict_linear") return trend(window, t, true, arguments.at(0));
  if (name == "mad_over_time") return deviation(values_of(window));
  if (name == "ts_of_max_over_time") return time_of_extreme(window, true);
  if (name == "ts_of_min_over_time") return time_of_extreme(window, false);
  if (name == "double_exponential_smoothing") {
    for (const double factor : arguments) {
      if (factor <= 0 || factor >= 1) throw TwinError("invalid factor");
    }
    if (window.size() < 2) return std::nullopt;
    return smoothed_exponentially(window, arguments.at(0), arguments.at(1));
  }
  return statistic(name, window, arguments);
}

/// a + sign * b where both are exponential or both have bounds of their own; says if the bounds differ.
TwinHistogram combined(const TwinHistogram& a, const TwinHistogram& b, double sign, const TwinVoice& voice) {
  const auto sum = twin_sum(a, b, sign);
  if (!sum) throw TwinError("BUG: schemas that do not go together");
  if (sum->reconciled) voice.reconciled(sign > 0 ? "addition" : "subtraction");
  return sum->value;
}

/// Of two samples at least; nothing, and says so, if their buckets do not go together.
std::optional<TwinHistogram> histogram_difference(const TwinWindow& window, bool counter, const TwinVoice& voice) {
  TwinHistogram begin = *window.front().second.h;
  const TwinHistogram& last = *window.back().second.h;
  const bool gauges = begin.is_gauge() && last.is_gauge();
  // What was there before a reset does not matter, nor what its buckets were.
  if (counter && is_reset(window[0], window[1])) begin = twin_nothing(*window[1].second.h);
  const auto middle = [&](const auto& test) { return std::any_of(window.begin() + 1, window.end() - 1, test); };
  const auto differs = [&](const Sample& sample) { return sample.second.h->is_custom() != begin.is_custom(); };
  const bool strange = counter && middle(differs), ends_differ = differs(window.back());
  const bool gauge_at_an_end = counter && (window.front().second.h->is_gauge() || last.is_gauge());
  if (gauge_at_an_end && (ends_differ || !strange)) voice.not_a_counter();
  if (ends_differ || strange) {
    voice.mixed_schemas();
    return std::nullopt;
  }
  if (counter && middle([](const Sample& sample) { return sample.second.h->is_gauge(); })) voice.not_a_counter();
  TwinHistogram change = combined(last, begin, -1, voice);
  for (std::size_t i = 1; counter && i < window.size(); ++i) {
    TwinPoint before = i == 1 ? TwinPoint(begin) : window[i - 1].second;
    before.start = window[i - 1].second.start;
    const TwinHistogram& next = *window[i].second.h;
    if (is_reset({window[i - 1].first, before}, window[i])) change = combined(change, *before.h, 1, voice);
    // As coarse as the coarsest.
    if (!next.is_custom()) change = combined(change, twin_nothing(next), 1, voice);
  }
  if (counter) check_starts(window, voice);
  if (!counter && !gauges) voice.not_a_gauge();
  return change;
}

std::optional<TwinPoint> histogram_change(const TwinWindow& window, Timestamp start, Timestamp end, bool counter,
                                          bool rate, const TwinVoice& voice) {
  const std::optional<Timestamp> zero = counter ? beginning(window, start) : std::nullopt;
  const TwinHistogram& first = *window.front().second.h;
  TwinHistogram change = twin_nothing(first);
  if (window.size() > 1) {
    const auto difference = histogram_difference(window, counter, voice);
    if (!difference) return std::nullopt;
    change = *difference;
  } else if (!zero) {
    return std::nullopt;
  }
  if (zero && change.is_custom() != first.is_custom()) {
    voice.mixed_schemas();
    return std::nullopt;
  }
  if (zero) change = window.size() > 1 ? combined(change, first, 1, voice) : first;
  const std::optional<double> count = counter ? std::optional(first.count) : std::nullopt;
  TwinHistogram out = twin_scaled(change, extrapolation(window, start, end, rate, count, change.count, zero));
  out.hint = model::CounterReset::kGauge;
  return out;
}

std::optional<TwinPoint> last_two_histograms(const TwinWindow& window, bool counter, const TwinVoice& voice) {
  if (window.size() < 2) return std::nullopt;
  const auto& [t1, last] = window[window.size() - 1];
  const auto& [t0, before] = window[window.size() - 2];
  if (counter && (last.h->is_gauge() || before.h->is_gauge())) voice.not_a_counter();
  if (!counter && !(last.h->is_gauge() && before.h->is_gauge())) voice.not_a_gauge();
  TwinHistogram out = *last.h;
  if (!counter || !is_reset(window[window.size() - 2], window.back())) {
    if (last.h->is_custom() != before.h->is_custom()) {
      voice.mixed_schemas();
      return std::nullopt;
    }
    out = combined(*last.h, *before.h, -1, voice);
  }
  if (counter) out = twin_scaled(out, 1000 / static_cast<double>(t1 - t0));
  out.hint = model::CounterReset::kGauge;
  return out;
}

std::optional<TwinPoint> total(const TwinWindow& window, const TwinVoice& voice) {
  TwinHistogram sum = *window.front().second.h;
  bool reconciled = false, reset = false, no_reset = false;
  for (std::size_t i = 0; i < window.size(); ++i) {
    const TwinHistogram& h = *window[i].second.h;
    reset = reset || h.hint == model::CounterReset::kReset;
    no_reset = no_reset || h.hint == model::CounterReset::kNotReset;
    if (i == 0) continue;
    const auto next = twin_sum(sum, h, 1);
    if (!next) {
      voice.mixed_schemas();
      return std::nullopt;
    }
    sum = next->value;
    reconciled = reconciled || next->reconciled;
  }
  if (reset && no_reset) voice.collided("aggregation");
  if (reconciled) voice.reconciled("aggregation");
  return sum;
}

std::optional<TwinPoint> of_histograms(std::string_view name, const TwinWindow& window, Timestamp start, Timestamp end,
                                       const TwinVoice& voice) {
  if (name == "rate") return histogram_change(window, start, end, true, true, voice);
  if (name == "increase") return histogram_change(window, start, end, true, false, voice);
  if (name == "delta") return histogram_change(window, start, end, false, false, voice);
  if (name == "irate" || name == "idelta") return last_two_histograms(window, name == "irate", voice);
  if (name == "sum_over_time") return total(window, voice);
  if (name != "avg_over_time") return std::nullopt;  // not of histograms
  const auto sum = total(window, voice);
  if (!sum) return std::nullopt;
  return twin_divided(*sum->h, static_cast<double>(window.size()));
}

}  // namespace

bool twin_began_again(const Sample& before, const Sample& next) {
  const Timestamp start = next.second.start, previous = before.second.start;
  if (start == 0 || start >= next.first || start < before.first) return false;
  return start > before.first || (previous != 0 && previous < before.first);
}

std::optional<double> twin_count_of(std::string_view name, const TwinWindow& window) {
  double count = 0;
  for (std::size_t i = 1; i < window.size(); ++i) {
    const TwinPoint& before = window[i - 1].second;
    const TwinPoint& next = window[i].second;
    bool differs = (before.h == nullptr) != (next.h == nullptr);
    if (!differs && name == "resets") {
      differs = is_reset(window[i - 1], window[i]);
    } else if (!differs && next.h != nullptr) {
      differs = !twin_equal(*before.h, *next.h);
    } else if (!differs) {
      differs = next.v != before.v && !(std::isnan(before.v) && std::isnan(next.v));
    }
    count += differs ? 1 : 0;
  }
  return count;
}

namespace {

/// What looks at one sample after the other, of whatever kind.
std::optional<TwinPoint> of_any(std::string_view name, const TwinWindow& window) {
  if (name == "count_over_time") return static_cast<double>(window.size());
  if (name == "present_over_time") return 1.0;
  if (name == "first_over_time") return window.front().second;
  if (name == "last_over_time") return window.back().second;
  if (name == "ts_of_first_over_time") return static_cast<double>(window.front().first) / 1000;
  if (name == "ts_of_last_over_time") return static_cast<double>(window.back().first) / 1000;
  if (name == "changes" || name == "resets") return twin_count_of(name, window);
  return std::nullopt;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<TwinPoint> twin_range_function(std::string_view name, const TwinWindow& window, Timestamp start,
                                             Timestamp end, Timestamp t, const std::vector<double>& arguments,
                                             const TwinVoice& voice) {
  if (const auto value = of_any(name, window)) return value;
  TwinWindow floats, histograms;
  for (const Sample& sample : window) (sample.second.h == nullptr ? floats : histograms).push_back(sample);
  if (floats.empty()) return of_histograms(name, histograms, start, end, voice);
  const bool invalid = name == "quantile_over_time" && !(arguments.at(0) >= 0 && arguments.at(0) <= 1);
  if (invalid) voice.invalid_quantile(arguments.at(0));
  if (histograms.empty()) return of_floats(name, floats, start, end, t, arguments, voice);
  // Of both: what needs all samples has no result, the rest passes over the histograms.
  if (is_one_of(name, {"irate", "idelta"})) {
    const TwinWindow last(window.end() - 2, window.end());
    if ((last[0].second.h == nullptr) != (last[1].second.h == nullptr)) {
      voice.mixed();
      return std::nullopt;
    }
    return twin_range_function(name, last, start, end, t, arguments, voice);
  }
  if (is_one_of(name, {"rate", "increase", "delta", "sum_over_time", "avg_over_time"})) {
    voice.mixed();
    return std::nullopt;
  }
  voice.ignored_histograms();
  return of_floats(name, floats, start, end, t, arguments, voice);
}

}  // namespace tocsin::test
