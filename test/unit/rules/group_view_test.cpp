#include "rules/group_view.hpp"

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "unit/rules/fixture.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using model::Labels;
using model::Matcher;

namespace {

/// Everything a selection yields: series in the order they came, with samples.
using Dump = std::vector<std::pair<Labels, std::vector<model::Sample>>>;

Dump select(storage::Queryable& store, std::vector<Matcher> matchers, bool sorted, Timestamp start, Timestamp end) {
  const auto querier = store.querier(start, end);
  REQUIRE(querier.has_value());
  storage::SelectHints hints;
  hints.start = start;
  hints.end = end;
  hints.sorted = sorted;
  const auto set = (*querier)->select(hints, matchers);
  Dump out;
  std::vector<std::uint64_t> ids;
  storage::SampleColumns columns;
  while (set->next()) {
    REQUIRE(set->read(start, end, columns).has_value());
    std::vector<model::Sample> samples;
    for (std::size_t i = 0; i < columns.size(); ++i) samples.push_back({columns.times[i], columns.values[i]});
    out.emplace_back(set->labels(), samples);
    ids.push_back(set->id());
  }
  REQUIRE(set->status().has_value());
  std::sort(ids.begin(), ids.end());
  CHECK(std::unique(ids.begin(), ids.end()) == ids.end());
  return out;
}

Labels series(std::uint64_t i) {
  return {{"__name__", i % 3 == 0 ? "a" : "b"}, {"i", std::to_string(i % 7)}, {"Z", i % 2 == 0 ? "" : "z"}};
}

}  // namespace

TEST_CASE("A view is the store with the group's samples in it, as if they had been stored before") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    test::MapStore pinned_store;
    test::MapStore whole;
    for (int i = 0; i < 30; ++i) {
      const Labels labels = series(rng.next() % 20);
      const auto t = static_cast<Timestamp>(100 * i);
      pinned_store.add(labels, t, i);
      whole.add(labels, t, i);
    }
    auto view = rules::GroupView::pin(pinned_store);
    REQUIRE(view.has_value());
    for (int round = 0; round < 3; ++round) {
      std::vector<rules::OwnSample> own;
      for (int i = 0; i < 5; ++i) {
        const Labels labels = series(rng.next() % 20);
        const Timestamp t = 5000 + round;
        if (whole.add(labels, t, i) != storage::AppendStatus::kOk) continue;
        if (!own.empty() && own.back().labels == labels) continue;
        own.push_back({labels, t, static_cast<double>(i), nullptr});
      }
      (*view)->add(own);
      // What comes to the store meanwhile is not seen.
      pinned_store.add(series(rng.next() % 20), 6000 + round, -1);
      const std::vector<std::vector<Matcher>> selections{{},
                                                         {Matcher::equal("__name__", "a")},
                                                         {*Matcher::make(model::MatchOp::kRegex, "i", "[0-4]")},
                                                         {Matcher::equal("__name__", "b"), Matcher::equal("Z", "z")},
                                                         {Matcher::equal("__name__", "none")}};
      for (const auto& matchers : selections) {
        CAPTURE(seed, round);
        const Dump expected = select(whole, matchers, true, 500, 10'000);
        CHECK(select(**view, matchers, true, 500, 10'000) == expected);
        Dump any_order = select(**view, matchers, false, 500, 10'000);
        std::sort(any_order.begin(), any_order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        CHECK(any_order == expected);

        const auto querier = (*view)->querier(0, 0);
        const auto reference = whole.querier(0, 10'000);
        CHECK(*(*querier)->label_names(matchers, 0) == *(*reference)->label_names(matchers, 0));
        CHECK(*(*querier)->label_values("i", matchers, 3) == *(*reference)->label_values("i", matchers, 3));
      }
    }
  }
}

TEST_CASE("A querier of a view does not change when samples are added") {
  test::MapStore store;
  store.add({{"__name__", "a"}}, 1, 1);
  auto view = rules::GroupView::pin(store);
  const auto before = (*view)->querier(0, 100);
  (*view)->add({{{{"__name__", "b"}}, 2, 2, nullptr}});
  storage::SelectHints hints;
  hints.end = 100;
  const auto set = (*before)->select(hints, {});
  REQUIRE(set->next());
  CHECK_FALSE(set->next());
  CHECK(select(**view, {}, true, 0, 100).size() == 2);
}

TEST_CASE("Histograms of the group are seen beside floats of the store") {
  test::MapStore store;
  const Labels labels{{"__name__", "a"}};
  store.add(labels, 1, 1);
  auto view = rules::GroupView::pin(store);
  const auto histogram = std::make_shared<model::FloatHistogram>();
  (*view)->add({{labels, 2, 0, histogram}});
  const auto querier = (*view)->querier(0, 100);
  storage::SelectHints hints;
  hints.end = 100;
  const auto set = (*querier)->select(hints, {});
  REQUIRE(set->next());
  storage::SampleColumns columns;
  REQUIRE(set->read(0, 100, columns).has_value());
  REQUIRE(columns.size() == 2);
  REQUIRE(columns.histograms.size() == 2);
  CHECK(columns.histograms[0] == nullptr);
  CHECK(columns.histograms[1] == histogram);
  CHECK((*querier)->select_summaries(hints, {}) == nullptr);
}

TEST_CASE("All rules of a group see the store as it was when the first one began, and what rules before them stored") {
  test::World world;
  test::RuleBench bench(world);
  const Labels scraped{{"__name__", "scraped"}};
  std::vector<std::size_t> scrapes_seen;
  std::vector<std::size_t> own_seen;
  const auto look = [&](storage::Queryable& store, Timestamp t) {
    scrapes_seen.push_back(select(store, {Matcher::equal("__name__", "scraped")}, true, t - 60'000, t).size());
    own_seen.push_back(select(store, {Matcher::equal("__name__", "own")}, true, t - 60'000, t).size());
    // A late scrape is committed while the group runs.
    bench.store().add(scraped, t - 1, 1);
    return promql::QueryResult{promql::Vector{test::element({}, 1)}, {}, {}, {}};
  };
  bench.look("q", look);
  bench.run(
      "groups: [{name: g, interval: 10s, rules: [{record: own, expr: q}, {record: x, expr: q}, {record: y, expr: "
      "q}]}]");
  bench.next("q");
  CHECK(scrapes_seen == std::vector<std::size_t>{0, 0, 0});
  CHECK(own_seen == std::vector<std::size_t>{0, 1, 1});
  bench.next("q");
  CHECK(scrapes_seen[3] == 1);
}
