// Histograms cut at a bound: `histogram </ 5` keeps what is below, `histogram >/ 5` what is above.
// Source: Prometheus model/histogram/float_histogram.go, TrimBuckets.

#include <algorithm>
#include <cmath>

#include "model/histogram_buckets.hpp"
#include "model/histogram_compact.hpp"
#include "model/histogram_math.hpp"

namespace tocsin::model {
namespace {

enum class Keep : std::uint8_t { kBelow, kAbove };

/// What is kept of a bucket, and the value that it is taken to have.
struct Kept {
  double count = 0, value = 0;
};

double zero_if_infinite(double x) {
  return std::isinf(x) ? 0 : x;
}

/// The value of observations of which only bounds are known.
double middle(double lower, double upper, bool positive, bool linear) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const double mean = std::sqrt(std::abs(lower * upper));
  return positive ? mean : -mean;
}

/// Of a bucket without a lower end. With a finite positive upper end it is taken to begin at 0.
Kept part_of_lowest(const HistogramBucket& bucket, double bound, Keep keep) {
  const bool from_zero = bucket.upper > 0 && !std::isinf(bucket.upper);
  if (keep == Keep::kBelow) {
    if (bound >= bucket.upper) return {bucket.count, 0};
    if (bound > 0 && from_zero) return {bucket.count * bound / bucket.upper, bound / 2};
    if (bucket.upper <= 0) return {bucket.count, bound};
    return {0, zero_if_infinite(bucket.upper)};
  }
  if (bound <= bucket.lower) return {bucket.count, 0};
  if (bound >= 0 && bucket.upper > bound && from_zero) {
    return {bucket.count * (1 - bound / bucket.upper), (bound + bucket.upper) / 2};
  }
  return {0, zero_if_infinite(bucket.upper)};
}

/// Of a bucket without an upper end nobody knows what lies where: all or nothing.
Kept part_of_highest(const HistogramBucket& bucket, double bound, Keep keep) {
  if (keep == Keep::kAbove && bound >= bucket.lower) return {bucket.count, bound};
  return {0, zero_if_infinite(bucket.lower)};
}

/// Of the bucket around the bound.
Kept part_of(const HistogramBucket& bucket, double bound, Keep keep, bool positive, bool linear) {
  if (std::isinf(bucket.lower) && bucket.lower < 0) return part_of_lowest(bucket, bound, keep);
  if (std::isinf(bucket.upper)) return part_of_highest(bucket, bound, keep);
  double below = bucket.count;
  if (bound <= bucket.lower) {
    below = 0;
  } else if (bound < bucket.upper) {
    below = bucket.count * fraction_below(bucket, bound, linear);
  }
  if (keep == Keep::kBelow) return {below, middle(bucket.lower, bound, positive, linear)};
  return {bucket.count - below, middle(bound, bucket.upper, positive, linear)};
}

/// The zero bucket reaches to that side alone on which there are observations.
Kept part_of_zero(HistogramBucket bucket, double bound, Keep keep, bool has_negative, bool has_positive) {
  if (has_negative && !has_positive) bucket.upper = 0;
  if (has_positive && !has_negative) bucket.lower = 0;
  const Kept all{bucket.count, (bucket.lower + bucket.upper) / 2};
  const double width = bucket.upper - bucket.lower;
  if (keep == Keep::kBelow) {
    if (bound <= bucket.lower) return {};
    if (bound >= bucket.upper) return all;
    return {bucket.count * ((bound - bucket.lower) / width), (bucket.lower + bound) / 2};
  }
  if (bound <= bucket.lower) return all;
  if (bound >= bucket.upper) return {};
  return {bucket.count * ((bucket.upper - bound) / width), (bound + bucket.upper) / 2};
}

struct Totals {
  double count = 0, sum = 0;
  bool trimmed = false;

  void add(const Kept& kept) {
    sum += kept.value * kept.count;
    count += kept.count;
  }
};

/// @return whether there were observations.
bool trim_side(FloatHistogram& histogram, bool positive, double bound, Keep keep, Totals& totals) {
  const auto& spans = positive ? histogram.positive_spans : histogram.negative_spans;
  auto& counts = positive ? histogram.positive_buckets : histogram.negative_buckets;
  const bool linear = has_custom_buckets(histogram);
  bool any = false;
  for (BucketCursor at(spans, counts); !at.done(); at.next()) {
    HistogramBucket bucket = bucket_at(histogram, at.index(), positive);
    bucket.count = at.count();
    if (bucket.count == 0) continue;
    any = true;
    const bool whole = keep == Keep::kBelow ? bucket.upper <= bound : bucket.lower >= bound;
    const bool cut = keep == Keep::kBelow ? bucket.lower < bound : bucket.upper > bound;
    Kept kept;
    if (whole) {
      kept = {bucket.count, middle(bucket.lower, bucket.upper, positive, linear)};
    } else if (cut) {
      kept = part_of(bucket, bound, keep, positive, linear);
    }
    totals.add(kept);
    totals.trimmed |= kept.count != bucket.count;
    counts[at.at()] = kept.count;
  }
  return any;
}

void trim(FloatHistogram& histogram, double bound, Keep keep) {
  Totals totals;
  const bool has_positive = trim_side(histogram, true, bound, keep, totals);
  const bool has_negative = trim_side(histogram, false, bound, keep, totals);
  if (histogram.zero_count > 0) {
    const Kept kept = part_of_zero(zero_bucket(histogram), bound, keep, has_negative, has_positive);
    totals.trimmed |= kept.count != histogram.zero_count;
    histogram.zero_count = kept.count;
    totals.add(kept);
  }
  if (!totals.trimmed) return;
  histogram.integer = false;
  histogram.count = totals.count;
  histogram.sum = totals.sum;
  compact(histogram, 0);
}

}  // namespace

void trim_above(FloatHistogram& histogram, double bound) {
  trim(histogram, bound, Keep::kBelow);
}

void trim_below(FloatHistogram& histogram, double bound) {
  trim(histogram, bound, Keep::kAbove);
}

}  // namespace tocsin::model
