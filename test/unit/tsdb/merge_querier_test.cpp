// Several stores read as one, beside a single store that has everything.
#include "tsdb/merge_querier.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.hpp"
#include "store.hpp"
#include "support/map_store.hpp"
#include "tsdb/merge_samples.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using test::MapStore;

storage::SampleColumns floats(std::vector<std::pair<Timestamp, double>> samples) {
  storage::SampleColumns out;
  for (const auto& [t, value] : samples) {
    out.times.push_back(t);
    out.values.push_back(value);
  }
  return out;
}

TEST_CASE("samples of two places are merged by time, each time once") {
  struct Case {
    std::vector<std::pair<Timestamp, double>> to, more, merged;
  };
  const std::vector<Case> cases{
      {{}, {}, {}},
      {{{1, 1}}, {}, {{1, 1}}},
      {{}, {{1, 1}}, {{1, 1}}},
      {{{1, 1}}, {{2, 2}}, {{1, 1}, {2, 2}}},
      {{{2, 2}}, {{1, 1}}, {{1, 1}, {2, 2}}},
      {{{1, 1}, {3, 3}, {5, 5}},
       {{2, 2}, {3, 33}, {4, 4}, {5, 55}, {6, 6}},
       {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}}},
      {{{1, 1}, {2, 2}, {3, 3}}, {{1, 11}, {2, 22}, {3, 33}}, {{1, 1}, {2, 2}, {3, 3}}},
      {{{5, 5}}, {{1, 1}, {9, 9}}, {{1, 1}, {5, 5}, {9, 9}}},
  };
  for (const Case& one : cases) {
    storage::SampleColumns to = floats(one.to);
    storage::SampleColumns scratch;
    merge_samples(floats(one.more), to, scratch);
    const storage::SampleColumns expected = floats(one.merged);
    CHECK(to.times == expected.times);
    CHECK(to.values == expected.values);
  }
}

TEST_CASE("columns that only one side has are filled up") {
  storage::SampleColumns to = floats({{1, 1}, {4, 4}});
  storage::SampleColumns more = floats({{2, 0}, {3, 3}});
  more.starts = {7, 0};
  more.histograms = {test::some_histogram(1), nullptr};
  storage::SampleColumns scratch;
  merge_samples(more, to, scratch);
  CHECK(to.times == std::vector<Timestamp>{1, 2, 3, 4});
  CHECK(to.starts == std::vector<Timestamp>{0, 7, 0, 0});
  REQUIRE(to.histograms.size() == 4);
  CHECK(to.histograms[1] == more.histograms[0]);
  CHECK(to.histograms[3] == nullptr);
}

TEST_CASE("a histogram that gets another one before it knows no longer whether the counter was reset between") {
  const auto histograms = [](std::vector<Timestamp> times) {
    storage::SampleColumns out;
    for (const Timestamp t : times) {
      auto h = std::make_shared<model::FloatHistogram>(*test::some_histogram(1));
      h->reset_hint = model::CounterReset::kNotReset;
      out.times.push_back(t);
      out.values.push_back(0);
      out.histograms.push_back(std::move(h));
    }
    return out;
  };
  storage::SampleColumns to = histograms({1, 2, 5, 6});
  storage::SampleColumns scratch;
  merge_samples(histograms({3, 4}), to, scratch);
  std::vector<bool> known;
  for (const auto& h : to.histograms) known.push_back(h->reset_hint == model::CounterReset::kNotReset);
  CHECK(known == std::vector<bool>{true, true, false, true, false, true});
}

/// Stores with parts of what `all` has, some of it twice.
class Split {
 public:
  explicit Split(std::uint64_t seed) : rng_(seed) {
    for (int i = 0; i < kParts; ++i) parts_.push_back(std::make_unique<MapStore>());
    for (int n = 0; n < 400; ++n) {
      const Timestamp t = n * 10;
      const Labels labels{{"__name__", "m" + std::to_string(rng_.next() % 3)}, {"s", std::to_string(rng_.next() % 6)}};
      const auto value = static_cast<double>(rng_.next() % 5);
      if (all.add(labels, t, value) != storage::AppendStatus::kOk) continue;
      const auto part = static_cast<std::size_t>(rng_.next() % kParts);
      parts_[part]->add(labels, t, value);
      if (rng_.next() % 4 == 0) parts_[(part + 1) % kParts]->add(labels, t, value);
    }
  }
  std::unique_ptr<MergeQuerier> querier(Timestamp start, Timestamp end) {
    std::vector<MergeQuerier::Source> sources;
    for (auto& part : parts_) sources.push_back({std::move(*part->querier(start, end)), kMinTimestamp, kMaxTimestamp});
    return std::make_unique<MergeQuerier>(std::move(sources));
  }
  MapStore all;
  Rng& rng() { return rng_; }

 private:
  static constexpr int kParts = 3;
  Rng rng_;
  std::vector<std::unique_ptr<MapStore>> parts_;
};

TEST_CASE("several stores read as one that has everything") {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    Split split(seed);
    auto merged = split.querier(0, 5000);
    auto plain = *split.all.querier(0, 5000);
    const std::vector<model::Matcher> some{test::matcher(model::MatchOp::kEqual, "__name__", "m1")};
    for (const auto& matchers : {std::vector<model::Matcher>{}, some}) {
      CHECK(test::describe(test::read_all(*merged, 0, 5000, matchers)) ==
            test::describe(test::read_all(*plain, 0, 5000, matchers)));
      for (int i = 0; i < 10; ++i) {
        const auto start = static_cast<Timestamp>(split.rng().next() % 4000);
        const Timestamp end = start + static_cast<Timestamp>(split.rng().next() % 300);
        // Chunks decide which series come at all, so those without samples may differ.
        const auto lines = [&](storage::Querier& querier) {
          auto all = test::read_all(querier, start, end, matchers);
          std::erase_if(all, [](const auto& one) { return one.samples.size() == 0; });
          return test::describe(all);
        };
        CHECK(lines(*merged) == lines(*plain));
      }
      for (const std::size_t limit : {0, 1, 2}) {
        CHECK(*merged->label_names(matchers, limit) == *plain->label_names(matchers, limit));
        CHECK(*merged->label_values("s", matchers, limit) == *plain->label_values("s", matchers, limit));
      }
    }
  }
}

TEST_CASE("a series has one id in all sets of a merged querier, whatever sources they ask") {
  MapStore early;
  MapStore late;
  for (int i = 0; i < 20; ++i) {
    const Labels labels{{"i", std::to_string(i)}};
    early.add(labels, 10, 1);
    if (i % 2 == 0) late.add(labels, 110, 1);
  }
  std::vector<MergeQuerier::Source> sources;
  sources.push_back({std::move(*early.querier(0, 200)), 0, 99});
  sources.push_back({std::move(*late.querier(0, 200)), 100, 199});
  MergeQuerier querier(std::move(sources));
  std::map<Labels, std::uint64_t> ids;
  std::set<std::uint64_t> distinct;
  for (const auto& [start, end] : {std::pair<Timestamp, Timestamp>{0, 200}, {0, 50}, {100, 150}}) {
    auto set = querier.select({.start = start, .end = end}, {});
    std::size_t series = 0;
    while (set->next()) {
      ++series;
      const auto [known, added] = ids.try_emplace(set->labels(), set->id());
      CHECK(known->second == set->id());
      if (added) CHECK(distinct.insert(set->id()).second);
    }
    CHECK(set->status());
    CHECK(series == (start == 100 ? 10U : 20U));
  }
  CHECK(ids.size() == 20);
  auto limited = querier.select({.start = 0, .end = 200, .limit = 3}, {});
  int given = 0;
  while (limited->next()) ++given;
  CHECK(given == 3);
}

TEST_CASE("what lies in the time of another source is read, not summarised") {
  MapStore early({.chunk_samples = 2});
  MapStore late({.chunk_samples = 2});
  const Labels shared{{"s", "shared"}};
  const Labels alone{{"s", "alone"}};
  for (Timestamp t = 0; t < 10; ++t) {
    early.add(shared, t, 1);
    early.add(alone, t, 1);
    late.add(shared, t + 6, 1);
  }
  std::vector<MergeQuerier::Source> sources;
  sources.push_back({std::move(*early.querier(0, 100)), 0, 9});
  sources.push_back({std::move(*late.querier(0, 100)), 6, kMaxTimestamp});
  MergeQuerier querier(std::move(sources));
  auto set = querier.select_summaries({.start = 0, .end = 100}, {});
  REQUIRE(set);
  std::map<std::string, std::vector<Timestamp>> firsts;
  std::map<std::string, std::vector<storage::TimeRange>> left;
  std::vector<storage::ChunkSummary> summaries;
  while (set->next()) {
    REQUIRE(set->summaries(0, 100, summaries, left[std::string(set->labels().get("s"))]));
    for (const auto& one : summaries) firsts[std::string(set->labels().get("s"))].push_back(one.first_time);
    storage::SampleColumns columns;
    REQUIRE(set->read(0, 100, columns));
    CHECK(columns.size() == (set->labels() == shared ? 16U : 10U));
  }
  CHECK(firsts["shared"] == std::vector<Timestamp>{0, 2, 4, 10, 12, 14});
  CHECK(firsts["alone"] == std::vector<Timestamp>{0, 2, 4, 6, 8});
  CHECK(left["shared"] == std::vector<storage::TimeRange>{{6, 7}, {8, 9}});
  CHECK(left["alone"].empty());
}

}  // namespace
}  // namespace tocsin::tsdb
