#include "model/histogram_math.hpp"

#include <cmath>
#include <limits>
#include <map>

#include <catch2/catch.hpp>

#include "model/histogram_bounds.hpp"
#include "model/histogram_buckets.hpp"
#include "model/histogram_compact.hpp"
#include "model/histogram_text.hpp"
#include "base/rng.hpp"

using namespace tocsin;
using model::CounterReset;
using model::FloatHistogram;

namespace {

using Counts = std::map<std::int64_t, double>;

void set_side(const Counts& counts, std::vector<model::HistogramSpan>& spans, std::vector<double>& buckets) {
  std::int64_t next = 0;
  for (const auto& [index, count] : counts) {
    if (!spans.empty() && index == next) {
      ++spans.back().length;
    } else {
      spans.push_back({static_cast<std::int32_t>(index - next), 1});
    }
    buckets.push_back(count);
    next = index + 1;
  }
}

Counts counts_of(const std::vector<model::HistogramSpan>& spans, const std::vector<double>& buckets) {
  Counts counts;
  for (model::BucketCursor at(spans, buckets); !at.done(); at.next()) counts[at.index()] += at.count();
  return counts;
}

FloatHistogram exponential(std::int32_t schema, const Counts& positive, const Counts& negative = {}) {
  FloatHistogram h;
  h.schema = schema;
  set_side(positive, h.positive_spans, h.positive_buckets);
  set_side(negative, h.negative_spans, h.negative_buckets);
  for (const auto& [index, count] : positive) h.count += count;
  for (const auto& [index, count] : negative) h.count += count;
  h.sum = h.count;
  return h;
}

FloatHistogram with_zero(FloatHistogram h, double threshold, double count) {
  h.zero_threshold = threshold;
  h.zero_count = count;
  h.count += count;
  return h;
}

FloatHistogram custom(std::vector<double> bounds, const Counts& counts) {
  FloatHistogram h = exponential(model::kCustomBucketsSchema, counts);
  h.custom_values = std::move(bounds);
  return h;
}

FloatHistogram hinted(FloatHistogram h, CounterReset hint) {
  h.reset_hint = hint;
  return h;
}

std::string text_of(FloatHistogram h) {
  model::compact(h, 0);
  return model::histogram_text(h);
}

FloatHistogram sum_of(FloatHistogram a, const FloatHistogram& b) {
  model::add(a, b);
  return a;
}

/// The bucket of another schema that holds a value: found by its bounds, not by arithmetic on indices.
std::int64_t index_of(double value, std::int32_t schema) {
  std::int64_t index = -200;
  while (model::exponential_bound(schema, index) < value) ++index;
  return index;
}

Counts coarse(const Counts& counts, std::int32_t from, std::int32_t to) {
  Counts out;
  for (const auto& [index, count] : counts) out[index_of(model::exponential_bound(from, index), to)] += count;
  return out;
}

FloatHistogram random_histogram(Rng& rng) {
  Counts positive, negative;
  for (auto* side : {&positive, &negative}) {
    for (int i = 0; i < 6; ++i) {
      if (rng.next() % 2 == 0)
        (*side)[static_cast<std::int64_t>(rng.next() % 20) - 8] = static_cast<double>(rng.next() % 9);
    }
  }
  return exponential(static_cast<std::int32_t>(rng.next() % 3), positive, negative);
}

}  // namespace

TEST_CASE("adding histograms adds their buckets, count and sum") {
  const auto a = exponential(0, {{0, 1}, {1, 2}, {5, 3}}, {{2, 1}});
  const auto b = exponential(0, {{-1, 4}, {1, 1}, {2, 1}, {9, 2}}, {{3, 5}});
  FloatHistogram sum = a;
  CHECK_FALSE(model::add(sum, b).bounds_reconciled);
  CHECK(counts_of(sum.positive_spans, sum.positive_buckets) == Counts{{-1, 4}, {0, 1}, {1, 3}, {2, 1}, {5, 3}, {9, 2}});
  CHECK(counts_of(sum.negative_spans, sum.negative_buckets) == Counts{{2, 1}, {3, 5}});
  CHECK(sum.count == a.count + b.count);
  CHECK(sum.sum == a.sum + b.sum);
  CHECK(model::validate(sum));
  model::subtract(sum, b);
  CHECK(text_of(sum) == text_of(a));
}

TEST_CASE("random histograms of any schemas add up to what their buckets say") {
  Rng rng(3);
  for (int round = 0; round < 2000; ++round) {
    const FloatHistogram a = random_histogram(rng);
    const FloatHistogram b = random_histogram(rng);
    const std::int32_t schema = std::min(a.schema, b.schema);
    Counts positive = coarse(counts_of(a.positive_spans, a.positive_buckets), a.schema, schema);
    for (const auto& [i, n] : coarse(counts_of(b.positive_spans, b.positive_buckets), b.schema, schema))
      positive[i] += n;
    Counts negative = coarse(counts_of(a.negative_spans, a.negative_buckets), a.schema, schema);
    for (const auto& [i, n] : coarse(counts_of(b.negative_spans, b.negative_buckets), b.schema, schema))
      negative[i] += n;
    const std::string expected = text_of(exponential(schema, positive, negative));
    CAPTURE(model::histogram_text(a), model::histogram_text(b));
    const FloatHistogram sum = sum_of(a, b);
    REQUIRE(sum.schema == schema);
    REQUIRE(text_of(sum) == expected);
    REQUIRE(model::validate(sum));
    model::HistogramSum compensated(a);
    compensated.add(b);
    REQUIRE(text_of(compensated.take()) == expected);
    // A counter that only grew is no reset; one that lost an observation is.
    REQUIRE_FALSE(model::is_reset(sum, b));
    FloatHistogram less = sum;
    if (!less.positive_buckets.empty() && less.positive_buckets.front() > 0) {
      less.positive_buckets.front() -= 1;
      REQUIRE(model::is_reset(less, sum));
    }
  }
}

TEST_CASE("the wider zero bucket counts, up to the end of a filled bucket") {
  // (1,2] and (2,4] are within 3 or cut by it: the zero bucket goes to 4.
  const auto narrow = with_zero(exponential(0, {{1, 2}, {2, 3}, {3, 4}}, {{1, 1}}), 0.5, 1);
  const auto wide = with_zero(exponential(0, {{3, 1}}), 3, 10);
  for (const auto& sum : {sum_of(narrow, wide), sum_of(wide, narrow)}) {
    CHECK(sum.zero_threshold == 4);
    CHECK(sum.zero_count == 1 + 2 + 3 + 1 + 10);
    CHECK(counts_of(sum.positive_spans, sum.positive_buckets) == Counts{{3, 5}});
    CHECK(sum.count == narrow.count + wide.count);
  }
  // A negative bucket moves it out further, and the positive ones are counted anew.
  const auto lopsided = with_zero(exponential(0, {{2, 5}}, {{2, 1}, {3, 1}}), 0, 0);
  FloatHistogram sum = lopsided;
  model::add(sum, with_zero(exponential(0, {}), 1.5, 1));
  CHECK(sum.zero_threshold == 1.5);
  model::add(sum, with_zero(exponential(0, {}), 2.5, 1));
  CHECK(sum.zero_threshold == 4);
  CHECK(sum.zero_count == 8);
  CHECK(counts_of(sum.negative_spans, sum.negative_buckets) == Counts{{3, 1}});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(sum_of(with_zero(narrow, nan, 1), wide).zero_threshold));
}

TEST_CASE("custom buckets meet in the bounds that both have") {
  const auto a = custom({1, 2, 5}, {{0, 1}, {1, 2}, {2, 4}, {3, 8}});
  const auto b = custom({2, 5, 10}, {{0, 16}, {1, 32}, {2, 64}, {3, 128}});
  FloatHistogram sum = a;
  CHECK(model::add(sum, b).bounds_reconciled);
  CHECK(sum.custom_values == std::vector<double>{2, 5});
  CHECK(counts_of(sum.positive_spans, sum.positive_buckets) == Counts{{0, 19}, {1, 36}, {2, 200}});
  FloatHistogram apart = a;
  CHECK(model::subtract(apart, custom({3}, {{0, 1}, {1, 1}})).bounds_reconciled);
  CHECK(apart.custom_values.empty());
  CHECK(counts_of(apart.positive_spans, apart.positive_buckets) == Counts{{0, 13}});
  CHECK_FALSE(model::are_compatible(a, exponential(0, {})));
  // What was counted below 2 and below 5 did not become less.
  CHECK_FALSE(model::is_reset(b, custom({1, 2, 5}, {{0, 1}, {1, 15}, {2, 32}, {3, 192}})));
  CHECK(model::is_reset(b, custom({1, 2, 5}, {{0, 1}, {1, 16}, {2, 32}, {3, 191}})));
}

TEST_CASE("reset hints are reconciled, and a contradiction is told") {
  const auto h = exponential(0, {{0, 1}});
  using enum CounterReset;
  const auto both = [&](CounterReset a, CounterReset b) {
    FloatHistogram sum = hinted(h, a);
    const bool collision = model::add(sum, hinted(h, b)).reset_collision;
    return std::pair(sum.reset_hint, collision);
  };
  CHECK(both(kReset, kReset) == std::pair(kReset, false));
  CHECK(both(kGauge, kReset) == std::pair(kGauge, false));
  CHECK(both(kNotReset, kGauge) == std::pair(kGauge, false));
  CHECK(both(kUnknown, kReset) == std::pair(kUnknown, false));
  CHECK(both(kReset, kUnknown) == std::pair(kUnknown, false));
  CHECK(both(kReset, kNotReset) == std::pair(kUnknown, true));
  CHECK(model::is_reset(hinted(h, kReset), h));
  CHECK_FALSE(model::is_reset(hinted(exponential(0, {}), kNotReset), h));
}

TEST_CASE("a finer schema and a narrower zero bucket mean a reset, their opposites do not") {
  const auto fine = exponential(1, {{1, 1}, {2, 2}, {3, 3}});
  const auto less_fine = exponential(0, {{1, 3}, {2, 3}});
  CHECK_FALSE(model::is_reset(less_fine, fine));
  CHECK(model::is_reset(fine, less_fine));
  CHECK(model::is_reset(exponential(0, {{1, 4}, {2, 2}}), fine));
  CHECK_FALSE(model::is_reset(with_zero(exponential(0, {{2, 3}}), 2, 3), less_fine));
  CHECK(model::is_reset(with_zero(exponential(0, {{2, 4}}), 2, 2), less_fine));
  CHECK(model::is_reset(with_zero(exponential(0, {{2, 9}}), 1.5, 9), less_fine));  // cuts a filled bucket
  CHECK(model::is_reset(less_fine, with_zero(exponential(0, {}), 1, 0)));
  CHECK(model::is_reset(less_fine, custom({1}, {{0, 1}})));
}

TEST_CASE("a mean does not overflow") {
  const double huge = std::numeric_limits<double>::max();
  model::HistogramMean mean(exponential(0, {{0, huge}}));
  mean.add(exponential(0, {{0, huge}, {1, 2}}));
  mean.add(exponential(0, {{0, huge}, {1, 1}}));
  const FloatHistogram h = mean.take();
  CHECK(counts_of(h.positive_spans, h.positive_buckets).at(0) == Approx(huge));
  CHECK(counts_of(h.positive_spans, h.positive_buckets).at(1) == Approx(1));
  model::HistogramMean small(exponential(0, {{0, 1}}));
  small.add(exponential(0, {{1, 4}}));
  CHECK(text_of(small.take()) == text_of(exponential(0, {{0, 0.5}, {1, 2}})));
}

TEST_CASE("a compensated sum keeps what rounding drops") {
  model::HistogramSum sum(exponential(0, {{0, 1e16}, {1, 1}}));
  for (int i = 0; i < 4; ++i) sum.add(exponential(0, {{0, 1}}));
  sum.add(exponential(0, {{0, -1e16}}));
  const FloatHistogram h = sum.take();
  CHECK(counts_of(h.positive_spans, h.positive_buckets) == Counts{{0, 4}, {1, 1}});
}

TEST_CASE("a factor scales, a negative one makes a gauge, division by zero leaves no buckets") {
  FloatHistogram h = with_zero(exponential(0, {{0, 1}}, {{3, 2}}), 0.1, 4);
  model::multiply(h, 2);
  CHECK(model::histogram_text(h) == "{count:14, sum:6, [-8,-4):4, [-0.1,0.1]:8, (0.5,1]:2}");
  CHECK(h.reset_hint == CounterReset::kUnknown);
  model::divide(h, -2);
  CHECK(h.reset_hint == CounterReset::kGauge);
  CHECK(h.count == -7);
  model::divide(h, 0);
  CHECK(h.positive_spans.empty());
  CHECK(std::isinf(h.count));
  CHECK(model::has_overflow(h));
}

TEST_CASE("trimming keeps whole buckets and a part of the one around the bound") {
  FloatHistogram h = custom({0, 10, 20}, {{0, 1}, {1, 10}, {2, 10}, {3, 5}});
  FloatHistogram below = h;
  model::trim_above(below, 15);
  CHECK(counts_of(below.positive_spans, below.positive_buckets) == Counts{{0, 1}, {1, 10}, {2, 5}});
  CHECK(below.count == 16);
  CHECK(below.sum == 10 * 5 + 5 * 12.5);
  FloatHistogram above = h;
  model::trim_below(above, 15);
  CHECK(counts_of(above.positive_spans, above.positive_buckets) == Counts{{2, 5}, {3, 5}});
  CHECK(above.sum == 5 * 17.5 + 5 * 20);
  FloatHistogram all = h;
  model::trim_above(all, std::numeric_limits<double>::infinity());
  CHECK(model::histogram_text(all) == model::histogram_text(h));
  FloatHistogram exp = exponential(0, {{2, 8}}, {{2, 8}});  // (2,4] and [-4,-2)
  model::trim_below(exp, std::sqrt(8.0));
  CHECK(counts_of(exp.positive_spans, exp.positive_buckets).at(2) == Approx(4));
  CHECK(exp.negative_buckets.empty());
}

TEST_CASE("buckets come in order and end at the zero bucket") {
  const auto h = with_zero(exponential(0, {{0, 1}, {2, 1}}, {{1, 3}}), 0.75, 2);
  std::vector<model::HistogramBucket> buckets;
  model::all_buckets(h, buckets);
  REQUIRE(buckets.size() == 4);
  CHECK(buckets[0].lower == -2);
  CHECK(buckets[0].upper == -1);
  CHECK(buckets[0].lower_inclusive);
  CHECK_FALSE(buckets[0].upper_inclusive);
  CHECK(buckets[1].lower == -0.75);
  CHECK(buckets[2].lower == 0.75);
  CHECK(buckets[2].upper == 1);
  CHECK(buckets[3].upper_inclusive);
  std::vector<model::HistogramBucket> outer;
  model::all_buckets(custom({1}, {{0, 1}, {1, 1}}), outer);
  REQUIRE(outer.size() == 2);
  CHECK(std::isinf(outer[0].lower));
  CHECK(outer[0].lower_inclusive);
  CHECK(std::isinf(outer[1].upper));
}
