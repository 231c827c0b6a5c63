#pragma once
// Native histograms of the naive twin: every bucket by its index, in a map.

#include <map>
#include <memory>

#include "model/histogram.hpp"

namespace tocsin::test {

/// Exponential, with one width of the zero bucket for all. Buckets without a count are not in the maps.
struct TwinHistogram {
  int schema = 0;
  double zero = 0, count = 0, sum = 0;
  std::map<int, double> positive, negative;
};

inline constexpr double kTwinZeroThreshold = 0.001;

TwinHistogram twin_histogram(const model::FloatHistogram& histogram);
model::FloatHistogram model_histogram(const TwinHistogram& histogram);

TwinHistogram twin_scaled(const TwinHistogram& histogram, double factor);
/// a + sign * b, at the coarser schema.
TwinHistogram twin_sum(const TwinHistogram& a, const TwinHistogram& b, double sign);
bool twin_equal(const TwinHistogram& a, const TwinHistogram& b);
/// Is `next` not what a counter that was `before` becomes?
bool twin_was_reset(const TwinHistogram& before, const TwinHistogram& next);
double twin_histogram_quantile(double q, const TwinHistogram& histogram);
/// The variance of the observations, each taken for the middle of its bucket.
double twin_histogram_variance(const TwinHistogram& histogram);

}  // namespace tocsin::test
