#include "promql/histogram_quantile.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
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

namespace {

/// Whether make_monotonic() would change nothing at any step. Loops without branches, which the compiler makes wide.
bool are_monotonic(const BucketRows& buckets) {
  int bad = 0;
  for (std::size_t b = 1; b < buckets.row.size(); ++b) {
    const double* const lower = buckets.row[b - 1];
    const double* const count = buckets.row[b];
    for (std::size_t i = 0; i < buckets.steps; ++i) {
      const double margin = std::max(4 * kTolerance * count[i], kMinNormal);
      const int larger = static_cast<int>(lower[i] >= 0) & static_cast<int>(count[i] - lower[i] > margin);
      bad |= 1 ^ (larger | static_cast<int>(count[i] == lower[i]));
    }
  }
  return bad == 0;
}

}  // namespace

bool bucket_quantiles(std::span<const double> q, const BucketRows& buckets, std::span<double> out) {
  const std::span<const double> upper = buckets.upper;
  const std::size_t last = upper.size() - 1;
  if (last == 0 || upper.back() != kInf || !are_monotonic(buckets)) return false;
  const double* const observations = buckets.row[last];
  std::array<double, BucketRows::kMostSteps> rank;
  int bad = 0;
  for (std::size_t i = 0; i < buckets.steps; ++i) {
    bad |= 1 ^ (static_cast<int>(q[i] >= 0) & static_cast<int>(q[i] <= 1));
    rank[i] = q[i] * observations[i];
  }
  if (bad != 0) return false;
  // Counts do not decrease: those below the rank are as many as the bucket's number.
  std::array<std::int64_t, BucketRows::kMostSteps> low{};
  for (std::size_t b = 0; b < last; ++b) {
    const double* const count = buckets.row[b];
    for (std::size_t i = 0; i < buckets.steps; ++i) low[i] += static_cast<std::int64_t>(count[i] < rank[i]);
  }
  for (std::size_t i = 0; i < buckets.steps; ++i) {
    const auto at = static_cast<std::size_t>(low[i]);
    if (observations[i] == 0) {
      out[i] = kNan;
    } else if (at == last) {
      out[i] = upper[last - 1];
    } else if (at == 0) {
      out[i] = upper[0] <= 0 ? upper[0] : 0 + (upper[0] - 0) * (rank[i] / buckets.row[0][i]);
    } else {
      const double start = upper[at - 1], below = buckets.row[at - 1][i];
      out[i] = start + (upper[at] - start) * ((rank[i] - below) / (buckets.row[at][i] - below));
    }
  }
  return true;
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
