// Feeds: a copy that stands, kept by what the feed tells, is what a querier gives.
#include <atomic>
#include <map>
#include <thread>

#include "base/log.hpp"
#include "base/rng.hpp"
#include "store.hpp"
#include "support/feed_copy.hpp"
#include "tsdb/feed_hub.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using test::FeedCopy;

constexpr Timestamp kMinute = 60'000;

TsdbOptions feed_options(Fs& fs) {
  TsdbOptions options = options_for(fs);
  options.out_of_order_window = std::chrono::minutes(30);
  options.out_of_order_cap_max = 4;
  options.wal_segment_bytes = 4000;
  options.open_chunk_time = std::chrono::minutes(10);
  return options;
}

TEST_CASE("a feed tells of nothing but what changed") {
  MemFs fs;
  auto db = open_db(feed_options(fs));
  const Labels a{{"n", "a"}};
  const Labels b{{"n", "b"}};
  const Labels other{{"m", "x"}};
  add(*db, a, 1000, 1);
  const auto feed = db->feed(std::vector{test::matcher(model::MatchOp::kNotEqual, "n", "")});
  auto batch = *feed->since(0);
  REQUIRE(batch.came.size() == 1);
  CHECK(batch.came[0].second == a);
  CHECK(batch.appended.empty());
  const std::uint64_t id = batch.came[0].first;

  CHECK((batch = *feed->since(batch.sequence)).came.empty());
  CHECK(batch.appended.empty());

  add(*db, other, 2000, 1);
  add(*db, a, 2000, 2);
  add(*db, a, 3000, 3);
  add(*db, b, 3000, 4);
  batch = *feed->since(batch.sequence);
  REQUIRE(batch.came.size() == 1);
  CHECK(batch.came[0].second == b);
  REQUIRE(batch.appended.size() == 2);
  const auto& of_a = batch.appended[batch.appended[0].id == id ? 0 : 1];
  CHECK(of_a.samples.times == std::vector<Timestamp>{2000, 3000});
  CHECK(of_a.samples.values == std::vector<double>{2, 3});

  add(*db, a, 2500, 9);
  add(*db, other, 1500, 9);
  const auto only = test::matcher(model::MatchOp::kEqual, "n", "b");
  REQUIRE(db->remove(0, 9000, {&only, 1}));
  batch = *feed->since(batch.sequence);
  CHECK(batch.appended.empty());
  REQUIRE(batch.rewritten.size() == 1);
  CHECK(batch.rewritten[0].start == 0);
  CHECK(batch.rewritten[0].end == 3000);

  // Another sequence than that of the last batch.
  batch = *feed->since(batch.sequence + 1);
  CHECK(batch.lost);
  CHECK((*feed->since(0)).came.size() == 1);  // b has nothing left
}

TEST_CASE("what is not committed is not told, and comes as a whole") {
  MemFs fs;
  auto db = open_db(feed_options(fs));
  const auto feed = db->feed({});
  auto batch = *feed->since(0);
  auto appender = db->appender();
  const Labels a{{"n", "a"}};
  const Labels b{{"n", "b"}};
  appender->append(0, &a, 1000, 1);
  appender->append(0, &b, 1000, 1);
  batch = *feed->since(batch.sequence);
  CHECK(batch.came.empty());
  REQUIRE(appender->commit());
  batch = *feed->since(batch.sequence);
  CHECK(batch.came.size() == 2);
  CHECK(batch.appended.size() == 2);
}

TEST_CASE("a feed that is told of too many ranges is lost and starts over") {
  MemFs fs;
  TsdbOptions options = feed_options(fs);
  options.out_of_order_window = std::chrono::hours(10);
  auto db = open_db(options);
  const Labels a{{"n", "a"}};
  add(*db, a, 100 * kMinute, 1);
  FeedCopy copy(*db, {});
  copy.update();
  auto appender = db->appender();
  for (std::size_t i = 0; i < 2 * FeedHub::kMaxRanges; ++i) appender->append(0, &a, static_cast<Timestamp>(i) * 10, 1);
  REQUIRE(appender->commit());
  copy.update();
  CHECK(copy.lost == 1);
  CHECK(copy.text() == test::dump(*db));
  add(*db, a, 101 * kMinute, 1);
  copy.update();
  CHECK(copy.lost == 1);
  CHECK(copy.text() == test::dump(*db));
}

void random_history(std::uint64_t seed) {
  MemFs fs;
  TsdbOptions options = feed_options(fs);
  options.retention = std::chrono::hours(3);
  options.chunk_file_time = std::chrono::minutes(30);
  options.chunk_piece_bytes = 1000;
  auto db = open_db(options);
  Rng rng(seed);
  FeedCopy all(*db, {});
  FeedCopy some(*db, {test::matcher(model::MatchOp::kRegex, "s", "[02468]")});
  Timestamp now = 1000 * kMinute;
  for (int round = 0; round < 400; ++round) {
    now += static_cast<Timestamp>(rng.next() % (3 * kMinute));
    const std::string generation = std::to_string(now / (120 * kMinute));
    auto appender = db->appender();
    for (std::uint64_t n = rng.next() % 12; n > 0; --n) {
      const Labels labels{{"s", std::to_string(rng.next() % 10)}, {"gen", generation}};
      const bool late = rng.next() % 5 == 0;
      const Timestamp t = late ? now - static_cast<Timestamp>(rng.next() % (30 * kMinute)) : now;
      if (rng.next() % 15 == 0) {
        appender->append_histogram(0, &labels, t, test::some_histogram(static_cast<double>(rng.next() % 9)), 0);
      } else {
        appender->append(0, &labels, t, static_cast<double>(rng.next() % 100), rng.next() % 9 == 0 ? t - 5 : 0);
      }
    }
    if (rng.next() % 8 != 0) REQUIRE(appender->commit());
    appender->rollback();
    if (rng.next() % 25 == 0) {
      const auto one = test::matcher(model::MatchOp::kEqual, "s", std::to_string(rng.next() % 10).c_str());
      const Timestamp start = now - static_cast<Timestamp>(rng.next() % (60 * kMinute));
      REQUIRE(db->remove(start, start + 10 * kMinute, {&one, 1}));
    }
    if (rng.next() % 4 == 0) REQUIRE(db->maintain());
    if (rng.next() % 10 == 0) REQUIRE(db->checkpoint());
    for (FeedCopy* const copy : {&all, &some}) {
      if (rng.next() % 3 == 0) copy->update();
    }
    if (rng.next() % 15 != 0) continue;
    // What is near to the retention may be gone from the store, and is not told.
    const Timestamp from = now - 100 * kMinute;
    all.update();
    some.update();
    REQUIRE(all.text(from) == test::describe(test::read_all(*db, from, now, {})));
    REQUIRE(some.text(from) ==
            test::describe(test::read_all(*db, from, now, {test::matcher(model::MatchOp::kRegex, "s", "[02468]")})));
  }
  CHECK(all.lost == 0);
  CHECK(all.rewritten > 0);
  CHECK(all.went > 0);
}

TEST_CASE("a copy fed by a feed is what a querier gives, over commits, late samples, deletions and collection") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) random_history(seed);
}

/// A store that is cut into blocks of two hours; a series of each era of four hours, and one that stays.
class CutDb {
 public:
  CutDb() {
    options.min_block_duration = std::chrono::hours(2);
    options.max_block_duration = std::chrono::hours(6);
    options.retention = {};
    options.wal_segment_time = std::chrono::minutes(15);
    db = open_db(options);
  }
  void hours(int count, bool eras = true) {
    for (const Timestamp end = now + count * 60 * kMinute; now < end; now += 10 * kMinute) {
      add(*db, {{"s", "stays"}}, now, 1);
      if (eras) add(*db, {{"s", "era"}, {"era", std::to_string(now / (4 * 60 * kMinute))}}, now, 2);
      if (now % (30 * kMinute) == 0) REQUIRE(db->maintain());
    }
    REQUIRE(db->maintain());
  }
  MemFs fs;
  TsdbOptions options = feed_options(fs);
  std::unique_ptr<Db> db;
  Timestamp now = 0;
};

TEST_CASE("a series that blocks alone have did not go, and goes on as the same when it is back") {
  log::set_sink([](log::Level, std::string_view) {});
  CutDb store;
  const Labels job{{"s", "job"}};
  add(*store.db, job, 0, 7);
  FeedCopy copy(*store.db, {});
  copy.update();
  for (int i = 0; i < 20; ++i) {
    store.hours(1);
    copy.update();
    REQUIRE(copy.text() == test::dump(*store.db));
  }
  CHECK(store.db->stats().series_removed >= 3);  // from the head, job among them
  CHECK(copy.went == 0);
  add(*store.db, job, store.now, 8);
  add(*store.db, job, store.now - 20 * kMinute, 9);  // late, or not: it is new to the head
  add(*store.db, job, store.now - 10 * kMinute, 9);
  copy.update();
  CHECK(copy.text() == test::dump(*store.db));
  CHECK(copy.text().find("{s=\"job\"} 7@0 9@") != std::string::npos);
  CHECK(copy.lost == 0);

  // When the retention took the last block that may have a sample of it, a series is gone.
  store.db->set_retention(std::chrono::hours(6));
  REQUIRE(store.db->maintain());
  copy.update();
  CHECK(copy.went >= 1);
  const Timestamp kept = store.db->block_stats().min_time;
  CHECK(copy.text(kept) == test::dump(*store.db));
  log::set_sink(nullptr);
}

TEST_CASE("the first batch names the series that blocks alone have") {
  log::set_sink([](log::Level, std::string_view) {});
  CutDb store;
  store.hours(20);
  const auto era = test::matcher(model::MatchOp::kEqual, "s", "era");
  const auto feed = store.db->feed({&era, 1});
  const auto batch = feed->since(0);
  REQUIRE(batch);
  CHECK(batch->came.size() == 5);
  CHECK(batch->appended.empty());
  FeedCopy copy(*store.db, {});
  copy.update();
  CHECK(copy.text() == test::dump(*store.db));
  store.hours(3);
  copy.update();
  CHECK(copy.lost == 0);
  CHECK(copy.text() == test::dump(*store.db));
  log::set_sink(nullptr);
}

TEST_CASE("a feed that is asked after several cuts reads what it missed from blocks") {
  log::set_sink([](log::Level, std::string_view) {});
  CutDb store;
  add(*store.db, {{"s", "early"}}, 0, 1);
  FeedCopy copy(*store.db, {});
  copy.update();
  add(*store.db, {{"s", "early"}}, kMinute, 2);
  store.hours(12, false);
  REQUIRE(store.db->block_stats().cuts >= 4);
  REQUIRE(store.db->stats().series == 1);  // the early one is in blocks alone
  copy.update();
  CHECK(copy.lost == 0);
  CHECK(copy.text() == test::dump(*store.db));

  // Series that came and went meanwhile are in no list: it says so.
  store.hours(12, true);
  copy.update();
  CHECK(copy.lost == 1);
  CHECK(copy.text() == test::dump(*store.db));
  log::set_sink(nullptr);
}

TEST_CASE("what is deleted from blocks is told, of series that are not in the head too") {
  log::set_sink([](log::Level, std::string_view) {});
  CutDb store;
  FeedCopy copy(*store.db, {});
  copy.update();
  for (int i = 0; i < 12; ++i) {
    store.hours(1);
    copy.update();
  }
  const auto first = test::matcher(model::MatchOp::kEqual, "era", "0");
  REQUIRE(store.db->remove(60 * kMinute, 90 * kMinute, {&first, 1}));
  copy.update();
  CHECK(copy.rewritten == 1);
  CHECK(copy.text() == test::dump(*store.db));
  REQUIRE(store.db->clean_tombstones());
  copy.update();
  CHECK(copy.text() == test::dump(*store.db));
  CHECK(copy.lost == 0);
  log::set_sink(nullptr);
}

TEST_CASE("batches of a feed are whole commits while commits go on") {
  MemFs fs;
  auto db = open_db(feed_options(fs));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    auto appender = db->appender();
    for (int i = 1; i < 3000 && !stop; ++i) {
      for (int s = 0; s < 5; ++s) {
        const Labels labels{{"s", std::to_string(s)}, {"gen", std::to_string(i / 200)}};
        appender->append(0, &labels, i * 1000, i);
      }
      if (!appender->commit()) return;
    }
    stop = true;
  });
  const auto feed = db->feed({});
  std::uint64_t sequence = 0;
  std::size_t told = 0;
  bool whole = true;
  while (whole && (!stop || told == 0)) {
    const auto batch = feed->since(sequence);
    if (!batch || batch->lost) break;
    sequence = batch->sequence;
    // Each commit has five series of one time: as many samples of each time.
    std::map<Timestamp, int> times;
    for (const auto& points : batch->appended) {
      for (const Timestamp t : points.samples.times) ++times[t];
    }
    for (const auto& [t, count] : times) whole = whole && count == 5;
    told += times.size();
  }
  stop = true;
  writer.join();
  CHECK(whole);
  CHECK(told > 0);
}

}  // namespace
}  // namespace tocsin::tsdb
