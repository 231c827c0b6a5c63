#include "block/postings_builder.hpp"

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin::block {
namespace {

using Lists = std::vector<std::tuple<std::uint32_t, std::uint32_t, std::vector<std::uint32_t>>>;

Lists lists_of(const PostingsBuilder& builder, std::size_t refs_per_pass) {
  Lists lists;
  const auto done = builder.each(
      [&](std::uint32_t name, std::uint32_t value, std::span<const std::uint32_t> refs) -> Result<void> {
        lists.emplace_back(name, value, std::vector(refs.begin(), refs.end()));
        return {};
      },
      refs_per_pass);
  REQUIRE(done);
  return lists;
}

TEST_CASE("lists of label pairs are those of a map, in however many passes they are made") {
  Rng rng(1);
  PostingsBuilder builder;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> expected;
  for (std::uint32_t ref = 2; ref < 4000; ref += 1 + static_cast<std::uint32_t>(rng.next() % 5)) {
    std::vector<std::uint32_t> pairs;
    for (std::uint32_t name = 0; name < 6; ++name) {
      if (rng.next() % 4 == 0) continue;
      const auto value = static_cast<std::uint32_t>(rng.next() % (name == 3 ? 1000 : 4));
      pairs.push_back(builder.pair(name, value));
      expected[{name, value}].push_back(ref);
    }
    builder.add(ref, pairs);
  }
  Lists sorted;
  for (auto& [pair, refs] : expected) sorted.emplace_back(pair.first, pair.second, refs);
  CHECK(builder.pair_count() == sorted.size());
  for (const std::size_t refs_per_pass : {std::size_t{1}, std::size_t{7}, std::size_t{500}, std::size_t{1} << 22U}) {
    CAPTURE(refs_per_pass);
    CHECK((lists_of(builder, refs_per_pass) == sorted));
  }
}

TEST_CASE("an error ends the lists") {
  PostingsBuilder builder;
  for (std::uint32_t value = 0; value < 10; ++value) builder.add(value + 1, {{builder.pair(0, value)}});
  int calls = 0;
  const auto done = builder.each(
      [&](std::uint32_t, std::uint32_t, std::span<const std::uint32_t>) -> Result<void> {
        if (++calls == 3) return fail(Errc::kIo, "full");
        return {};
      },
      2);
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "full");
  CHECK(calls == 3);
}

}  // namespace
}  // namespace tocsin::block
