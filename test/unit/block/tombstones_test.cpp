#include "block/tombstones.hpp"

#include <limits>
#include <set>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin::block {
namespace {

constexpr Timestamp kLeast = std::numeric_limits<Timestamp>::min();
constexpr Timestamp kMost = std::numeric_limits<Timestamp>::max();

TEST_CASE("intervals that overlap or touch become one") {
  Intervals intervals;
  add_interval(intervals, {10, 20});
  add_interval(intervals, {30, 40});
  add_interval(intervals, {0, 5});
  CHECK(intervals == Intervals{{0, 5}, {10, 20}, {30, 40}});
  add_interval(intervals, {6, 9});
  CHECK(intervals == Intervals{{0, 20}, {30, 40}});
  add_interval(intervals, {32, 33});
  CHECK(intervals == Intervals{{0, 20}, {30, 40}});
  add_interval(intervals, {22, 50});
  CHECK(intervals == Intervals{{0, 20}, {22, 50}});
  add_interval(intervals, {kMost, kMost});
  add_interval(intervals, {kLeast, kLeast});
  CHECK(intervals == Intervals{{kLeast, kLeast}, {0, 20}, {22, 50}, {kMost, kMost}});
  add_interval(intervals, {kLeast, kMost});
  CHECK(intervals == Intervals{{kLeast, kMost}});
}

TEST_CASE("intervals are the set of their times, whatever the order") {
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    Intervals intervals;
    std::set<Timestamp> times;
    for (std::uint64_t i = rng.next() % 12; i > 0; --i) {
      const auto min = static_cast<Timestamp>(rng.next() % 60);
      const auto max = min + static_cast<Timestamp>(rng.next() % 8);
      add_interval(intervals, {min, max});
      for (Timestamp t = min; t <= max; ++t) times.insert(t);
    }
    std::set<Timestamp> got;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      if (i > 0) REQUIRE(intervals[i - 1].max + 1 < intervals[i].min);
      for (Timestamp t = intervals[i].min; t <= intervals[i].max; ++t) got.insert(t);
    }
    REQUIRE(got == times);
  }
}

TEST_CASE("deleted samples go from all columns") {
  storage::SampleColumns samples;
  samples.times = {1, 2, 3, 4, 5, 6};
  samples.values = {1, 2, 3, 4, 5, 6};
  samples.starts = {0, 0, 1, 1, 1, 1};
  remove_deleted({{kLeast, 1}, {3, 4}, {6, 9}}, samples);
  CHECK(samples.times == std::vector<Timestamp>{2, 5});
  CHECK(samples.values == std::vector<double>{2, 5});
  CHECK(samples.starts == std::vector<Timestamp>{0, 1});
  CHECK(samples.histograms.empty());
}

Tombstones some_tombstones() {
  return {{3, {{-5, 10}, {20, 30}}}, {70'000, {{kLeast, kMost}}}};
}

TEST_CASE("tombstones are read as they were written") {
  const auto read = parse_tombstones(encode_tombstones(some_tombstones()));
  REQUIRE(read);
  CHECK(*read == some_tombstones());
  CHECK(count_intervals(*read) == 3);
}

TEST_CASE("no tombstones are the nine bytes that Prometheus puts into a new block") {
  // magic, version, CRC-32C of nothing
  const std::string expected("\x01\x30\xba\x30\x01\x00\x00\x00\x00", 9);
  CHECK(encode_tombstones({}) == expected);
  CHECK(parse_tombstones(expected) == Tombstones());
}

TEST_CASE("tombstones that are cut or damaged are refused") {
  const std::string bytes = encode_tombstones(some_tombstones());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto read = parse_tombstones(std::string_view(bytes).substr(0, size));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::kCorrupt);
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    CAPTURE(bit);
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE_FALSE(parse_tombstones(damaged));
  }
}

}  // namespace
}  // namespace tocsin::block
