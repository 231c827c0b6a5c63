#include "model/histogram_sides.hpp"

#include <limits>

#include "model/histogram_bounds.hpp"
#include "model/histogram_buckets.hpp"

namespace tocsin::model::sides {
namespace {

/// Adds what lies within the threshold of one sign. False if the threshold was moved: then all is to be counted anew.
bool gather_into_zero(const FloatHistogram& histogram, const Counts* errors, bool positive, WiderZero& zero) {
  const Spans& spans = positive ? histogram.positive_spans : histogram.negative_spans;
  const Counts& counts = positive ? histogram.positive_buckets : histogram.negative_buckets;
  for (BucketCursor at(spans, counts); !at.done(); at.next()) {
    // Distances from zero: the same for both signs.
    const double inner = exponential_bound(histogram.schema, at.index() - 1);
    const double outer = exponential_bound(histogram.schema, at.index());
    if (inner >= zero.threshold) break;
    add_compensated(at.count(), zero.count, zero.error);
    if (errors) add_compensated((*errors)[at.at()], zero.count, zero.error);
    if (outer <= zero.threshold) continue;
    if (at.count() == 0) break;
    zero.threshold = outer;
    return positive;  // what was counted of the positive ones still holds
  }
  return true;
}

}  // namespace

Buckets reduced(const Side& side, unsigned shift, bool compensated) {
  Buckets out;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (BucketCursor at(side.spans, side.counts); !at.done(); at.next()) {
    const std::int64_t index = ((at.index() - 1) >> shift) + 1;
    const double error = error_of(side, at.at());
    if (index != last) {
      out.push(index, at.count(), error);
    } else if (compensated) {
      add_compensated(at.count(), out.counts.back(), out.errors.back());
      add_compensated(error, out.counts.back(), out.errors.back());
    } else {
      out.counts.back() += at.count();
    }
    last = index;
  }
  return out;
}

WiderZero widened(const FloatHistogram& histogram, const FloatHistogram* errors, double threshold) {
  WiderZero zero{histogram.zero_count, errors ? errors->zero_count : 0, threshold};
  if (threshold == histogram.zero_threshold) return zero;
  while (true) {
    zero.count = histogram.zero_count;
    zero.error = errors ? errors->zero_count : 0;
    gather_into_zero(histogram, errors ? &errors->positive_buckets : nullptr, true, zero);
    if (gather_into_zero(histogram, errors ? &errors->negative_buckets : nullptr, false, zero)) return zero;
  }
}

}  // namespace tocsin::model::sides
