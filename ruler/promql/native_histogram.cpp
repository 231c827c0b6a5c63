#include "promql/native_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/kahan.hpp"

namespace tocsin::promql {
namespace {

using model::FloatHistogram;
using model::HistogramBucket;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Where all observations are on one side of zero, the zero bucket is taken to reach to that side alone.
void clip_at_zero(HistogramBucket& bucket, const FloatHistogram& histogram) {
  const bool negative = !histogram.negative_buckets.empty();
  const bool positive = !histogram.positive_buckets.empty();
  if (!negative && positive) bucket.lower = 0;
  if (negative && !positive) bucket.upper = 0;
}

/// The value that has `fraction` of the bucket below it.
double value_within(const HistogramBucket& bucket, double fraction, bool linear) {
  if (linear || (bucket.lower <= 0 && bucket.upper >= 0)) {
    return bucket.lower + (bucket.upper - bucket.lower) * fraction;
  }
  const double lower = std::log2(std::abs(bucket.lower));
  const double upper = std::log2(std::abs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(lower + (upper - lower) * fraction);
  return -std::exp2(upper + (lower - upper) * (1 - fraction));
}

/// The observations below `value`, which lies within the bucket.
double count_below(const HistogramBucket& bucket, double before, double value, bool linear) {
  if (!linear) return before + bucket.count * model::fraction_below(bucket, value, false);
  // Nobody knows how an infinite bucket is filled: all of it counts, as of the one without upper end nothing does.
  if (bucket.lower == -kInfinity) return bucket.count;
  return before + bucket.count * model::fraction_below(bucket, value, true);
}

}  // namespace

double NativeHistogramReader::quantile(double q, const FloatHistogram& histogram, NanNote& note) {
  note = NanNote::kNone;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (histogram.count == 0 || std::isnan(q)) return kNan;
  model::all_buckets(histogram, buckets_);
  // NaN makes the count more than the buckets hold: then only counting from below tells the rank.
  const bool has_nan = std::isnan(histogram.sum);
  const bool from_below = has_nan || q < 0.5;
  if (!from_below) std::ranges::reverse(buckets_);
  double rank = (from_below ? q : 1 - q) * histogram.count;
  HistogramBucket bucket;
  double count = 0;
  std::size_t at = 0;
  while (at < buckets_.size()) {
    const HistogramBucket& next = buckets_[at++];
    bucket = next;
    if (next.count == 0) continue;
    count += next.count;
    if (count >= rank) break;
  }
  const bool custom = model::has_custom_buckets(histogram);
  if (!custom && bucket.lower < 0 && bucket.upper > 0) clip_at_zero(bucket, histogram);
  if (custom && bucket.lower == -kInfinity) {
    if (bucket.upper <= 0) return bucket.upper;
    bucket.lower = 0;
  } else if (custom && bucket.upper == kInfinity) {
    return bucket.lower;
  }
  count = std::min(count, histogram.count);
  if (count < rank) {
    if (!has_nan) return bucket.upper;  // the counts do not agree
    note = NanNote::kResult;
    return kNan;
  }
  rank = from_below ? rank - (count - bucket.count) : count - rank;
  if (has_nan) {
    // The last bucket is the one that counts from here on, as in Prometheus.
    for (; at < buckets_.size(); ++at) {
      bucket = buckets_[at];
      count += bucket.count;
    }
    if (count < histogram.count) note = NanNote::kSkew;
  }
  return value_within(bucket, rank / bucket.count, custom);
}

double NativeHistogramReader::fraction(double low, double high, const FloatHistogram& histogram, NanNote& note) {
  note = NanNote::kNone;
  if (histogram.count == 0 || std::isnan(low) || std::isnan(high)) return kNan;
  if (low >= high) return 0;
  model::all_buckets(histogram, buckets_);
  const bool custom = model::has_custom_buckets(histogram);
  double before = 0;  // observations in the buckets below
  double in_buckets = 0;
  std::optional<double> below_low, below_high;
  for (HistogramBucket bucket : buckets_) {
    in_buckets += bucket.count;
    if (below_low && below_high) continue;
    const bool is_zero = bucket.lower <= 0 && bucket.upper >= 0;
    if (is_zero) clip_at_zero(bucket, histogram);
    const auto find = [&](double value, std::optional<double>& below) {
      if (below) return;
      if (bucket.lower >= value) {
        below = before;
      } else if (bucket.upper > value) {
        below = count_below(bucket, before, value, custom || is_zero);
      }
    };
    find(low, below_low);
    find(high, below_high);
    before += bucket.count;
  }
  double all = histogram.count;
  if (std::isnan(histogram.sum)) {
    all = in_buckets;
    if (all < histogram.count) note = NanNote::kExcluded;
  }
  const double to_high = std::min(below_high.value_or(all), all);
  return (to_high - std::min(below_low.value_or(all), all)) / histogram.count;
}

double NativeHistogramReader::variance(const FloatHistogram& histogram) {
  const double mean = histogram.sum / histogram.count;
  const bool custom = model::has_custom_buckets(histogram);
  model::all_buckets(histogram, buckets_);
  KahanSum sum;
  for (const HistogramBucket& bucket : buckets_) {
    if (bucket.count == 0) continue;
    double value = 0;
    if (custom) {
      value = (bucket.upper + bucket.lower) / 2;
    } else if (!(bucket.lower <= 0 && bucket.upper >= 0)) {
      value = std::sqrt(bucket.upper * bucket.lower);
      if (bucket.upper < 0) value = -value;
    }
    const double delta = value - mean;
    sum.add(bucket.count * delta * delta);
  }
  return sum.value() / histogram.count;
}

}  // namespace tocsin::promql
