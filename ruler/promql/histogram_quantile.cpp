#include "promql/histogram_quantile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "promql/quantile.hpp"

namespace tocsin::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// Differences of counts below this, relative, come from floating point and not from the data.
constexpr double kTolerance = 1e-12;

bool almost_equal(double a, double b, double tolerance) {
  if (a == b) return true;
  constexpr double kMinNormal = 2.2250738585072014e-308;
  const double sum = std::abs(a) + std::abs(b);
  const double diff = std::abs(a - b);
  if (a == 0 || b == 0 || sum < kMinNormal) return diff < tolerance * kMinNormal;
  return diff / std::min(sum, std::numeric_limits<double>::max()) < tolerance;
}

void sort_by_bound(std::vector<Bucket>& buckets) {
  const auto less = [](const Bucket& a, const Bucket& b) { return nan_first_less(a.upper, b.upper); };
  if (!std::is_sorted(buckets.begin(), buckets.end(), less)) std::sort(buckets.begin(), buckets.end(), less);
}

/// Buckets with one bound written in two ways ("0.5", "5e-1") are one.
void join_equal_bounds(std::vector<Bucket>& buckets) {
  std::size_t last = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[last].upper) {
      buckets[last].count += buckets[i].count;
    } else {
      buckets[++last] = buckets[i];
    }
  }
  buckets.resize(last + 1);
}

void make_monotonic(std::vector<Bucket>& buckets, MonotonicityFix& fix) {
  fix.min_bucket = kInf;
  fix.max_bucket = -kInf;
  double highest = buckets.front().count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    Bucket& bucket = buckets[i];
    if (bucket.count == highest) continue;
    if (almost_equal(highest, bucket.count, kTolerance)) {
      bucket.count = highest;
    } else if (bucket.count < highest) {
      fix.forced = true;
      fix.min_bucket = std::min(fix.min_bucket, bucket.upper);
      fix.max_bucket = std::max(fix.max_bucket, bucket.upper);
      fix.max_diff = std::max(fix.max_diff, highest - bucket.count);
      bucket.count = highest;
    } else {
      highest = bucket.count;
    }
  }
}

}  // namespace

double bucket_quantile(double q, std::vector<Bucket>& buckets, MonotonicityFix& fix) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  sort_by_bound(buckets);
  if (buckets.back().upper != kInf) return kNan;
  join_equal_bounds(buckets);
  make_monotonic(buckets, fix);
  if (buckets.size() < 2) return kNan;
  const double observations = buckets.back().count;
  if (observations == 0) return kNan;

  double rank = q * observations;
  const std::size_t last = buckets.size() - 1;
  // As a binary search would find it, NaN counts and all.
  std::size_t low = 0;
  for (std::size_t high = last; low < high;) {
    const std::size_t middle = low + (high - low) / 2;
    if (buckets[middle].count >= rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  if (low == last) return buckets[last - 1].upper;
  if (low == 0 && buckets.front().upper <= 0) return buckets.front().upper;
  double start = 0;
  double count = buckets[low].count;
  if (low > 0) {
    start = buckets[low - 1].upper;
    count -= buckets[low - 1].count;
    rank -= buckets[low - 1].count;
  }
  return start + (buckets[low].upper - start) * (rank / count);
}

double bucket_fraction(double low, double high, std::vector<Bucket>& buckets) {
  sort_by_bound(buckets);
  if (buckets.back().upper != kInf) return kNan;
  join_equal_bounds(buckets);
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(low) || std::isnan(high)) return kNan;
  if (low >= high) return 0;

  // Observations up to `bound`. The lowest bucket begins at 0, or at −Inf if its bound is not positive; of infinitely
  // wide buckets nothing can be divided: the first counts as a whole, the last not at all.
  const auto below = [&](double bound) {
    double start = buckets.front().upper <= 0 ? -kInf : 0;
    double rank = 0;
    for (const Bucket& bucket : buckets) {
      if (start >= bound) return std::min(rank, total);
      if (bucket.upper > bound) {
        if (start == -kInf) return std::min(bucket.count, total);
        return std::min(rank + (bucket.count - rank) * (bound - start) / (bucket.upper - start), total);
      }
      rank = bucket.count;
      start = bucket.upper;
    }
    return total;
  };
  return (below(high) - below(low)) / total;
}

}  // namespace tocsin::promql
