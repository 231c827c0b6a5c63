// Random batches by several appenders: the store must hold what the map holds, in every snapshot.
#include <cmath>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "support/map_store.hpp"
#include "support/storage_suite.hpp"

namespace tocsin::test {
namespace {

using model::Labels;

struct Twins {
  storage::Appendable& a;
  MapStore& b;
  std::vector<std::unique_ptr<storage::Appender>> of_a, of_b;
};

double random_value(Rng& rng, double last) {
  switch (rng.next() % 8) {
    case 0:
      return last;
    case 1:
      return last + 1;
    case 2:
      return std::floor(last) + static_cast<double>(rng.next() % 1000);
    case 3:
      return std::round(rng.uniform() * 1e6) / 100;
    case 4:
      return rng.uniform();
    case 5:
      return model::stale_nan();
    case 6:
      return std::bit_cast<double>(rng.next());
    default:
      return 0;
  }
}

void append_one(Twins& twins, Rng& rng, std::size_t writer, const Labels& labels, Timestamp t) {
  const double v = random_value(rng, static_cast<double>(t % 1000));
  const Timestamp start = rng.next() % 20 == 0 ? t - 100 : 0;
  storage::AppendResult a;
  storage::AppendResult b;
  if (rng.next() % 25 == 0) {
    const auto histogram = some_histogram(static_cast<double>(rng.next() % 9));
    a = twins.of_a[writer]->append_histogram(0, &labels, t, histogram, start);
    b = twins.of_b[writer]->append_histogram(0, &labels, t, histogram, start);
  } else {
    a = twins.of_a[writer]->append(0, &labels, t, v, start);
    b = twins.of_b[writer]->append(0, &labels, t, v, start);
  }
  REQUIRE(storage::append_status_text(a.status) == storage::append_status_text(b.status));
}

struct RandomRun {
  std::uint64_t seed = 0;
  Timestamp jitter = 0;
  std::size_t series = 0;
  std::int64_t window = 0;     // out-of-order window, with which the store was set up; then there are deletions too
  bool hold_snapshots = true;  // read them later; else at once
};

void equals_the_map(StoreUnderTest& store, const RandomRun& run) {
  Rng rng(run.seed);
  MapStore map({.max_age_ms = store.max_age_ms(), .out_of_order_window_ms = run.window});
  Twins twins{store.appendable(), map, {}, {}};
  for (int i = 0; i < 4; ++i) {
    twins.of_a.push_back(twins.a.appender());
    twins.of_b.push_back(twins.b.appender());
  }
  std::vector<std::pair<std::unique_ptr<storage::Querier>, std::string>> snapshots;
  Timestamp now = 1'000'000;
  for (int round = 0; round < 400; ++round) {
    now += static_cast<Timestamp>(rng.next() % 20'000);
    const std::size_t writer = rng.next() % 4;
    const std::size_t count = rng.next() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      // Mostly its own series at the time of the round, sometimes another's or another time.
      const std::size_t owner = rng.next() % 6 == 0 ? rng.next() % 4 : writer;
      const std::string number = std::to_string(rng.next() % run.series);
      const Labels labels{{"__name__", "m"}, {"owner", std::to_string(owner)}, {"s", number}};
      const bool off = rng.next() % 4 == 0;
      append_one(twins, rng, writer, labels, off ? now - static_cast<Timestamp>(rng.next()) % run.jitter : now);
    }
    if (rng.next() % 10 == 0) {
      twins.of_a[writer]->rollback();
      twins.of_b[writer]->rollback();
    } else {
      REQUIRE(twins.of_a[writer]->commit());
      REQUIRE(twins.of_b[writer]->commit());
    }
    if (run.window != 0 && rng.next() % 12 == 0) {
      const auto some = matcher(model::MatchOp::kRegex, "owner", rng.next() % 2 == 0 ? "[01]" : "[123]");
      const Timestamp start = now - static_cast<Timestamp>(rng.next() % 200'000);
      const Timestamp end = start + static_cast<Timestamp>(rng.next() % 100'000);
      REQUIRE(store.remove(start, end, {&some, 1}));
      map.remove(start, end, {&some, 1});
    }
    if (rng.next() % 15 == 0) {  // a target goes, another comes
      twins.of_a[writer] = twins.a.appender();
      twins.of_b[writer] = twins.b.appender();
    }
    if (rng.next() % 20 == 0) {
      snapshots.emplace_back(std::move(*store.queryable().querier(storage::kOldestTime, storage::kNewestTime)),
                             dump(map));
    }
    if (snapshots.size() > (run.hold_snapshots ? 5 : 0)) {
      const std::size_t one = rng.next() % snapshots.size();
      REQUIRE(describe(read_all(*snapshots[one].first, storage::kOldestTime, storage::kNewestTime, {})) ==
              snapshots[one].second);
      snapshots.erase(snapshots.begin() + static_cast<std::ptrdiff_t>(one));
    }
  }
  for (auto& [querier, expected] : snapshots) {
    REQUIRE(describe(read_all(*querier, storage::kOldestTime, storage::kNewestTime, {})) == expected);
  }
  REQUIRE(dump(store.queryable()) == dump(map));
  for (int i = 0; i < 30; ++i) {
    const Timestamp start = 1'000'000 + static_cast<Timestamp>(rng.next() % 4'000'000);
    const Timestamp end = start + static_cast<Timestamp>(rng.next() % 1'000'000);
    REQUIRE(describe(read_all(store.queryable(), start, end, {})) == describe(read_all(map, start, end, {})));
  }
}

constexpr std::int64_t kWindow = 100'000;

void equals_the_map_on_few_series(StoreUnderTest& store) {
  equals_the_map(store, {.seed = 1, .jitter = 50'000, .series = 3});
}
void equals_the_map_on_many_series(StoreUnderTest& store) {
  equals_the_map(store, {.seed = 2, .jitter = 5'000, .series = 200});
}
void equals_the_map_on_wild_times(StoreUnderTest& store) {
  equals_the_map(store, {.seed = 42, .jitter = 20'000'000, .series = 20});
}
void equals_the_map_with_late_samples_and_deletions(StoreUnderTest& store) {
  equals_the_map(store, {.seed = 3, .jitter = 150'000, .series = 6, .window = kWindow});
}
void equals_the_map_when_nobody_holds_a_view(StoreUnderTest& store) {
  equals_the_map(store, {.seed = 4, .jitter = 150'000, .series = 6, .window = kWindow, .hold_snapshots = false});
}

}  // namespace

std::vector<StorageCase> storage_random_cases() {
  return {
      {"random batches on few series give what the map gives", equals_the_map_on_few_series, {}},
      {"random batches on many series give what the map gives", equals_the_map_on_many_series, {}},
      {"random batches of wild times give what the map gives", equals_the_map_on_wild_times, {}},
      {"random batches with late samples, and deletions, give what the map gives",
       equals_the_map_with_late_samples_and_deletions,
       {.out_of_order_window_ms = kWindow}},
      {"random batches give what the map gives when nobody holds a view",
       equals_the_map_when_nobody_holds_a_view,
       {.out_of_order_window_ms = kWindow}},
  };
}

}  // namespace tocsin::test
