// The out-of-order window: what is taken, who sees it, and that it is kept.
#include "base/rng.hpp"
#include "store.hpp"
#include "support/map_store.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using storage::AppendStatus;

constexpr Timestamp kMinute = 60'000;

TsdbOptions late_options(Fs& fs) {
  TsdbOptions options = options_for(fs);
  options.out_of_order_window = std::chrono::minutes(30);
  options.out_of_order_cap_max = 4;
  return options;
}

const Labels& up() {
  static const Labels labels{{"__name__", "up"}};
  return labels;
}

TEST_CASE("a late sample within the window is taken, beyond it is too old, and a second value is a duplicate") {
  MemFs fs;
  auto db = open_db(late_options(fs));
  CHECK(add(*db, up(), 100 * kMinute, 1) == AppendStatus::kOk);
  CHECK(add(*db, up(), 80 * kMinute, 2) == AppendStatus::kOk);
  CHECK(add(*db, up(), 80 * kMinute, 2) == AppendStatus::kOk);
  CHECK(add(*db, up(), 80 * kMinute, 3) == AppendStatus::kDuplicate);
  CHECK(add(*db, up(), 70 * kMinute, 4) == AppendStatus::kOk);
  CHECK(add(*db, up(), 70 * kMinute - 1, 5) == AppendStatus::kTooOld);
  CHECK(add(*db, up(), 101 * kMinute, 6) == AppendStatus::kOk);
  CHECK(add(*db, up(), 100 * kMinute, 7) == AppendStatus::kDuplicate);
  CHECK(test::dump(*db) == "{__name__=\"up\"} 4@4200000 2@4800000 1@6000000 6@6060000\n");
  CHECK(db->stats().late_samples == 2);
  CHECK(db->stats().samples_appended == 4);
  CHECK(db->stats().too_old == 1);
  CHECK(db->stats().duplicates == 2);
}

TEST_CASE("the window can be opened and closed while the store runs") {
  MemFs fs;
  auto db = open_db(options_for(fs));
  CHECK(add(*db, up(), 100 * kMinute, 1) == AppendStatus::kOk);
  CHECK(add(*db, up(), 90 * kMinute, 2) == AppendStatus::kOutOfOrder);
  db->set_out_of_order_window(std::chrono::hours(2));
  CHECK(add(*db, up(), 90 * kMinute, 2) == AppendStatus::kOk);
  // Older than what is taken in order, and newer than all of its series.
  CHECK(add(*db, Labels{{"__name__", "new"}}, 10 * kMinute, 3) == AppendStatus::kOk);
  db->set_out_of_order_window({});
  CHECK(add(*db, up(), 91 * kMinute, 2) == AppendStatus::kOutOfOrder);
  CHECK(add(*db, up(), 10 * kMinute, 2) == AppendStatus::kTooOld);
  CHECK(test::dump(*db) == "{__name__=\"new\"} 3@600000\n{__name__=\"up\"} 2@5400000 1@6000000\n");
}

TEST_CASE("late histograms and start times are kept") {
  MemFs fs;
  auto db = open_db(late_options(fs));
  auto appender = db->appender();
  appender->append(0, &up(), 100 * kMinute, 1);
  REQUIRE(appender->commit());
  for (int i = 0; i < 6; ++i) {
    const Timestamp t = (99 - i) * kMinute;
    const auto result = i % 2 == 0 ? appender->append_histogram(0, &up(), t, test::some_histogram(i), 5)
                                   : appender->append(0, &up(), t, i, t - 1);
    CHECK(result.status == AppendStatus::kOk);
  }
  REQUIRE(appender->commit());
  const auto all = test::read_all(*db, 0, 200 * kMinute, {});
  REQUIRE(all.size() == 1);
  REQUIRE(all[0].samples.size() == 7);
  CHECK(all[0].samples.starts[0] == 94 * kMinute - 1);
  CHECK(*all[0].samples.histograms[1] == *test::some_histogram(4));
  CHECK(all[0].samples.starts[5] == 5);
  CHECK(all[0].samples.starts[6] == 0);
}

TEST_CASE("a snapshot does not see late samples that were committed after it, whether they went to a file or not") {
  MemFs fs;
  auto db = open_db(late_options(fs));
  add(*db, up(), 100 * kMinute, 1);
  auto before = *db->querier(0, 200 * kMinute);
  for (int i = 0; i < 20; ++i) add(*db, up(), (80 + i) * kMinute, i);
  REQUIRE(db->checkpoint());
  CHECK(test::describe(test::read_all(*before, 0, 200 * kMinute, {})) == "{__name__=\"up\"} 1@6000000\n");
  CHECK(test::read_all(*db, 0, 200 * kMinute, {})[0].samples.size() == 21);
  CHECK(db->stats().late_chunks == 0);
  before = nullptr;
  add(*db, up(), 79 * kMinute, 0);
  CHECK(db->stats().late_chunks == 1);
  CHECK(test::read_all(*db, 0, 200 * kMinute, {})[0].samples.size() == 22);
}

TEST_CASE("summaries leave out chunks that late samples touch") {
  MemFs fs;
  auto db = open_db(late_options(fs));
  auto appender = db->appender();
  for (int i = 0; i < 400; ++i) {
    appender->append(0, &up(), i * 4000, i);
    REQUIRE(appender->commit());
  }
  const auto covered = [&] {
    auto querier = *db->querier(0, 10'000'000);
    auto set = querier->select_summaries({.start = 0, .end = 10'000'000}, {});
    REQUIRE(set->next());
    std::vector<storage::ChunkSummary> out;
    std::vector<storage::TimeRange> rest;
    REQUIRE(set->summaries(0, 10'000'000, out, rest));
    std::size_t samples = 0;
    storage::SampleColumns columns;
    for (const auto& range : rest) {
      REQUIRE(set->read(range.start, range.end, columns));
      samples += columns.size();
    }
    std::uint32_t count = 0;
    for (const auto& one : out) {
      count += one.count;
      CHECK_FALSE((one.first_time <= 1'000'001 && one.last_time >= 1'000'001 && db->stats().late_samples > 0));
    }
    CHECK(count + samples == 400 + db->stats().late_samples);
    return count;
  };
  const auto all = covered();
  add(*db, up(), 1'000'001, 7);
  const auto rest = covered();
  CHECK(rest + 120 == all);
}

TEST_CASE("what is deleted is seen no more, by queriers that are made later, and what is appended later is") {
  MemFs fs;
  auto db = open_db(late_options(fs));
  const Labels other{{"__name__", "other"}};
  for (int i = 0; i < 300; ++i) {
    add(*db, up(), 90 * kMinute + i * 1000, i);
    add(*db, other, 90 * kMinute + i * 1000, i);
  }
  add(*db, up(), 80 * kMinute, 7);
  const auto before = *db->querier(0, 200 * kMinute);
  const auto only = test::matcher(model::MatchOp::kEqual, "__name__", "up");
  REQUIRE(db->remove(0, 90 * kMinute + 200'000, {&only, 1}));
  const auto count = [](storage::Querier& querier, std::size_t series) {
    return test::read_all(querier, 0, 200 * kMinute, {})[series].samples.size();
  };
  CHECK(count(*before, 1) == 301);
  CHECK(count(**db->querier(0, 200 * kMinute), 1) == 99);
  CHECK(count(**db->querier(0, 200 * kMinute), 0) == 300);
  CHECK(add(*db, up(), 80 * kMinute, 8) == AppendStatus::kOk);
  CHECK(add(*db, up(), 90 * kMinute + 300'000, 300) == AppendStatus::kOk);
  CHECK(count(**db->querier(0, 200 * kMinute), 1) == 101);
  CHECK(count(*before, 1) == 301);
  CHECK(test::read_all(*db, 0, 80 * kMinute, {&only, &only + 1})[0].samples.values == std::vector<double>{8});
  // A series that has nothing left is not selected.
  REQUIRE(db->remove(storage::kOldestTime, storage::kNewestTime, {&only, 1}));
  CHECK(test::read_all(*db, 0, 200 * kMinute, {}).size() == 1);
  CHECK((*db->querier(0, 200 * kMinute))->label_values("__name__", {}, 0) == std::vector<std::string>{"other"});
  CHECK(add(*db, up(), 90 * kMinute + 400'000, 1) == AppendStatus::kOk);
  CHECK(test::read_all(*db, 0, 200 * kMinute, {&only, &only + 1})[0].samples.size() == 1);
}

/// The same history to the store and to the map: late and early samples, deletions, snapshots, restarts.
void equals_the_map(std::uint64_t seed) {
  MemFs fs;
  TsdbOptions options = late_options(fs);
  options.wal_segment_bytes = 3000;
  options.chunk_piece_bytes = 1000;
  options.open_chunk_time = std::chrono::minutes(5);
  options.retention = {};
  auto db = open_db(options);
  test::MapStore map({.max_age_ms = 3'600'000, .out_of_order_window_ms = 30 * kMinute});
  Rng rng(seed);
  Timestamp now = 1000 * kMinute;
  std::uint64_t late_chunks = 0;
  std::vector<std::pair<std::unique_ptr<storage::Querier>, std::string>> snapshots;
  for (int round = 0; round < 500; ++round) {
    now += static_cast<Timestamp>(rng.next() % 20'000);
    auto a = db->appender();
    auto b = map.appender();
    for (std::uint64_t n = rng.next() % 15; n > 0; --n) {
      const Labels labels{{"s", std::to_string(rng.next() % 4)}};
      const Timestamp t = rng.next() % 2 == 0 ? now : now - static_cast<Timestamp>(rng.next() % (40 * kMinute));
      const auto v = static_cast<double>(rng.next() % 3);
      const auto of_a = a->append(0, &labels, t, v);
      const auto of_b = b->append(0, &labels, t, v);
      REQUIRE(storage::append_status_text(of_a.status) == storage::append_status_text(of_b.status));
    }
    REQUIRE(a->commit());
    REQUIRE(b->commit());
    a = nullptr;
    if (rng.next() % 15 == 0) {
      const Timestamp start = now - static_cast<Timestamp>(rng.next() % (60 * kMinute));
      const Timestamp end = start + static_cast<Timestamp>(rng.next() % (20 * kMinute));
      const auto only = test::matcher(model::MatchOp::kRegex, "s", rng.next() % 2 == 0 ? "[01]" : "[123]");
      REQUIRE(db->remove(start, end, {&only, 1}));
      map.remove(start, end, {&only, 1});
    }
    if (rng.next() % 10 == 0) REQUIRE(db->maintain());
    if (rng.next() % 25 == 0) REQUIRE(db->checkpoint());
    if (rng.next() % 12 == 0) snapshots.emplace_back(*db->querier(0, 2 * now), test::dump(map));
    for (const auto& [querier, expected] : snapshots) {
      REQUIRE(test::describe(test::read_all(*querier, 0, 2 * now, {})) == expected);
    }
    if (snapshots.size() > 3) snapshots.erase(snapshots.begin());
    if (rng.next() % 60 == 0) {
      snapshots.clear();
      late_chunks += db->stats().late_chunks;
      db = nullptr;
      db = open_db(options);
    }
    if (rng.next() % 10 == 0) REQUIRE(test::dump(*db) == test::dump(map));
  }
  REQUIRE(test::dump(*db) == test::dump(map));
  CHECK(late_chunks > 0);
}

TEST_CASE("a history of late samples and deletions is what the map has, in every snapshot and over restarts") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) equals_the_map(seed);
}

}  // namespace
}  // namespace tocsin::tsdb
