#include "promql/histogram_quantile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// Differences of counts below this, relative, come from floating point and not from the data.
constexpr double kTolerance = 1e-12;
constexpr double kMinNormal = std::numeric_limits<double>::min();

bool almost_equal(double a, double b, double tolerance) {
  if (a == b) return true;
  const double sum = std::abs(a) + std::abs(b);
  const double diff = std::abs(a - b);
  if (a == 0 || b == 0 || sum < kMinNormal) return diff < tolerance * kMinNormal;
  return diff / std::min(sum, std::numeric_limits<double>::max()) < tolerance;
}

/// Whether `count` is larger than `lower` by so much that almost_equal() need not be asked, which divides.
bool clearly_larger(double count, double lower) {
  return lower >= 0 && count - lower > std::max(4 * kTolerance * count, kMinNormal);
}

void make_monotonic(BucketCounts buckets, MonotonicityFix& fix) {
  double highest = buckets.count.front();
  for (std::size_t i = 1; i < buckets.count.size(); ++i) {
    double& count = buckets.count[i];
    if (count == highest) continue;
    if (clearly_larger(count, highest)) {
      highest = count;
    } else if (almost_equal(highest, count, kTolerance)) {
      count = highest;
    } else if (count < highest) {
      fix.forced = true;
      fix.min_bucket = std::min(fix.min_bucket, buckets.upper[i]);
      fix.max_bucket = std::max(fix.max_bucket, buckets.upper[i]);
      fix.max_diff = std::max(fix.max_diff, highest - count);
      count = highest;
    } else {
      highest = count;
    }
  }
}

}  // namespace

double bucket_quantile(double q, BucketCounts buckets, MonotonicityFix& fix) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  const std::span<const double> upper = buckets.upper;
  const std::span<const double> count = buckets.count;
  if (upper.back() != kInf) return kNan;
  make_monotonic(buckets, fix);
  if (upper.size() < 2) return kNan;
  const double observations = count.back();
  if (observations == 0) return kNan;

  double rank = q * observations;
  const std::size_t last = upper.size() - 1;
  // As a binary search would find it, NaN counts and all.
  std::size_t low = 0;
  for (std::size_t high = last; low < high;) {
    const std::size_t middle = low + (high - low) / 2;
    if (count[middle] >= rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  if (low == last) return upper[last - 1];
  if (low == 0 && upper.front() <= 0) return upper.front();
  double start = 0;
  double within = count[low];
  if (low > 0) {
    start = upper[low - 1];
    within -= count[low - 1];
    rank -= count[low - 1];
  }
  return start + (upper[low] - start) * (rank / within);
}

double bucket_fraction(double low, double high, BucketCounts buckets) {
  if (buckets.upper.back() != kInf) return kNan;
  const double total = buckets.count.back();
  if (total == 0 || std::isnan(low) || std::isnan(high)) return kNan;
  if (low >= high) return 0;

  // Observations up to `bound`. The lowest bucket begins at 0, or at −Inf if its bound is not positive; of infinitely
  // wide buckets nothing can be divided: the first counts as a whole, the last not at all.
  const auto below = [&](double bound) {
    double start = buckets.upper.front() <= 0 ? -kInf : 0;
    double rank = 0;
    for (std::size_t i = 0; i < buckets.upper.size(); ++i) {
      const double upper = buckets.upper[i];
      const double count = buckets.count[i];
      if (start >= bound) return std::min(rank, total);
      if (upper > bound) {
        if (start == -kInf) return std::min(count, total);
        return std::min(rank + (count - rank) * (bound - start) / (upper - start), total);
      }
      rank = count;
      start = upper;
    }
    return total;
  };
  return (below(high) - below(low)) / total;
}

}  // namespace tocsin::promql
