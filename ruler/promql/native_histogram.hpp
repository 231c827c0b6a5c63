#pragma once
// What functions read from one native histogram. Source: Prometheus promql/quantile.go, promql/functions.go.

#include <vector>

#include "model/histogram.hpp"
#include "model/histogram_buckets.hpp"

namespace tocsin::promql {

/// Observations of NaN are in the count and in no bucket. What that does to a result:
enum class NanNote : std::uint8_t { kNone, kResult, kSkew, kExcluded };

/// Keeps its buckets from call to call. Thread: one.
class NativeHistogramReader {
 public:
  /// φ-quantile: within exponential buckets on a logarithmic scale, else linear. −Inf for φ < 0, +Inf for φ > 1; NaN
  /// for φ NaN and without observations.
  double quantile(double q, const model::FloatHistogram& histogram, NanNote& note);
  /// The fraction of observations in (low, high].
  double fraction(double low, double high, const model::FloatHistogram& histogram, NanNote& note);
  /// Of the observations, each taken to lie in the middle of its bucket.
  double variance(const model::FloatHistogram& histogram);

 private:
  std::vector<model::HistogramBucket> buckets_;
};

}  // namespace tocsin::promql
