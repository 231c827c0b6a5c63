#pragma once
// Native histograms of the naive twin: every bucket by its index, in a map.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/histogram.hpp"

namespace tocsin::test {

/// Exponential, with one width of the zero bucket for all, or with bounds of its own (then all is in `positive`, by the
/// number of the bound). Buckets without a count are not in the maps.
struct TwinHistogram {
  int schema = 0;
  double zero = 0, count = 0, sum = 0;
  std::map<int, double> positive, negative;
  std::vector<double> bounds;
  model::CounterReset hint = model::CounterReset::kUnknown;

  bool is_custom() const { return schema == model::kCustomBucketsSchema; }
  bool is_gauge() const { return hint == model::CounterReset::kGauge; }
};

inline constexpr double kTwinZeroThreshold = 0.001;

TwinHistogram twin_histogram(const model::FloatHistogram& histogram);
model::FloatHistogram model_histogram(const TwinHistogram& histogram);

/// Without observations, in the buckets of another.
TwinHistogram twin_nothing(const TwinHistogram& like);
TwinHistogram twin_scaled(const TwinHistogram& histogram, double factor);
/// Divided; by zero nothing is left of the buckets.
TwinHistogram twin_divided(const TwinHistogram& histogram, double divisor);

struct TwinSum {
  TwinHistogram value;
  bool reconciled = false;  // custom bounds differed: what both have is left
  bool collided = false;    // one says that a reset was before it, the other that none was
};
/// a + sign * b, at the coarser schema; nothing if one has custom bounds and the other has not.
std::optional<TwinSum> twin_sum(const TwinHistogram& a, const TwinHistogram& b, double sign);
bool twin_equal(const TwinHistogram& a, const TwinHistogram& b);
/// Is `next` not what a counter that was `before` becomes?
bool twin_was_reset(const TwinHistogram& before, const TwinHistogram& next);
/// Without what is above the value (upper), or below it.
TwinHistogram twin_trimmed(const TwinHistogram& histogram, double value, bool upper);
double twin_histogram_quantile(double q, const TwinHistogram& histogram);
double twin_histogram_fraction(double lower, double upper, const TwinHistogram& histogram);
/// The variance of the observations, each taken for the middle of its bucket.
double twin_histogram_variance(const TwinHistogram& histogram);
/// What count_values says; of custom bounds.
std::string twin_text(const TwinHistogram& histogram);

}  // namespace tocsin::test
