#pragma once
// Quantiles and fractions of classic histograms: buckets with an upper bound and a cumulative count.
// Source: Prometheus promql/quantile.go.

#include <vector>

namespace tocsin::promql {

struct Bucket {
  double upper = 0;
  double count = 0;  // of all observations up to `upper`
};

/// How much counts had to be changed to never decrease from bucket to bucket.
struct MonotonicityFix {
  bool forced = false;
  double min_bucket = 0, max_bucket = 0;  // upper bounds of the buckets concerned
  double max_diff = 0;
};

/// φ-quantile, linear within a bucket. `buckets` are sorted, joined and made monotonic in place.
/// NaN: φ is, no +Inf bucket, fewer than two buckets, no observations. −Inf for φ < 0, +Inf for φ > 1. In the highest
/// bucket: the second highest bound; in the lowest with a bound <= 0: that bound.
double bucket_quantile(double q, std::vector<Bucket>& buckets, MonotonicityFix& fix);

/// The fraction of observations in (low, high], linear within a bucket; no share of an infinite bucket.
double bucket_fraction(double low, double high, std::vector<Bucket>& buckets);

}  // namespace tocsin::promql
