#include "remote/ref_cache.hpp"

#include <map>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/rng.hpp"

using namespace tocsin;
using remote::RefCache;

namespace {

Hash128 key(std::uint64_t n) {
  return hash128(fmt::format("{}", n), 1);
}

}  // namespace

TEST_CASE("what was put is found, the last ref of a key counts") {
  RefCache cache(100, 1);
  CHECK(cache.seed() == 1);
  CHECK(cache.find(key(1)) == 0);
  cache.put(key(1), 7);
  cache.put(key(2), 8);
  CHECK(cache.find(key(1)) == 7);
  cache.put(key(1), 9);
  CHECK(cache.find(key(1)) == 9);
  CHECK(cache.find(key(2)) == 8);
  CHECK(cache.size() == 2);
}

TEST_CASE("a cache stays within its bound, and keeps what is asked for") {
  RefCache cache(3200, 1);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    cache.put(key(i), i + 1);
    cache.put(key(1'000'000), 5);
    if (i % 50 == 0) CHECK(cache.find(key(0)) == 1);  // more often than a generation lasts
  }
  CHECK(cache.size() <= 3200);
  CHECK(cache.find(key(1'000'000)) == 5);
  CHECK(cache.find(key(99'999)) == 100'000);
  CHECK(cache.find(key(50'000)) == 0);
}

TEST_CASE("a cache never gives a ref that was not put last under the key") {
  RefCache cache(640, 3);
  std::map<std::uint64_t, storage::SeriesRef> twin;
  Rng rng(9);
  std::size_t found = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t n = rng.next() % 2000;
    if (rng.next() % 2 == 0) {
      cache.put(key(n), twin[n] = 1 + rng.next() % 1000);
    } else if (const auto ref = cache.find(key(n)); ref != 0) {
      ++found;
      REQUIRE(ref == twin.at(n));
    }
  }
  CHECK(found > 1000);
}

TEST_CASE("a cache of the smallest size is one") {
  RefCache cache(1, 1);
  for (std::uint64_t i = 1; i < 100; ++i) {
    cache.put(key(i), i);
    CHECK(cache.find(key(i)) == i);
  }
  CHECK(cache.size() <= 32);
}
