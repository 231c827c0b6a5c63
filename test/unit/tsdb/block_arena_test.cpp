#include "tsdb/block_arena.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::size_t kPageBytes = 1024 * sizeof(Block);

/// Marks a block, to see that nobody else was given it.
void mark(BlockArena& arena, std::uint32_t id) {
  std::ranges::fill(arena.at(id).data, static_cast<std::uint8_t>(id * 7 + 1));
  arena.at(id).previous = ~id;
}
bool is_marked(const BlockArena& arena, std::uint32_t id) {
  const Block& block = arena.at(id);
  const auto byte = static_cast<std::uint8_t>(id * 7 + 1);
  return block.previous == ~id && std::ranges::all_of(block.data, [byte](auto b) { return b == byte; });
}

TEST_CASE("a block is given to one at a time and keeps what is in it, however many come and go") {
  BlockArena arena;
  Rng rng(5);
  std::vector<std::uint32_t> taken;
  std::set<std::uint32_t> names;
  // Waves: mostly taking, then mostly giving back, down to nothing now and then.
  for (int step = 0; step < 200'000; ++step) {
    const bool rising = step / 20'000 % 2 == 0;
    if (rng.next() % 100 < (rising ? 60 : 35) || taken.empty()) {
      taken.push_back(arena.take());
      REQUIRE(names.insert(taken.back()).second);
      mark(arena, taken.back());
      continue;
    }
    const std::size_t which = rng.next() % taken.size();
    std::swap(taken[which], taken.back());
    REQUIRE(is_marked(arena, taken.back()));
    arena.give_back(taken.back());
    names.erase(taken.back());
    taken.pop_back();
  }
  REQUIRE(arena.used() == taken.size());
  for (const std::uint32_t id : taken) REQUIRE(is_marked(arena, id));
}

TEST_CASE("pages that are empty go back, and their numbers are used again") {
  BlockArena arena;
  constexpr std::uint32_t kMany = 500 * 1024;
  std::uint32_t most = 0;
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<std::uint32_t> taken(kMany);
    for (std::uint32_t& id : taken) id = arena.take();
    CHECK(arena.bytes() == 500 * kPageBytes);
    most = std::max(most, *std::ranges::max_element(taken));
    for (const std::uint32_t id : taken) arena.give_back(id);
    CHECK(arena.used() == 0);
    CHECK(arena.bytes() <= 17 * kPageBytes);
  }
  CHECK(most < kMany);
}

TEST_CASE("what stays open moves to the lowest pages, so that the others become empty") {
  BlockArena arena;
  Rng rng(6);
  std::vector<std::uint32_t> taken(400 * 1024);
  for (std::uint32_t& id : taken) id = arena.take();
  for (std::size_t i = taken.size(); i > 1; --i) std::swap(taken[i - 1], taken[rng.next() % i]);
  // A tenth stays, scattered over all pages: nothing can go yet.
  for (std::size_t i = taken.size() / 10; i < taken.size(); ++i) arena.give_back(taken[i]);
  taken.resize(taken.size() / 10);
  CHECK(arena.bytes() == 400 * kPageBytes);
  // Chunks are completed, and others begun.
  for (int step = 0; step < 1'000'000; ++step) {
    std::uint32_t& one = taken[rng.next() % taken.size()];
    arena.give_back(one);
    one = arena.take();
  }
  CHECK(arena.bytes() < 120 * kPageBytes);
}

}  // namespace
}  // namespace tocsin::tsdb
