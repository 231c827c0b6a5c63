#include "base/arena.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin {
namespace {

constexpr std::size_t kChunk = ArenaChunks::kChunkBytes;

TEST_CASE("blocks of an arena are aligned, as large as asked for, and do not overlap") {
  ArenaChunks chunks(0);
  Arena arena(chunks);
  struct Block {
    unsigned char* at;
    std::size_t bytes;
    unsigned char mark;
  };
  std::deque<Block> blocks;
  const auto check_and_free = [&](const Block& block) {
    bool whole = true;
    for (std::size_t i = 0; i < block.bytes; ++i) whole = whole && block.at[i] == block.mark;
    CHECK(whole);
    arena.deallocate(block.at, block.bytes);
  };
  // Around each border of a size, some kept and some freed in between.
  unsigned char mark = 0;
  for (std::size_t power = 1; power <= 2 * Arena::kLargestBlock; power *= 2) {
    for (const std::size_t quarter : {4U, 5U, 6U, 7U}) {
      for (const std::size_t bytes : {power * quarter / 4, power * quarter / 4 + 1, power * quarter / 4 - 1}) {
        auto* const at = static_cast<unsigned char*>(arena.allocate(bytes));
        CHECK(reinterpret_cast<std::uintptr_t>(at) % 16 == 0);
        std::memset(at, ++mark, bytes);
        blocks.push_back({at, bytes, mark});
        if (mark % 3 != 0) continue;
        check_and_free(blocks.front());
        blocks.pop_front();
      }
    }
  }
  for (const Block& block : blocks) check_and_free(block);
}

TEST_CASE("a freed block serves the next one of its size, so that work in rounds takes no more chunks") {
  ArenaChunks chunks(0);
  Arena arena(chunks);
  void* const first = arena.allocate(12'000);
  arena.deallocate(first, 12'000);
  CHECK(arena.allocate(11'600) == first);  // of one size
  arena.deallocate(first, 11'600);
  CHECK(arena.allocate(100) != first);
  for (int round = 0; round < 10'000; ++round) {
    void* const block = arena.allocate(12'000);
    arena.deallocate(block, 12'000);
  }
  CHECK(arena.reserved_bytes() == kChunk);
}

TEST_CASE("chunks that an arena gives back serve the next one, up to what is kept") {
  ArenaChunks chunks(2 * kChunk);
  std::set<void*> first;
  {
    Arena arena(chunks);
    CHECK(chunks.kept_bytes() == 0);
    for (int i = 0; i < 40; ++i) first.insert(arena.allocate(Arena::kLargestBlock));
    CHECK(arena.reserved_bytes() == 5 * kChunk);
  }
  CHECK(chunks.kept_bytes() == 2 * kChunk);
  Arena arena(chunks);
  for (int i = 0; i < 16; ++i) CHECK(first.contains(arena.allocate(Arena::kLargestBlock)));
  CHECK(chunks.kept_bytes() == 0);
}

TEST_CASE("an arena of which nothing was asked takes nothing") {
  ArenaChunks chunks(kChunk);
  { const Arena arena(chunks); }
  CHECK(chunks.kept_bytes() == 0);
}

TEST_CASE("arrays keep their memory's origin when they are moved or swapped") {
  ArenaChunks chunks(kChunk);
  Arena arena(chunks);
  ArenaVector<int> of_arena({1, 2, 3}, &arena);
  ArenaVector<int> of_heap{4, 5};
  const int* const where = of_arena.data();
  of_arena.swap(of_heap);
  CHECK(of_heap.data() == where);
  CHECK(of_heap.get_allocator().arena() == &arena);
  of_arena = std::move(of_heap);
  CHECK(of_arena.data() == where);
  of_heap = {7};  // it is the arena's still, and may be used
  CHECK(of_heap.get_allocator().arena() == &arena);
  const ArenaVector<int> copy = of_arena;  // NOLINT(performance-unnecessary-copy-initialization): of the same arena
  CHECK(copy == ArenaVector<int>{1, 2, 3});
  CHECK(copy.get_allocator().arena() == &arena);
}

TEST_CASE("arrays of an arena hold what arrays of the heap hold, in random use") {
  ArenaChunks chunks(kChunk);
  Arena arena(chunks);
  Rng rng(7);
  std::vector<ArenaVector<std::uint64_t>> ours(20, ArenaVector<std::uint64_t>(&arena));
  std::vector<std::vector<std::uint64_t>> theirs(ours.size());
  for (int i = 0; i < 5'000; ++i) {
    const std::size_t at = rng.next() % ours.size();
    const std::uint64_t value = rng.next();
    switch (rng.next() % 4) {
      case 0:
        ours[at].clear();
        ours[at].shrink_to_fit();
        theirs[at].clear();
        break;
      case 1:
        ours[at].resize(value % 20'000, value);
        theirs[at].resize(value % 20'000, value);
        break;
      case 2:
        ours[at].swap(ours[0]);
        theirs[at].swap(theirs[0]);
        break;
      default:
        ours[at].push_back(value);
        theirs[at].push_back(value);
    }
  }
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CHECK(std::equal(ours[i].begin(), ours[i].end(), theirs[i].begin(), theirs[i].end()));
  }
}

TEST_CASE("arenas of several threads share chunks") {
  ArenaChunks chunks(3 * kChunk);
  std::vector<std::thread> threads;
  std::vector<int> bad(4);
  for (std::size_t t = 0; t < bad.size(); ++t) {
    threads.emplace_back([&chunks, &bad = bad[t], t] {
      for (int round = 0; round < 200; ++round) {
        Arena arena(chunks);
        std::vector<std::uint8_t*> blocks;
        for (int i = 0; i < 20; ++i) {
          blocks.push_back(static_cast<std::uint8_t*>(arena.allocate(Arena::kLargestBlock)));
          *blocks.back() = static_cast<std::uint8_t>(t);
        }
        for (const std::uint8_t* block : blocks) bad += *block == t ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : bad) CHECK(count == 0);
  CHECK(chunks.kept_bytes() <= 3 * kChunk);
}

}  // namespace
}  // namespace tocsin
