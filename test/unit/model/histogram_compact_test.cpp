#include "model/histogram_compact.hpp"

#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "support/histogram_text.hpp"

using namespace tocsin;
using model::FloatHistogram;
using model::HistogramSpan;

namespace {

std::string compacted(std::vector<HistogramSpan> spans, std::vector<double> buckets, std::uint32_t max_empty) {
  FloatHistogram h;
  h.positive_spans = h.negative_spans = std::move(spans);
  h.positive_buckets = h.negative_buckets = std::move(buckets);
  model::compact(h, max_empty);
  CHECK(h.positive_spans == h.negative_spans);
  CHECK(h.positive_buckets == h.negative_buckets);
  return test::side_text("", h.positive_spans, h.positive_buckets);
}

}  // namespace

TEST_CASE("compacting leaves out empty buckets and joins spans") {
  struct Case {
    std::vector<HistogramSpan> spans;
    std::vector<double> buckets;
    std::uint32_t max_empty;
    std::string want;
  };
  const std::vector<Case> cases = {
      {{}, {}, 0, ""},
      {{{0, 0}}, {}, 0, ""},
      {{{-2, 1}, {2, 3}}, {1, 2, 3, 4}, 0, " =[-2:1 2:3] 1,2,3,4"},
      {{{-2, 1}, {2, 3}}, {1, 2, 3, 4}, 2, " =[-2:6] 1,0,0,2,3,4"},
      {{{-2, 3}}, {0, 1, 0}, 0, " =[-1:1] 1"},
      {{{-2, 3}}, {0, 0, 0}, 3, ""},
      {{{0, 2}, {0, 2}}, {1, 2, 3, 4}, 0, " =[0:4] 1,2,3,4"},
      {{{1, 0}, {2, 0}, {3, 1}}, {5}, 0, " =[6:1] 5"},
      {{{0, 5}}, {1, 0, 0, 0, 2}, 2, " =[0:1 3:1] 1,2"},
      {{{0, 5}}, {1, 0, 0, 0, 2}, 3, " =[0:5] 1,0,0,0,2"},
      {{{0, 3}, {1, 2}}, {1, 2, 0, 0, 3}, 0, " =[0:2 3:1] 1,2,3"},
      {{{0, 3}, {1, 2}}, {1, 2, 0, 0, 3}, 3, " =[0:6] 1,2,0,0,0,3"},
      // Left as they are: validation says what is wrong.
      {{{0, 2}, {-1, 1}}, {1, 0, 2}, 0, " =[0:2 -1:1] 1,0,2"},
      {{{0, 2}}, {1, 0, 2}, 0, " =[0:2] 1,0,2"},
      {{{2147483647, 1}, {2147483647, 1}}, {0, 1}, 0, " =[2147483647:1 2147483647:1] 0,1"},
  };
  for (const Case& c : cases) {
    CAPTURE(test::side_text("", c.spans, c.buckets), c.max_empty);
    CHECK(compacted(c.spans, c.buckets, c.max_empty) == c.want);
  }
}

TEST_CASE("a compacted histogram holds what it held, and has no run of empty buckets that is too long") {
  std::mt19937 random(7);
  const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  const auto counts_of = [](const FloatHistogram& h) {
    std::map<std::int64_t, double> out;
    std::int64_t index = 0;
    std::size_t at = 0;
    for (const auto& span : h.positive_spans) {
      index += span.offset;
      for (std::uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
        if (h.positive_buckets.at(at) != 0) out[index] = h.positive_buckets[at];
      }
    }
    CHECK(at == h.positive_buckets.size());
    return out;
  };
  for (int round = 0; round < 2000; ++round) {
    FloatHistogram h;
    for (std::uint32_t i = below(6); i > 0; --i) {
      h.positive_spans.push_back({static_cast<std::int32_t>(below(4)), below(5)});
      for (std::uint32_t j = 0; j < h.positive_spans.back().length; ++j) h.positive_buckets.push_back(below(3));
    }
    const auto before = counts_of(h);
    const std::uint32_t max_empty = below(4);
    model::compact(h, max_empty);
    REQUIRE(counts_of(h) == before);
    for (std::size_t i = 0; i < h.positive_spans.size(); ++i) {
      CHECK(h.positive_spans[i].length > 0);
      if (i > 0) CHECK(h.positive_spans[i].offset > static_cast<std::int32_t>(max_empty));
    }
    std::uint32_t empty = 0;
    for (const double count : h.positive_buckets) {
      empty = count == 0 ? empty + 1 : 0;
      REQUIRE(empty <= max_empty);
    }
    REQUIRE(empty == 0);
    if (!h.positive_buckets.empty()) CHECK(h.positive_buckets.front() != 0);
  }
}
