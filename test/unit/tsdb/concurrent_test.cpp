// Appenders, queriers and upkeep side by side; meant for the thread sanitizer, and for what a snapshot promises.
#include <atomic>
#include <map>
#include <thread>

#include "store.hpp"

namespace tocsin::tsdb {
namespace {

constexpr int kTargets = 3;
constexpr int kSeries = 40;

model::Labels labels_of(int target, int series, int generation) {
  return {{"__name__", "m" + std::to_string(series % 7)},
          {"target", std::to_string(target)},
          {"series", std::to_string(series)},
          {"gen", std::to_string(generation)}};
}

/// Commits number 1, 2, ...: all series of the target get the number as value; a part of them is renamed now and then.
void append_all(storage::Appendable& store, int target, int commits, std::atomic<int>& failures) {
  auto appender = store.appender();
  std::map<int, storage::SeriesRef> refs;
  for (int n = 1; n <= commits; ++n) {
    for (int series = 0; series < kSeries; ++series) {
      const int generation = series % 5 == 0 ? n / 25 : 0;
      const model::Labels labels = labels_of(target, series, generation);
      if (generation != 0 && n % 25 == 0) refs.erase(series);
      const auto result = appender->append(refs[series], &labels, n * 1000, n);
      if (result.status != storage::AppendStatus::kOk) ++failures;
      refs[series] = result.ref;
    }
    if (!appender->commit()) ++failures;
    if (n % 40 == 0) appender = store.appender();  // a reload
  }
}

/// Of each target, all series that have samples at all end with the same commit, now and when read again.
void query(storage::Queryable& store, std::atomic<bool>& done, std::atomic<int>& failures) {
  while (!done) {
    auto querier = store.querier(0, 1'000'000'000);
    if (!querier) {
      ++failures;
      return;
    }
    std::map<std::string, double> newest;
    for (int pass = 0; pass < 2; ++pass) {
      auto set = (*querier)->select({.start = 0, .end = 1'000'000'000}, {});
      std::map<std::string, double> of_pass;
      std::map<std::string, std::size_t> stable;
      storage::SampleColumns columns;
      while (set->next()) {
        if (!set->read(0, 1'000'000'000, columns)) ++failures;
        if (columns.size() == 0) {
          ++failures;
          continue;
        }
        for (std::size_t i = 1; i < columns.size(); ++i) {
          if (columns.values[i] != columns.values[i - 1] + 1) ++failures;
          if (columns.times[i] != static_cast<Timestamp>(columns.values[i]) * 1000) ++failures;
        }
        const std::string target(set->labels().get("target"));
        double& last = of_pass[target];
        last = std::max(last, columns.values.back());
        if (set->labels().get("gen") == "0" && set->labels().get("series") == "1") stable[target] = columns.size();
      }
      for (const auto& [target, count] : stable) {
        if (static_cast<double>(count) != of_pass[target]) ++failures;  // not all series of the commit were seen
      }
      if (pass == 1 && of_pass != newest) ++failures;
      newest = of_pass;
    }
    if (!(*querier)->label_values("gen", {}, 0)) ++failures;
  }
}

TEST_CASE("appenders, queriers and upkeep work side by side, and every commit is seen as a whole") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.wal_segment_bytes = 20'000;
  options.chunk_piece_bytes = 4'000;
  options.chunk_file_bytes = 20'000;
  options.open_chunk_time = std::chrono::seconds(60);
  auto db = open_db(options);
  std::atomic<int> failures = 0;
  std::atomic<bool> done = false;
  {
    std::vector<std::jthread> readers;
    readers.emplace_back([&] { query(*db, done, failures); });
    readers.emplace_back([&] { query(*db, done, failures); });
    readers.emplace_back([&] {
      while (!done) {
        if (!db->maintain() || !db->sync()) ++failures;
        if (db->stats().commits_failed > 0) ++failures;
        (void)db->cardinality(5);
      }
    });
    std::vector<std::jthread> writers;
    for (int target = 0; target < kTargets; ++target) {
      writers.emplace_back([&, target] { append_all(*db, target, 250, failures); });
    }
    writers.clear();
    done = true;
  }
  CHECK(failures == 0);
  CHECK(db->stats().samples_appended == 3 * 250 * kSeries);
  REQUIRE(db->maintain());
  CHECK(db->stats().tracked_series == 0);
  const std::string expected = test::dump(*db);
  REQUIRE(db->close());
  db = nullptr;
  CHECK(test::dump(*open_db(options)) == expected);
}

TEST_CASE("appenders of one series from several threads leave an ordered series") {
  MemFs fs;
  auto db = open_db(fs);
  const model::Labels labels{{"__name__", "shared"}};
  std::atomic<int> clock = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 3; ++i) {
      writers.emplace_back([&] {
        auto appender = db->appender();
        for (int n = 0; n < 300; ++n) {
          appender->append(0, &labels, ++clock, n);
          (void)appender->commit();
        }
      });
    }
  }
  const auto all = test::read_all(*db, 0, 10'000, {});
  REQUIRE(all.size() == 1);
  for (std::size_t i = 1; i < all[0].samples.size(); ++i) {
    CHECK(all[0].samples.times[i] > all[0].samples.times[i - 1]);
  }
  const auto stats = db->stats();
  CHECK(all[0].samples.size() == stats.samples_appended);
  CHECK(stats.samples_appended + stats.out_of_order + stats.duplicates == 900);
}

TEST_CASE("a store with its own threads opens, syncs and closes") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.threads = true;
  options.wal_sync_interval = std::chrono::milliseconds(1);
  options.maintain_interval = std::chrono::milliseconds(1);
  auto db = open_db(options);
  for (int i = 0; i < 200; ++i) add(*db, {{"__name__", "m"}, {"i", std::to_string(i % 10)}}, i * 1000, i);
  const std::string expected = test::dump(*db);
  REQUIRE(db->close());
  auto appender = db->appender();
  const model::Labels labels{{"__name__", "m"}};
  appender->append(0, &labels, 1'000'000, 1);
  const auto refused = appender->commit();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kUnavailable);
  appender = nullptr;
  db = nullptr;
  fs.drop_unsynced();
  options.threads = false;
  CHECK(test::dump(*open_db(options)) == expected);
}

}  // namespace
}  // namespace tocsin::tsdb
