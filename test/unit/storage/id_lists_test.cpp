#include "storage/id_lists.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin::storage {
namespace {

TEST_CASE("lists of ids intersect, subtract and unite as sets do") {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    const auto draw = [&] {
      Ids ids;
      const std::uint64_t size = rng.next() % (round % 3 == 0 ? 5 : 200);
      const std::uint64_t range = round % 2 == 0 ? 100 : 1'000'000;
      for (std::uint64_t i = 0; i < size; ++i) ids.push_back(static_cast<std::uint32_t>(rng.next() % range));
      std::ranges::sort(ids);
      ids.erase(std::ranges::unique(ids).begin(), ids.end());
      return ids;
    };
    const Ids a = draw();
    const Ids b = draw();
    const Ids c = draw();
    Ids expected;
    std::ranges::set_intersection(a, b, std::back_inserter(expected));
    Ids got = a;
    intersect(got, b);
    REQUIRE(got == expected);
    expected.clear();
    std::ranges::set_difference(a, b, std::back_inserter(expected));
    got = a;
    subtract(got, b);
    REQUIRE(got == expected);
    std::set<std::uint32_t> all(a.begin(), a.end());
    all.insert(b.begin(), b.end());
    all.insert(c.begin(), c.end());
    REQUIRE(unite({a, b, c}) == Ids(all.begin(), all.end()));
  }
  CHECK(unite({}).empty());
  CHECK(unite({std::span<const std::uint32_t>(), std::span<const std::uint32_t>()}).empty());
}

}  // namespace
}  // namespace tocsin::storage
