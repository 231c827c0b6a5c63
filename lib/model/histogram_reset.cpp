// Two histograms compared: are they the same, did a counter begin anew between them?

#include <bit>
#include <limits>

#include "model/histogram_bounds.hpp"
#include "model/histogram_buckets.hpp"
#include "model/histogram_math.hpp"
#include "model/histogram_sides.hpp"

namespace tocsin::model {

using namespace sides;

namespace {

/// Whether a bucket has less than before. Buckets that end within the zero bucket do not count.
bool is_side_reset(BucketCursor now, BucketCursor before, std::int32_t schema, double threshold) {
  const auto skip = [&](BucketCursor& at) {
    if (schema == kCustomBucketsSchema) return;
    while (!at.done() && exponential_bound(schema, at.index()) <= threshold) at.next();
  };
  skip(now);
  skip(before);
  for (; !before.done(); before.next()) {
    while (!now.done() && now.index() < before.index()) now.next();
    const bool is_there = !now.done() && now.index() == before.index();
    if (is_there ? now.count() < before.count() : before.count() != 0) return true;
  }
  return false;
}

/// Counts of the buckets up to `bound` from where the cursor stands, which moves on behind them.
double count_up_to(BucketCursor& at, const FloatHistogram& histogram, double bound) {
  double count = 0;
  for (; !at.done() && bucket_at(histogram, at.index(), true).upper <= bound; at.next()) count += at.count();
  return count;
}

/// Compares what lies between the bounds that both have.
bool is_reset_with_other_bounds(const FloatHistogram& now, const FloatHistogram& before) {
  BucketCursor now_at(now.positive_spans, now.positive_buckets);
  BucketCursor before_at(before.positive_spans, before.positive_buckets);
  const auto is_less = [&](double bound) {
    const double count = count_up_to(now_at, now, bound);
    return count < count_up_to(before_at, before, bound);
  };
  auto a = now.custom_values.begin();
  auto b = before.custom_values.begin();
  while (a != now.custom_values.end() && b != before.custom_values.end()) {
    if (*a == *b) {
      if (is_less(*a)) return true;
      ++a;
      ++b;
    } else if (*a < *b) {
      ++a;
    } else {
      ++b;
    }
  }
  return is_less(std::numeric_limits<double>::infinity());
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool equal_sides(BucketCursor a, BucketCursor b) {
  for (; !a.done() && !b.done(); a.next(), b.next()) {
    if (a.index() != b.index() || !same_bits(a.count(), b.count())) return false;
  }
  return a.done() && b.done();
}

}  // namespace

bool equal_values(const FloatHistogram& a, const FloatHistogram& b) {
  return a.schema == b.schema && same_bits(a.count, b.count) && same_bits(a.sum, b.sum) &&
         same_bits(a.zero_count, b.zero_count) && a.zero_threshold == b.zero_threshold &&
         a.custom_values == b.custom_values &&
         equal_sides(BucketCursor(a.positive_spans, a.positive_buckets),
                     BucketCursor(b.positive_spans, b.positive_buckets)) &&
         equal_sides(BucketCursor(a.negative_spans, a.negative_buckets),
                     BucketCursor(b.negative_spans, b.negative_buckets));
}

bool is_reset(const FloatHistogram& now, const FloatHistogram& before) {
  if (now.reset_hint == CounterReset::kReset) return true;
  if (now.reset_hint == CounterReset::kNotReset) return false;
  if (now.count < before.count) return true;
  if (has_custom_buckets(now)) {
    if (!has_custom_buckets(before)) return true;
    if (now.custom_values != before.custom_values) return is_reset_with_other_bounds(now, before);
  }
  if (now.schema > before.schema || now.zero_threshold < before.zero_threshold) return true;
  const WiderZero zero = widened(before, nullptr, now.zero_threshold);
  if (zero.threshold != now.zero_threshold || now.zero_count < zero.count) return true;
  const auto is_less = [&](const std::vector<HistogramSpan>& spans, const std::vector<double>& counts,
                           const std::vector<HistogramSpan>& old_spans, const std::vector<double>& old_counts) {
    const BucketCursor at(spans, counts);
    if (now.schema == before.schema) {
      return is_side_reset(at, BucketCursor(old_spans, old_counts), now.schema, now.zero_threshold);
    }
    const Buckets coarse =
        reduced({old_spans, old_counts, nullptr}, static_cast<unsigned>(before.schema - now.schema), false);
    return is_side_reset(at, BucketCursor(coarse.spans, coarse.counts), now.schema, now.zero_threshold);
  };
  return is_less(now.positive_spans, now.positive_buckets, before.positive_spans, before.positive_buckets) ||
         is_less(now.negative_spans, now.negative_buckets, before.negative_spans, before.negative_buckets);
}

}  // namespace tocsin::model
