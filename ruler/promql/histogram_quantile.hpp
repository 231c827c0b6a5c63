#pragma once
// Quantiles and fractions of classic histograms: buckets with an upper bound and a cumulative count.
// Source: Prometheus promql/quantile.go.

#include <cstddef>
#include <limits>
#include <span>

namespace tocsin::promql {

/// The buckets of a histogram, at least one: `upper` bounds in order of size (NaN first), all different, and for each
/// the `count` of all observations up to it.
struct BucketCounts {
  std::span<const double> upper;
  std::span<double> count;
};

/// How much counts had to be changed to never decrease from bucket to bucket.
struct MonotonicityFix {
  bool forced = false;
  double min_bucket = std::numeric_limits<double>::infinity();  // upper bounds of the buckets concerned
  double max_bucket = -std::numeric_limits<double>::infinity();
  double max_diff = 0;
};

/// φ-quantile, linear within a bucket. Counts are made monotonic in place.
/// NaN: φ is, no +Inf bucket, fewer than two buckets, no observations. −Inf for φ < 0, +Inf for φ > 1. In the highest
/// bucket: the second highest bound; in the lowest with a bound <= 0: that bound.
double bucket_quantile(double q, BucketCounts buckets, MonotonicityFix& fix);

/// The counts of buckets at some steps: a row for each bucket, a value for each step.
struct BucketRows {
  static constexpr std::size_t kMostSteps = 128;
  std::span<const double> upper;       // as those of BucketCounts
  std::span<const double* const> row;  // as many
  std::size_t steps = 0;               // at most kMostSteps
};

/// bucket_quantile() of step i with the i-th of `q` for all steps, to the bit, at a third of the cost. False, with
/// `out` undefined, if at some step φ is not in [0, 1], there is no +Inf bucket, or counts would have to be changed.
bool bucket_quantiles(std::span<const double> q, const BucketRows& buckets, std::span<double> out);

/// The fraction of observations in (low, high], linear within a bucket; no share of an infinite bucket.
double bucket_fraction(double low, double high, BucketCounts buckets);

}  // namespace tocsin::promql
