// Which blocks are compacted and which go, as tables.
#include "tsdb/block_plan.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

namespace tocsin::tsdb {
namespace {

using block::Meta;
using block::Ulid;

/// A block that is named by its number.
Meta span(std::uint64_t number, Timestamp min, Timestamp max) {
  Meta meta;
  meta.ulid = {0, number};
  meta.min_time = min;
  meta.max_time = max;
  meta.stats.series = 10;
  meta.compaction.sources = {meta.ulid};
  return meta;
}
Meta failed(Meta meta) {
  meta.compaction.failed = true;
  return meta;
}
Meta with_tombstones(Meta meta, std::uint64_t tombstones) {
  meta.stats.tombstones = tombstones;
  return meta;
}
Meta with_hint(Meta meta, const char* hint) {
  meta.compaction.hints = {hint};
  return meta;
}

std::vector<std::uint64_t> numbers(const std::vector<Meta>& blocks) {
  std::vector<std::uint64_t> out;
  for (const Meta& one : blocks) out.push_back(one.ulid.low);
  return out;
}

TEST_CASE("blocks grow threefold up to the longest that is allowed") {
  CHECK(block_ranges(2, 54) == std::vector<std::int64_t>{2, 6, 18, 54});
  CHECK(block_ranges(2, 53) == std::vector<std::int64_t>{2, 6, 18});
  CHECK(block_ranges(2, 1) == std::vector<std::int64_t>{2});
  CHECK(block_ranges(1, std::int64_t{1} << 62U).size() == 10);
}

TEST_CASE("the next compaction is the one that Prometheus chooses") {
  const std::vector<std::int64_t> ranges{20, 60, 180, 540, 1620};
  struct Case {
    const char* name;
    std::vector<Meta> blocks;
    std::vector<std::uint64_t> planned;
  };
  const std::vector<Case> cases{
      {"nothing", {}, {}},
      {"a single block", {span(1, 0, 20)}, {}},
      {"the newest is left alone", {span(1, 0, 20), span(2, 20, 40), span(3, 40, 60)}, {}},
      {"three that fill a range, with one after them",
       {span(1, 0, 20), span(2, 20, 40), span(3, 40, 60), span(4, 60, 80)},
       {1, 2, 3}},
      {"two of three, as nothing will come between",
       {span(1, 0, 20), span(3, 40, 60), span(4, 60, 80), span(5, 80, 100)},
       {1, 3}},
      {"two of a range that is over", {span(1, 0, 20), span(2, 20, 40), span(4, 60, 80), span(5, 80, 100)}, {1, 2}},
      {"one alone in its range is left", {span(2, 20, 40), span(4, 60, 80), span(5, 80, 100)}, {}},
      {"three of the next size",
       {span(1, 0, 60), span(2, 60, 120), span(3, 120, 180), span(4, 180, 200), span(5, 200, 220)},
       {1, 2, 3}},
      {"the small ones before the large",
       {span(1, 0, 60), span(2, 60, 120), span(3, 120, 180), span(4, 180, 200), span(5, 200, 220), span(6, 220, 240),
        span(7, 240, 260)},
       {4, 5, 6}},
      {"in any order", {span(4, 60, 80), span(3, 40, 60), span(1, 0, 20), span(2, 20, 40)}, {1, 2, 3}},
      {"a block across a bound is in no group",
       {span(1, 10, 30), span(2, 50, 70), span(3, 80, 100), span(4, 100, 120)},
       {}},
      {"times before 1970", {span(1, -60, -40), span(2, -40, -20), span(3, -20, 0), span(4, 0, 20)}, {1, 2, 3}},
      {"a group with a block that failed is passed over",
       {failed(span(1, 0, 20)), span(2, 20, 40), span(3, 40, 60), span(4, 60, 80), span(5, 80, 100), span(6, 100, 120),
        span(7, 120, 140)},
       {4, 5, 6}},
      {"overlapping ones first",
       {span(1, 0, 20), span(2, 20, 40), span(3, 40, 60), span(4, 60, 80), span(5, 70, 90)},
       {4, 5}},
      {"a chain of overlaps", {span(1, 0, 50), span(2, 30, 60), span(3, 55, 70), span(4, 80, 100)}, {1, 2, 3}},
      {"one that covers others, in order of their beginnings",
       {span(1, 0, 100), span(2, 20, 40), span(3, 60, 80), span(4, 100, 120)},
       {1, 2, 3}},
      {"equal times overlap", {span(1, 0, 20), span(2, 0, 20)}, {1, 2}},
      {"a large block with many tombstones", {with_tombstones(span(1, 0, 540), 3), span(2, 540, 560)}, {1}},
      {"5 % are not many", {with_tombstones(span(1, 0, 540), 0), span(2, 540, 560)}, {}},
      {"a small block keeps its tombstones", {with_tombstones(span(1, 0, 20), 3), span(2, 540, 560)}, {}},
      {"a small block that is wholly deleted", {with_tombstones(span(1, 0, 20), 10), span(2, 540, 560)}, {1}},
      {"the newest is not rewritten for its tombstones", {with_tombstones(span(1, 0, 540), 10)}, {}},
      {"blocks of stale series keep to themselves",
       {with_hint(span(1, 0, 20), "from-stale-series"), span(2, 0, 20), with_hint(span(3, 0, 20), "from-stale-series")},
       {1, 3}},
      {"late blocks are made one with those that they overlap",
       {with_hint(span(1, 0, 20), "from-out-of-order"), span(2, 0, 20), span(3, 20, 40)},
       {1, 2}},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    CHECK(numbers(plan_compaction(one.blocks, ranges)) == one.planned);
  }
  CHECK(plan_compaction({span(1, 0, 20), span(2, 20, 40), span(3, 40, 60)}, {20}).empty());
}

TEST_CASE("a compacted block tells where it comes from") {
  Meta a = span(1, 0, 20);
  Meta b = span(2, 10, 60);
  b.compaction.level = 3;
  b.compaction.sources = {{0, 7}, {0, 1}};
  a.compaction.hints = {"from-out-of-order"};
  const Meta made = compacted_meta({0, 9}, {a, b});
  CHECK(made.ulid == Ulid{0, 9});
  CHECK(made.min_time == 0);
  CHECK(made.max_time == 60);
  CHECK(made.compaction.level == 4);
  CHECK(made.compaction.sources == std::vector<Ulid>{{0, 1}, {0, 7}});
  REQUIRE(made.compaction.parents.size() == 2);
  CHECK(made.compaction.parents[1].ulid == b.ulid);
  CHECK(made.compaction.parents[1].max_time == 60);
  CHECK(made.compaction.hints.empty());
  CHECK(compacted_meta({0, 9}, {a, a}).compaction.hints == a.compaction.hints);
}

TEST_CASE("blocks go when they end a retention before the newest") {
  const std::vector<BlockAge> blocks{{{0, 2}, 200, 0}, {{0, 1}, 100, 0}, {{0, 3}, 300, 0}};
  CHECK(beyond_time(blocks, 0).empty());
  CHECK(beyond_time(blocks, 201).empty());
  CHECK(beyond_time(blocks, 200) == std::set<Ulid>{{0, 1}});
  CHECK(beyond_time(blocks, 100) == std::set<Ulid>{{0, 1}, {0, 2}});
  CHECK(beyond_time({{{0, 1}, 100, 0}}, 1).empty());  // the only one stays
  CHECK(beyond_time(blocks, 1) == std::set<Ulid>{{0, 1}, {0, 2}});
  CHECK(beyond_time({{{0, 1}, 100, 0}, {{0, 2}, 100, 0}}, 1).empty());  // both end last
  CHECK(beyond_time({}, 1).empty());
  // Ends decide, not beginnings: one that reaches far back stays with its newest sample, and times may be negative.
  CHECK(beyond_time({{{0, 1}, -200, 0}, {{0, 2}, -100, 0}}, 100) == std::set<Ulid>{{0, 1}});
  CHECK(beyond_time({{{0, 1}, -200, 0}, {{0, 2}, -100, 0}}, 101).empty());
}

TEST_CASE("the oldest blocks go when the store is too large") {
  const std::vector<BlockAge> blocks{{{0, 2}, 200, 10}, {{0, 1}, 100, 10}, {{0, 3}, 300, 10}};
  CHECK(beyond_size(blocks, 5, 0).empty());
  CHECK(beyond_size(blocks, 5, 35).empty());
  CHECK(beyond_size(blocks, 5, 34) == std::set<Ulid>{{0, 1}});
  CHECK(beyond_size(blocks, 5, 15) == std::set<Ulid>{{0, 1}, {0, 2}});
  CHECK(beyond_size(blocks, 50, 40).size() == 3);
  CHECK(beyond_size({}, 50, 40).empty());
  // Once one is too much, all older ones go, however small they are.
  CHECK(beyond_size({{{0, 1}, 100, 1}, {{0, 2}, 200, 100}, {{0, 3}, 300, 10}}, 0, 50) ==
        std::set<Ulid>{{0, 1}, {0, 2}});
  // Exactly the limit is not above it.
  CHECK(beyond_size(blocks, 10, 40).empty());
  CHECK(beyond_size(blocks, 11, 40) == std::set<Ulid>{{0, 1}});
}

}  // namespace
}  // namespace tocsin::tsdb
