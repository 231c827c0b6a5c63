#include "model/histogram.hpp"

#include <functional>
#include <limits>

#include <catch2/catch.hpp>

namespace tocsin::model {
namespace {

FloatHistogram exponential() {
  FloatHistogram h;
  h.zero_threshold = 0.01;
  h.zero_count = 2;
  h.count = 19;
  h.sum = 18.4;
  h.positive_spans = {{0, 2}, {1, 2}};
  h.positive_buckets = {1, 2, 1, 1};
  h.negative_spans = {{0, 2}, {0, 0}, {1, 2}};
  h.negative_buckets = {3, 4, 3, 2};
  return h;
}

FloatHistogram custom() {
  FloatHistogram h;
  h.schema = kCustomBucketsSchema;
  h.count = 5;
  h.sum = 19.4;
  h.positive_spans = {{0, 2}, {1, 1}};
  h.positive_buckets = {1, 2, 2};
  h.custom_values = {1, 2, 3};
  return h;
}

std::string verdict(FloatHistogram h, const std::function<void(FloatHistogram&)>& change) {
  change(h);
  const auto result = validate(h);
  return result ? "good" : result.error().message;
}

TEST_CASE("histograms are judged as Prometheus judges them") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    FloatHistogram base;
    std::function<void(FloatHistogram&)> change;
    std::string verdict;
  };
  const Case cases[] = {
      {exponential(), [](auto&) {}, "good"},
      {custom(), [](auto&) {}, "good"},
      {{}, [](auto& h) { h.sum = stale_nan(); }, "good"},
      {exponential(), [](auto& h) { h.positive_spans[0].offset = -7; }, "good"},
      {exponential(), [](auto& h) { h.count = 20; }, "good"},
      {exponential(), [](auto& h) { h.integer = true; }, "good"},
      {exponential(),
       [](auto& h) {
         h.integer = true;
         h.count = 20;
       },
       "19 observations found in buckets, but the Count field is 20: histogram's observation count should equal the "
       "number of observations found in the buckets (in absence of NaN)"},
      {exponential(),
       [](auto& h) {
         h.integer = true;
         h.count = 20;
         h.sum = nan;
       },
       "good"},
      {exponential(),
       [](auto& h) {
         h.integer = true;
         h.count = 18;
         h.sum = nan;
       },
       "19 observations found in buckets, but the Count field is 18: histogram's observation count should be at least "
       "the number of observations found in the buckets"},
      {exponential(), [](auto& h) { h.positive_spans[1].offset = -1; },
       "positive side: span number 2 with offset -1: histogram has a span whose offset is negative"},
      {exponential(), [](auto& h) { h.negative_buckets.push_back(1); },
       "negative side: spans need 4 buckets, have 5 buckets: histogram spans specify different number of buckets than "
       "provided"},
      {exponential(), [](auto& h) { h.positive_spans[1].length = 0x80000000U; },
       "positive side: spans need 2147483650 buckets, have 4 buckets: histogram spans specify different number of "
       "buckets than provided"},
      {exponential(), [](auto& h) { h.positive_buckets[2] = -0.5; },
       "positive side: bucket number 3 has observation count of -0.5: histogram has a bucket whose observation count "
       "is negative"},
      {exponential(), [](auto& h) { h.zero_count = -1; },
       "zero bucket has observation count of -1: histogram has a bucket whose observation count is negative"},
      {exponential(), [](auto& h) { h.count = -2; },
       "observation count is  -2: histogram's observation count is negative"},
      {exponential(), [](auto& h) { h.custom_values = {1}; },
       "histogram with exponential schema must not have custom bounds"},
      {exponential(), [](auto& h) { h.schema = 9; },
       "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom "
       "buckets, got schema 9"},
      {custom(), [](auto& h) { h.custom_values = {1, 2, nan}; },
       "custom buckets: histogram custom bounds must not be NaN"},
      {custom(), [](auto& h) { h.custom_values = {1, 3, 3}; },
       "custom buckets: previous bound is 3.000000 and current is 3.000000: histogram custom bounds must be in "
       "strictly increasing order"},
      {custom(), [](auto& h) { h.custom_values = {1, 3, inf}; },
       "custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite"},
      {custom(), [](auto& h) { h.custom_values = {1, 2}; },
       "custom buckets: only 2 custom bounds defined which is insufficient to cover total span length of 4: histogram "
       "custom bounds are too few"},
      {custom(), [](auto& h) { h.positive_spans[0].offset = -1; },
       "custom buckets: span number 1 with offset -1: histogram has a span whose offset is negative"},
      {custom(), [](auto& h) { h.zero_count = 1; }, "custom buckets: must have zero count of 0"},
      {custom(), [](auto& h) { h.zero_threshold = 1; }, "custom buckets: must have zero threshold of 0"},
      {custom(), [](auto& h) { h.negative_spans = {{0, 1}}; }, "custom buckets: must not have negative spans"},
      {custom(), [](auto& h) { h.negative_buckets = {1}; }, "custom buckets: must not have negative buckets"},
  };
  for (const auto& c : cases) CHECK(verdict(c.base, c.change) == c.verdict);
}

TEST_CASE("buckets of a coarser schema are sums of those of a finer one") {
  FloatHistogram h;
  h.schema = 2;
  h.positive_spans = {{-3, 4}, {2, 3}};  // -3 -2 -1 0, 3 4 5
  h.positive_buckets = {1, 2, 4, 8, 16, 32, 64};
  reduce_resolution(h, 1);  // (i - 1) / 2 + 1: -1 -1 0 0, 2 2 3
  CHECK(h.schema == 1);
  CHECK(h.positive_spans == std::vector<HistogramSpan>{{-1, 2}, {1, 2}});
  CHECK(h.positive_buckets == std::vector<double>{3, 12, 48, 64});
  reduce_resolution(h, -4);
  CHECK(h.positive_spans == std::vector<HistogramSpan>{{0, 2}});
  CHECK(h.positive_buckets == std::vector<double>{15, 112});
  reduce_resolution(h, 3);
  CHECK(h.schema == -4);
}

}  // namespace
}  // namespace tocsin::model
