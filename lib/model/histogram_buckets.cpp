#include "model/histogram_buckets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "model/histogram_bounds.hpp"

namespace tocsin::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double upper_bound(const FloatHistogram& histogram, std::int64_t index) {
  if (!has_custom_buckets(histogram)) return exponential_bound(histogram.schema, index);
  if (index < 0) return -kInfinity;
  const auto at = static_cast<std::size_t>(index);
  return at < histogram.custom_values.size() ? histogram.custom_values[at] : kInfinity;
}

}  // namespace

HistogramBucket bucket_at(const FloatHistogram& histogram, std::int64_t index, bool positive) {
  HistogramBucket bucket;
  bucket.lower = upper_bound(histogram, index - 1);
  bucket.upper = upper_bound(histogram, index);
  if (!positive) bucket.lower = -std::exchange(bucket.upper, -bucket.lower);
  const bool custom = has_custom_buckets(histogram);
  bucket.lower_inclusive = custom ? index == 0 : bucket.lower < 0;
  bucket.upper_inclusive = custom || bucket.upper > 0;
  return bucket;
}

HistogramBucket zero_bucket(const FloatHistogram& histogram) {
  return {-histogram.zero_threshold, histogram.zero_threshold, true, true, histogram.zero_count};
}

double fraction_below(const HistogramBucket& bucket, double value, bool linear) {
  if (linear) return (value - bucket.lower) / (bucket.upper - bucket.lower);
  const double lower = std::log2(std::abs(bucket.lower));
  const double upper = std::log2(std::abs(bucket.upper));
  const double at = std::log2(std::abs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

void all_buckets(const FloatHistogram& histogram, std::vector<HistogramBucket>& out) {
  out.clear();
  const double threshold = histogram.zero_threshold;
  for (BucketCursor at(histogram.negative_spans, histogram.negative_buckets); !at.done(); at.next()) {
    HistogramBucket bucket = bucket_at(histogram, at.index(), false);
    bucket.count = at.count();
    if (bucket.upper < 0 && bucket.upper > -threshold) bucket.upper = -threshold;
    out.push_back(bucket);
  }
  std::ranges::reverse(out);
  if (histogram.zero_count > 0) out.push_back(zero_bucket(histogram));
  for (BucketCursor at(histogram.positive_spans, histogram.positive_buckets); !at.done(); at.next()) {
    HistogramBucket bucket = bucket_at(histogram, at.index(), true);
    bucket.count = at.count();
    if (bucket.lower > 0 && bucket.lower < threshold) bucket.lower = threshold;
    out.push_back(bucket);
  }
}

}  // namespace tocsin::model
