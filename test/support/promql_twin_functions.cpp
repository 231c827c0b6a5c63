// The functions of the naive twin, each by its definition.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#include "support/promql_twin.hpp"

namespace tocsin::test {
namespace {

/// Floats alone.
using Window = std::vector<std::pair<Timestamp, double>>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

/// By what a change between the first and the last sample is multiplied for the change in (start, end].
/// @param first, change  of a counter that rose: it is not taken for less than zero before.
template <typename AnyWindow>
double extrapolation(const AnyWindow& window, Timestamp start, Timestamp end, bool rate, std::optional<double> first,
                     double change) {
  const double sampled = static_cast<double>(window.back().first - window.front().first) / 1000;
  const double average = sampled / static_cast<double>(window.size() - 1);
  double left = static_cast<double>(window.front().first - start) / 1000;
  double right = static_cast<double>(end - window.back().first) / 1000;
  if (left >= average * 1.1) left = average / 2;
  if (right >= average * 1.1) right = average / 2;
  if (first && change > 0 && *first >= 0) left = std::min(left, sampled * (*first / change));
  const double factor = (sampled + left + right) / sampled;
  return rate ? factor / (static_cast<double>(end - start) / 1000) : factor;
}

std::optional<double> extrapolated(const Window& window, Timestamp start, Timestamp end, bool counter, bool rate) {
  if (window.size() < 2) return std::nullopt;
  double increase = window.back().second - window.front().second;
  for (std::size_t i = 1; counter && i < window.size(); ++i) {
    if (window[i].second < window[i - 1].second) increase += window[i - 1].second;
  }
  const std::optional<double> first = counter ? std::optional(window.front().second) : std::nullopt;
  return increase * extrapolation(window, start, end, rate, first, increase);
}

std::optional<double> last_two(const Window& window, bool counter) {
  if (window.size() < 2) return std::nullopt;
  const auto& [t1, v1] = window[window.size() - 1];
  const auto& [t0, v0] = window[window.size() - 2];
  if (!counter) return v1 - v0;
  return (v1 < v0 ? v1 : v1 - v0) / (static_cast<double>(t1 - t0) / 1000);
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

std::tm date_of(double seconds) {
  const std::time_t t = static_cast<std::time_t>(seconds);
  std::tm out{};
  gmtime_r(&t, &out);
  return out;
}

}  // namespace

namespace {

std::optional<TwinPoint> of_floats(std::string_view name, const Window& window, Timestamp start, Timestamp end,
                                   Timestamp t, const std::vector<double>& arguments) {
  if (name == "rate") return extrapolated(window, start, end, true, true);
  if (name == "increase") return extrapolated(window, start, end, true, false);
  if (name == "delta") return extrapolated(window, start, end, false, false);
  if (name == "irate") return last_two(window, true);
  if (name == "idelta") return last_two(window, false);
  if (name == "deriv") return trend(window, window.front().first, false, 0);
  if (name == "predict_linear") return trend(window, t, true, arguments.at(0));
  return statistic(name, window, arguments);
}

std::optional<TwinPoint> histogram_change(const TwinWindow& window, Timestamp start, Timestamp end, bool counter,
                                          bool rate) {
  if (window.size() < 2) return std::nullopt;
  TwinHistogram begin = *window.front().second.h;
  const TwinHistogram& second = *window[1].second.h;
  // What was there before a reset does not matter, nor how fine its buckets were.
  if (counter && twin_was_reset(begin, second)) begin = TwinHistogram{second.schema, 0, 0, 0, {}, {}};
  TwinHistogram change = twin_sum(*window.back().second.h, begin, -1);
  for (std::size_t i = 1; counter && i < window.size(); ++i) {
    const TwinHistogram& before = i == 1 ? begin : *window[i - 1].second.h;
    const TwinHistogram& next = *window[i].second.h;
    if (twin_was_reset(before, next)) change = twin_sum(change, before, 1);
    change = twin_sum(change, TwinHistogram{next.schema, 0, 0, 0, {}, {}}, 1);  // as coarse as the coarsest
  }
  const std::optional<double> first = counter ? std::optional(window.front().second.h->count) : std::nullopt;
  return twin_scaled(change, extrapolation(window, start, end, rate, first, change.count));
}

std::optional<TwinPoint> of_histograms(std::string_view name, const TwinWindow& window, Timestamp start,
                                       Timestamp end) {
  if (name == "rate") return histogram_change(window, start, end, true, true);
  if (name == "increase") return histogram_change(window, start, end, true, false);
  if (name == "delta") return histogram_change(window, start, end, false, false);
  if (name == "irate" || name == "idelta") {
    if (window.size() < 2) return std::nullopt;
    const auto& [t1, last] = window[window.size() - 1];
    const auto& [t0, before] = window[window.size() - 2];
    if (name == "idelta") return twin_sum(*last.h, *before.h, -1);
    const bool reset = twin_was_reset(*before.h, *last.h);
    return twin_scaled(reset ? *last.h : twin_sum(*last.h, *before.h, -1), 1000 / static_cast<double>(t1 - t0));
  }
  if (name != "sum_over_time" && name != "avg_over_time") return std::nullopt;  // not of histograms
  TwinHistogram sum = *window.front().second.h;
  for (std::size_t i = 1; i < window.size(); ++i) sum = twin_sum(sum, *window[i].second.h, 1);
  if (name == "sum_over_time") return sum;
  return twin_scaled(sum, 1 / static_cast<double>(window.size()));
}

/// What looks at one sample after the other, of whatever kind.
std::optional<TwinPoint> of_any(std::string_view name, const TwinWindow& window) {
  if (name == "count_over_time") return static_cast<double>(window.size());
  if (name == "present_over_time") return 1.0;
  if (name == "first_over_time") return window.front().second;
  if (name == "last_over_time") return window.back().second;
  if (name != "changes" && name != "resets") return std::nullopt;
  double count = 0;
  for (std::size_t i = 1; i < window.size(); ++i) {
    const TwinPoint& before = window[i - 1].second;
    const TwinPoint& next = window[i].second;
    bool differs = (before.h == nullptr) != (next.h == nullptr);
    if (!differs && next.h != nullptr) {
      differs = name == "resets" ? twin_was_reset(*before.h, *next.h) : !twin_equal(*before.h, *next.h);
    } else if (!differs) {
      const bool both_nan = std::isnan(before.v) && std::isnan(next.v);
      differs = name == "resets" ? next.v < before.v : next.v != before.v && !both_nan;
    }
    count += differs ? 1 : 0;
  }
  return count;
}

}  // namespace

std::optional<TwinPoint> twin_range_function(std::string_view name, const TwinWindow& window, Timestamp start,
                                             Timestamp end, Timestamp t, const std::vector<double>& arguments) {
  if (const auto value = of_any(name, window)) return value;
  Window floats;
  TwinWindow histograms;
  for (const auto& [time, point] : window) {
    if (point.h == nullptr) floats.emplace_back(time, point.v);
    if (point.h != nullptr) histograms.emplace_back(time, point);
  }
  if (histograms.empty()) return of_floats(name, floats, start, end, t, arguments);
  if (floats.empty()) return of_histograms(name, histograms, start, end);
  // Of both: what needs all samples has no result, the rest passes over the histograms.
  if (name == "irate" || name == "idelta") {
    const TwinWindow last(window.end() - 2, window.end());
    if ((last[0].second.h == nullptr) != (last[1].second.h == nullptr)) return std::nullopt;
    return twin_range_function(name, last, start, end, t, arguments);
  }
  for (const std::string_view all : {"rate", "increase", "delta", "sum_over_time", "avg_over_time"}) {
    if (name == all) return std::nullopt;
  }
  return of_floats(name, floats, start, end, t, arguments);
}

std::optional<double> twin_extended_function(std::string_view name, bool smoothed, const TwinWindow& samples,
                                             Timestamp start, Timestamp end) {
  const bool counter = name != "delta";
  const auto between = [counter](const auto& a, const auto& b, Timestamp t) {
    const double from = counter && b.second.v < a.second.v ? 0 : a.second.v;
    return from + (b.second.v - from) * static_cast<double>(t - a.first) / static_cast<double>(b.first - a.first);
  };
  std::vector<double> values;  // at the left edge, within, at the right edge
  std::optional<std::pair<Timestamp, TwinPoint>> before, behind, last;
  Window within;
  for (const auto& sample : samples) {
    if (sample.first <= start) before = sample;
    if (sample.first > start && sample.first < end) within.emplace_back(sample.first, sample.second.v);
    if (sample.first >= end && !behind) behind = sample;
    if (sample.first > start && sample.first <= end) last = sample;
  }
  if (!smoothed) {
    if (!last) return std::nullopt;
    if (before) values.push_back(before->second.v);
    for (const auto& sample : within) values.push_back(sample.second);
    if (behind) values.push_back(behind->second.v);
  } else {
    // The sample after the left edge, and the one before the right edge.
    std::optional<std::pair<Timestamp, TwinPoint>> first = behind, previous = before;
    if (!within.empty()) first = {within.front().first, TwinPoint(within.front().second)};
    if (!within.empty()) previous = {within.back().first, TwinPoint(within.back().second)};
    if (!first || (!before && first->first > end)) return std::nullopt;
    values.push_back(before && before->first < start ? between(*before, *first, start)
                                                     : (before ? *before : *first).second.v);
    for (const auto& sample : within) values.push_back(sample.second);
    if (behind) values.push_back(behind->first > end && previous ? between(*previous, *behind, end) : behind->second.v);
  }
  double change = values.back() - values.front();
  for (std::size_t i = 1; counter && i < values.size(); ++i) {
    if (values[i] < values[i - 1]) change += values[i - 1];
  }
  return name == "rate" ? change / (static_cast<double>(end - start) / 1000) : change;
}

double twin_math_function(std::string_view name, double v) {
  if (name == "abs") return std::fabs(v);
  if (name == "ceil") return std::ceil(v);
  if (name == "floor") return std::floor(v);
  if (name == "exp") return std::exp(v);
  if (name == "sqrt") return std::sqrt(v);
  if (name == "ln") return std::log(v);
  if (name == "log2") return std::log2(v);
  if (name == "log10") return std::log10(v);
  if (name == "sgn") return std::isnan(v) || v == 0 ? v : std::copysign(1, v);
  if (name == "sin") return std::sin(v);
  if (name == "cos") return std::cos(v);
  if (name == "atan") return std::atan(v);
  if (name == "deg") return v * 180 / std::acos(-1.0);
  if (name == "rad") return v * std::acos(-1.0) / 180;
  throw TwinError("the twin does not know " + std::string(name));
}

bool twin_is_date_function(std::string_view name) {
  return name == "minute" || name == "hour" || name == "month" || name == "year" || name.starts_with("day");
}

double twin_date_function(std::string_view name, double seconds) {
  const std::tm date = date_of(seconds);
  if (name == "minute") return date.tm_min;
  if (name == "hour") return date.tm_hour;
  if (name == "day_of_week") return date.tm_wday;
  if (name == "day_of_month") return date.tm_mday;
  if (name == "day_of_year") return date.tm_yday + 1;
  if (name == "month") return date.tm_mon + 1;
  if (name == "year") return date.tm_year + 1900;
  if (name != "days_in_month") throw TwinError("the twin does not know " + std::string(name));
  double day = seconds;  // of the last second of the month
  while (date_of(day + 86400).tm_mon == date.tm_mon) day += 86400;
  return date_of(day).tm_mday;
}

double twin_quantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  std::sort(values.begin(), values.end(), [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double weight = rank - std::floor(rank);
  return values[below] * (1 - weight) + values[above] * weight;
}

double twin_bucket_quantile(double q, std::map<double, double> cumulative) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  if (cumulative.rbegin()->first != kInf || cumulative.size() < 2) return kNan;
  double highest = 0;
  for (auto& [upper, count] : cumulative) count = highest = std::max(highest, count);
  if (highest == 0) return kNan;
  const double rank = q * highest;
  double lower = 0, before = 0;
  bool first = true;
  for (const auto& [upper, count] : cumulative) {
    if (upper == kInf) return lower;
    if (count >= rank) {
      if (first && upper <= 0) return upper;
      return lower + (upper - lower) * ((rank - before) / (count - before));
    }
    lower = upper;
    before = count;
    first = false;
  }
  return kNan;
}

}  // namespace tocsin::test
