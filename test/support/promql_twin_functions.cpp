// The functions of the naive twin, each by its definition.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#include "support/promql_twin.hpp"

namespace tocsin::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::tm date_of(double seconds) {
  const std::time_t t = static_cast<std::time_t>(seconds);
  std::tm out{};
  gmtime_r(&t, &out);
  return out;
}

}  // namespace

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

double twin_bucket_quantile(double q, std::map<double, double> cumulative, const TwinVoice& voice) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  if (cumulative.rbegin()->first != kInf) return kNan;
  double highest = cumulative.begin()->second;
  bool forced = false;
  for (auto& [upper, count] : cumulative) {
    const bool nearly = std::abs(count - highest) < 1e-12 * (std::abs(count) + std::abs(highest));
    forced = forced || (count < highest && !nearly);
    if (count > highest && !nearly) highest = count;
    count = highest;
  }
  if (forced) voice.forced_monotonicity();
  if (cumulative.size() < 2 || highest == 0) return kNan;
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

double twin_bucket_fraction(double lower, double upper, const std::map<double, double>& cumulative) {
  if (cumulative.rbegin()->first != kInf) return kNan;
  const double all = cumulative.rbegin()->second;
  if (all == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  const auto below = [&](double value) {
    double start = cumulative.begin()->first <= 0 ? -kInf : 0, rank = 0;
    for (const auto& [end, count] : cumulative) {
      if (start >= value) return std::min(rank, all);
      if (end > value) {
        // Of a bucket without a lower end all is below any value in it, of one without an upper end nothing.
        const double within = std::isinf(start) ? count - rank : (count - rank) * (value - start) / (end - start);
        return std::min(rank + within, all);
      }
      start = end;
      rank = count;
    }
    return all;
  };
  return (below(upper) - below(lower)) / all;
}

}  // namespace tocsin::test
