#include "tsdb/label_index.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "support/storage_suite.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using model::MatchOp;

/// As collection does it: no longer live, then out of the index.
void kill(LabelIndex& index, const Ids& ids) {
  for (const SeriesId id : ids) {
    index.page_of(id)->live[index_in_page(id) / 64].fetch_and(~(std::uint64_t{1} << (id % 64)));
  }
  index.remove(ids);
}

TEST_CASE("postings keep their ids from the record to the heap and back") {
  Postings postings;
  Ids expected;
  for (SeriesId id = 0; id < 100; ++id) {
    CHECK(std::ranges::equal(postings.ids(), expected));
    postings.push_back(id * 3);
    expected.push_back(id * 3);
  }
  postings.remove_if([](SeriesId id) { return id % 2 == 0; });
  std::erase_if(expected, [](SeriesId id) { return id % 2 == 0; });
  CHECK(std::ranges::equal(postings.ids(), expected));
  postings.remove_if([](SeriesId id) { return id != 3; });
  CHECK(std::ranges::equal(postings.ids(), Ids{3}));
  CHECK(postings.heap_bytes() == 0);
  postings.push_back(9);
  postings.push_back(12);
  CHECK(std::ranges::equal(postings.ids(), Ids{3, 9, 12}));
}

TEST_CASE("an id table finds, forgets and shrinks") {
  IdTable table;
  Rng rng(2);
  std::vector<std::uint32_t> hashes;
  for (std::uint32_t id = 0; id < 5000; ++id) {
    hashes.push_back(static_cast<std::uint32_t>(rng.next() % 3 == 0 ? rng.next() % 50 : rng.next()));
    table.insert(hashes[id], id);
  }
  const auto find = [&](std::uint32_t id) {
    return table.find(hashes[id], [id](std::uint32_t other) { return other == id; });
  };
  for (std::uint32_t id = 0; id < 5000; ++id) REQUIRE(find(id) == id);
  for (std::uint32_t id = 0; id < 5000; ++id) {
    if (id % 50 != 7) table.erase(hashes[id], id);
  }
  for (std::uint32_t id = 0; id < 5000; ++id) REQUIRE(find(id) == (id % 50 == 7 ? id : IdTable::kNone));
  const std::size_t before = table.bytes();
  table.shrink();
  CHECK(table.bytes() < before / 4);
  for (std::uint32_t id = 7; id < 5000; id += 50) REQUIRE(find(id) == id);
}

TEST_CASE("series are found by their labels and named by them") {
  Reclaimer reclaimer;
  LabelIndex index(reclaimer);
  const std::string longest(300, 'x');
  const Labels all[] = {{{"__name__", "up"}},
                        {{"__name__", "up"}, {"job", "a"}},
                        {{"__name__", "up"}, {"job", "b"}},
                        {{"job", "a"}, {longest, longest}}};
  for (SeriesId id = 0; id < 4; ++id) {
    CHECK(index.find(all[id]) == kNoId);
    CHECK(index.find_or_create(all[id], 0).id == id);
    CHECK_FALSE(index.find_or_create(all[id], 0).created);
    CHECK(index.find(all[id]) == id);
  }
  for (SeriesId id = 0; id < 4; ++id) CHECK(index.labels(*index.page_of(id), id) == all[id]);
  CHECK(index.find({{"job", "c"}}) == kNoId);
  CHECK(index.find({{"job", "a"}}) == kNoId);
  CHECK(index.find_or_create({{"job", "c"}}, 4).id == kNoId);
  CHECK(index.live() == 4);
}

TEST_CASE("selections equal a look at every series, by whatever way they go") {
  Reclaimer reclaimer;
  LabelIndex index(reclaimer);
  Rng rng(3);
  std::vector<Labels> all;
  for (int i = 0; i < 3000; ++i) {
    std::vector<std::pair<std::string, std::string>> pairs;
    pairs.emplace_back("__name__", "m" + std::to_string(rng.next() % 20));
    if (rng.next() % 2 == 0) pairs.emplace_back("code", std::to_string(200 + rng.next() % 5));
    if (rng.next() % 3 != 0) pairs.emplace_back("instance", "host" + std::to_string(rng.next() % 700) + ":9100");
    pairs.emplace_back("uid", std::to_string(i));
    model::LabelsBuilder builder;
    for (const auto& [name, value] : pairs) builder.set(name, value);
    all.push_back(builder.build());
    index.find_or_create(all.back(), 0);
  }
  Ids dead;
  for (SeriesId id = 0; id < 3000; id += 7) dead.push_back(id);
  kill(index, dead);
  const std::vector<model::Matcher> choice = {
      test::matcher(MatchOp::kEqual, "__name__", "m3"),      test::matcher(MatchOp::kEqual, "__name__", "none"),
      test::matcher(MatchOp::kNotEqual, "__name__", "m3"),   test::matcher(MatchOp::kRegex, "__name__", "m1|m2|m3"),
      test::matcher(MatchOp::kRegex, "__name__", "m1.*"),    test::matcher(MatchOp::kEqual, "code", ""),
      test::matcher(MatchOp::kNotEqual, "code", ""),         test::matcher(MatchOp::kNotEqual, "code", "200"),
      test::matcher(MatchOp::kRegex, "code", "20[0-2]"),     test::matcher(MatchOp::kRegex, "code", "20[0-2]|"),
      test::matcher(MatchOp::kNotRegex, "code", "20[0-2]|"), test::matcher(MatchOp::kNotRegex, "code", "2.*"),
      test::matcher(MatchOp::kRegex, "instance", "host1.*"), test::matcher(MatchOp::kRegex, "instance", ".*:9100"),
      test::matcher(MatchOp::kNotRegex, "instance", ".+"),   test::matcher(MatchOp::kRegex, "instance", ".*"),
      test::matcher(MatchOp::kRegex, "uid", "1[0-9]+7"),     test::matcher(MatchOp::kNotRegex, "uid", "1[0-9]*"),
      test::matcher(MatchOp::kRegex, "nowhere", "x*"),       test::matcher(MatchOp::kRegex, "nowhere", "x+")};
  for (int round = 0; round < 2000; ++round) {
    std::vector<model::Matcher> matchers;
    for (std::uint64_t n = rng.next() % 4; n > 0; --n) matchers.push_back(choice[rng.next() % choice.size()]);
    Ids expected;
    for (SeriesId id = 0; id < 3000; ++id) {
      if (id % 7 != 0 && model::match_all(matchers, all[id])) expected.push_back(id);
    }
    std::string text;
    for (const auto& m : matchers) text += m.to_string() + " ";
    INFO(text);
    REQUIRE(index.select(matchers) == expected);
  }
}

TEST_CASE("what is removed is gone, and its numbers are not used again") {
  Reclaimer reclaimer;
  LabelIndex index(reclaimer);
  const Labels a{{"__name__", "m"}, {"uid", "a"}};
  const Labels b{{"__name__", "m"}, {"uid", "b"}};
  index.find_or_create(a, 0);
  index.find_or_create(b, 0);
  kill(index, {0});
  CHECK(index.find(a) == kNoId);
  CHECK(index.find(b) == 1);
  CHECK(index.live() == 1);
  CHECK(index.pairs_of("uid").size() == 1);
  CHECK(index.find_or_create(a, 0).id == 2);
  kill(index, {1, 2});
  CHECK(index.pairs_of("uid").empty());
  int names = 0;
  index.for_each_name([&](std::string_view, const std::vector<PairId>&) { ++names; });
  CHECK(names == 0);
}

TEST_CASE("turns of creation and removal leave no memory behind, and pinned labels readable") {
  Reclaimer reclaimer;
  LabelIndex index(reclaimer);
  std::size_t third = 0;
  SeriesId first = 0;
  for (int turn = 0; turn < 10; ++turn) {
    const Pin pin = reclaimer.pin();
    Ids ids;
    for (int i = 0; i < 60'000; ++i) {
      const Labels labels{{"__name__", "m" + std::to_string(i % 10)},
                          {"job", "test"},
                          {"uid", std::to_string(turn) + "-" + std::to_string(i) + "-some-longer-text-of-a-pod-name"}};
      ids.push_back(index.find_or_create(labels, 0).id);
    }
    const auto bytes = index.bytes();
    const std::size_t total = bytes.records + bytes.labels + bytes.table + bytes.pairs + bytes.postings + bytes.texts;
    if (turn == 2) third = total;
    if (turn > 2) CHECK(total <= third + third / 20);
    SeriesPage* const page = index.page_of(ids[5]);
    kill(index, ids);
    CHECK(index.page_of(ids[5]) == nullptr);
    CHECK(index.labels(*page, index_in_page(ids[5])).get("job") == "test");  // the pin keeps it
    first = ids.back();
  }
  CHECK(first == 10 * 60'000 - 1);
  CHECK(index.live() == 0);
}

TEST_CASE("an index is put back from its pairs and series") {
  Reclaimer reclaimer;
  LabelIndex index(reclaimer);
  index.restore_pair(5, "a", "1");
  index.restore_pair(7, "b", "2");
  index.restore_pair(8, "b", "unused");
  CHECK(index.restore_series(300, std::vector<PairId>{5, 7}));
  CHECK_FALSE(index.restore_series(300, std::vector<PairId>{5}));        // number used
  CHECK_FALSE(index.restore_series(301, std::vector<PairId>{5, 7}));     // labels used
  CHECK_FALSE(index.restore_series(302, std::vector<PairId>{5, 1000}));  // no such pair
  index.finish_restore();
  index.restore_next(500, 20);
  CHECK(index.find({{"a", "1"}, {"b", "2"}}) == 300);
  CHECK(index.pairs_of("b").size() == 1);
  CHECK(index.find_or_create({{"c", "3"}}, 0).id == 500);
  CHECK(index.next_pair() == 21);
}

}  // namespace
}  // namespace tocsin::tsdb
