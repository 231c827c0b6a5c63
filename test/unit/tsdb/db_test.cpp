// The store as a whole: limits, retention, collection, figures.
#include "tsdb/db.hpp"

#include <algorithm>

#include "base/fault_fs.hpp"
#include "base/log.hpp"
#include "store.hpp"
#include "support/log_capture.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using storage::AppendStatus;

constexpr Timestamp kHour = 3'600'000;

TEST_CASE("a second process is told that the folder is in use") {
  MemFs fs;
  auto db = open_db(fs);
  const auto second = Db::open(options_for(fs));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kExists);
  CHECK(second.error().message == "open the store in /data: lock /data/lock: another process has it");
  REQUIRE(db->close());
  CHECK(Db::open(options_for(fs)));
}

TEST_CASE("an error of the disk at open is returned with its place") {
  MemFs mem;
  {
    REQUIRE(add(*open_db(mem), {{"a", "b"}}, 1, 1) == AppendStatus::kOk);
  }
  FaultFs fs(mem);
  int failed = 0;
  for (const FsCall call : {FsCall::kOpen, FsCall::kList, FsCall::kCreateDirectories}) {
    for (std::uint64_t nth = 1; nth < 12; ++nth) {
      fs.arm({.call = call, .nth = nth, .message = "Input/output error"});
      const auto opened = Db::open(options_for(fs));
      if (!opened) {
        ++failed;
        CHECK(opened.error().message.starts_with("open the store in /data: "));
        CHECK(opened.error().message.find("Input/output error") != std::string::npos);
      }
      fs.heal();
    }
  }
  CHECK(failed > 5);
  CHECK(test::dump(*open_db(mem)) == "{a=\"b\"} 1@1\n");
}

TEST_CASE("series beyond the budget are shed and counted, also after a restart") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.series_limits.total = 3;
  for (int start = 0; start < 2; ++start) {
    auto db = open_db(options);
    int shed = 0;
    for (int i = 0; i < 10; ++i) {
      shed += add(*db, {{"i", std::to_string(i)}}, 1000 + start, 1) == AppendStatus::kSeriesLimit ? 1 : 0;
    }
    CHECK(shed == 7);
    CHECK(db->stats().series_limit_hits == 7);
    CHECK(db->stats().series == 3);
  }
}

TEST_CASE("a job that uses up its budget is refused new series, named, and nobody else is") {
  test::LogCapture said;
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.series_limits.per_job = 3;
  options.series_limits.jobs = {{"big", 6}, {"free", 0}};
  options.retention = std::chrono::hours(24);
  options.chunk_file_time = std::chrono::hours(1);
  auto db = open_db(options);
  const auto fill = [&](const std::string& job, Timestamp t) {
    int shed = 0;
    for (int i = 0; i < 10; ++i) {
      shed += add(*db, {{"i", std::to_string(i)}, {"job", job}}, t, 1) == AppendStatus::kSeriesLimit ? 1 : 0;
    }
    return shed;
  };
  for (const Timestamp t : {1000, 2000}) {
    CHECK(fill("small", t) == 7);
    CHECK(fill("big", t) == 4);
    CHECK(fill("free", t) == 0);
    CHECK(add(*db, {{"no", "job"}}, t, 1) == AppendStatus::kOk);
  }
  CHECK(db->stats().series == 3 + 6 + 10 + 1);
  CHECK(db->stats().samples_appended == 2 * (3 + 6 + 10 + 1));
  BudgetStatus budget = db->budget(10);
  CHECK(budget.limit_per_job == 3);
  CHECK(budget.shed == 22);
  REQUIRE(budget.jobs.size() == 2);
  CHECK(budget.jobs[0].job == "big");
  CHECK(budget.jobs[0].series == 6);
  CHECK(budget.jobs[0].limit == 6);
  CHECK(budget.jobs[0].shed == 8);
  CHECK(budget.jobs[0].shedding);
  CHECK(budget.jobs[1].job == "small");
  CHECK(db->budget(1).jobs.size() == 1);
  CHECK(std::ranges::count_if(said.lines(), [](const std::string& line) {
          return line.find("new series are refused") != std::string::npos;
        }) == 2);  // once a job
  // Series that are gone count no more.
  Timestamp t = 1000;
  for (int hour = 1; hour < 60; ++hour) {
    t = hour * kHour;
    REQUIRE(add(*db, {{"no", "job"}}, t, 1) == AppendStatus::kOk);
    REQUIRE(db->maintain());
    if (hour % 4 == 0) REQUIRE(db->checkpoint());
  }
  CHECK(db->stats().series == 1);
  CHECK(fill("small", t) == 7);
  CHECK(db->stats().series == 4);
}

TEST_CASE("the retention can be changed while the store is open") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.retention = {};
  options.chunk_piece_bytes = 2'000;
  auto db = open_db(options);
  for (int hour = 0; hour < 100; ++hour) {
    for (int minute = 0; minute < 60; minute += 5) {
      REQUIRE(add(*db, {{"a", "b"}}, hour * kHour + minute * 60'000, hour) == AppendStatus::kOk);
    }
    REQUIRE(db->maintain());
  }
  CHECK(db->stats().retention_files_dropped == 0);
  db->set_retention(std::chrono::hours(24));
  REQUIRE(db->maintain());
  CHECK(db->stats().retention_files_dropped > 0);
}

TEST_CASE("what is older than the retention goes, whole files at a time, and its series with it") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.retention = std::chrono::hours(48);
  options.chunk_piece_bytes = 2'000;
  options.wal_segment_time = std::chrono::hours(1);
  auto db = open_db(options);
  auto appender = db->appender();
  std::size_t most_files = 0;
  std::uint64_t most_disk = 0;
  for (int hour = 0; hour < 400; ++hour) {
    for (int minute = 0; minute < 60; minute += 5) {
      const Timestamp t = hour * kHour + minute * 60'000;
      for (int i = 0; i < 10; ++i) {
        const Labels labels{{"__name__", "m"}, {"i", std::to_string(i)}, {"day", std::to_string(hour / 24)}};
        REQUIRE(appender->append(0, &labels, t, hour * i).status == AppendStatus::kOk);
      }
      REQUIRE(appender->commit());
    }
    REQUIRE(db->maintain());
    if (hour > 100) {
      most_files = std::max<std::size_t>(most_files, db->stats().chunk_files);
      most_disk = std::max(most_disk, db->stats().chunk_file_bytes);
      CHECK(db->stats().series <= 60);
      CHECK(db->stats().wal_segments <= 6);
    }
  }
  CHECK(most_files < 40);
  CHECK(most_disk < 100'000);
  CHECK(db->stats().series_removed > 100);
  CHECK(db->stats().retention_files_dropped > 10);
  auto querier = std::move(*db->querier(0, 400 * kHour));
  const auto days = *querier->label_values("day", {}, 0);
  CHECK(days.size() <= 5);
  CHECK(days.back() == "16");
  // All that is within the retention is there.
  std::size_t samples = 0;
  for (const auto& one : test::read_all(*querier, 352 * kHour, 400 * kHour, {})) samples += one.samples.size();
  CHECK(samples == 48 * 12 * 10);
  const std::string before = test::dump(*db);
  querier = nullptr;
  appender = nullptr;
  REQUIRE(db->close());
  db = nullptr;
  auto again = open_db(options);
  CHECK(again->messages().empty());
  CHECK(test::dump(*again) == before);
}

TEST_CASE("a selection stays readable while files are dropped and series collected") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.retention = std::chrono::hours(1);
  options.chunk_piece_bytes = 1'000;
  options.chunk_file_time = std::chrono::minutes(10);
  options.open_chunk_time = std::chrono::minutes(10);
  options.wal_segment_time = std::chrono::minutes(5);
  auto db = open_db(options);
  const Labels old{{"__name__", "old"}};
  for (int i = 0; i < 300; ++i) add(*db, old, i * 1000, i);
  auto querier = std::move(*db->querier(0, 100 * kHour));
  auto set = querier->select({.start = 0, .end = 100 * kHour}, {});
  REQUIRE(set->next());
  for (int i = 0; i < 3000; ++i) {
    add(*db, {{"__name__", "new"}}, 10 * kHour + i * 5000, i * 0.37);
    if (i % 50 == 0) REQUIRE(db->maintain());
  }
  CHECK(db->stats().series == 1);
  storage::SampleColumns columns;
  REQUIRE(set->read(0, 100 * kHour, columns));
  CHECK(columns.size() == 300);
  CHECK(set->labels() == old);
  CHECK(test::read_all(*db, 0, 5 * kHour, {}).empty());
}

TEST_CASE("series that never got a sample are collected, and a batch that waited is not lost") {
  MemFs fs;
  auto db = open_db(fs);
  {
    auto abandoned = db->appender();
    for (int i = 0; i < 500; ++i) {
      const Labels labels{{"abandoned", std::to_string(i)}};
      abandoned->append(0, &labels, 1000, 1);
    }
  }
  auto waiting = db->appender();
  const Labels labels{{"waiting", "yes"}};
  const auto ref = waiting->append(0, &labels, 1000, 1).ref;
  CHECK(db->stats().series == 501);
  for (int round = 0; round < 4; ++round) REQUIRE(db->checkpoint());
  CHECK(db->stats().series == 0);
  REQUIRE(waiting->commit());
  CHECK(test::dump(*db) == "{waiting=\"yes\"} 1@1000\n");
  CHECK(waiting->append(ref, nullptr, 2000, 2).status == AppendStatus::kUnknownRef);
  CHECK(waiting->append(ref, &labels, 2000, 2).status == AppendStatus::kOk);
  REQUIRE(waiting->commit());
  CHECK(test::dump(*db) == "{waiting=\"yes\"} 1@1000 2@2000\n");
  CHECK(db->stats().series == 1);
}

TEST_CASE("turns of creating and abandoning series leave no memory behind") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.retention = std::chrono::hours(3);
  options.chunk_file_time = std::chrono::hours(1);
  options.chunk_piece_bytes = 100'000;
  auto db = open_db(options);
  std::uint64_t third = 0;
  for (int turn = 0; turn < 10; ++turn) {
    auto appender = db->appender();
    for (int step = 0; step < 3; ++step) {
      for (int i = 0; i < 20'000; ++i) {
        const Labels labels{{"__name__", "m" + std::to_string(i % 100)},
                            {"pod", "pod-" + std::to_string(turn) + "-" + std::to_string(i)}};
        appender->append(0, &labels, turn * 10 * kHour + step * 60'000, i);
      }
      REQUIRE(appender->commit());
    }
    const std::uint64_t bytes = db->stats().bytes.total();
    if (turn == 2) third = bytes;
    if (turn > 2) CHECK(bytes <= third + third / 20);
    // Half a day later all of it is past the retention.
    for (int i = 1; i < 5; ++i) {
      add(*db, {{"__name__", "clock"}}, turn * 10 * kHour + i * kHour * 9 / 4, i);
      REQUIRE(db->checkpoint());
      REQUIRE(db->maintain());
    }
    REQUIRE(db->checkpoint());
    CHECK(db->stats().series == 1);
  }
}

TEST_CASE("the log is cut when its samples are in completed chunks, also of series that stopped") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.wal_segment_time = std::chrono::minutes(5);
  options.open_chunk_time = std::chrono::minutes(30);
  auto db = open_db(options);
  for (int i = 0; i < 10; ++i) add(*db, {{"stopped", std::to_string(i)}}, 1000, 1);
  for (int minute = 0; minute < 600; ++minute) {
    add(*db, {{"__name__", "m"}}, minute * 60'000 + 2000, minute);
    if (minute % 5 == 0) REQUIRE(db->maintain());
    CHECK(db->stats().wal_segments <= 10);
  }
  const std::string expected = test::dump(*db);
  CHECK(db->stats().chunks_open == 1);
  REQUIRE(db->close());
  db = nullptr;
  auto again = open_db(options);
  CHECK(test::dump(*again) == expected);
  CHECK(add(*again, {{"stopped", "3"}}, 600 * 60'000, 2) == AppendStatus::kOk);
}

TEST_CASE("the last sample of a series is known after a restart") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.wal_segment_time = std::chrono::minutes(1);
  options.open_chunk_time = std::chrono::minutes(2);
  const Labels idle{{"__name__", "idle"}};
  {
    auto db = open_db(options);
    add(*db, idle, 50'000, 7);
    for (int i = 1; i < 20; ++i) {
      add(*db, {{"__name__", "busy"}}, i * 60'000, i);
      REQUIRE(db->maintain());
    }
    CHECK(db->stats().chunks_open == 1);
  }
  auto db = open_db(options);
  CHECK(add(*db, idle, 50'000, 7) == AppendStatus::kOk);
  CHECK(add(*db, idle, 50'000, 8) == AppendStatus::kDuplicate);
  CHECK(add(*db, idle, 49'000, 8) == AppendStatus::kOutOfOrder);
  CHECK(add(*db, idle, 51'000, 8) == AppendStatus::kOk);
  CHECK(test::dump(*db).starts_with("{__name__=\"busy\"} 1@60000 2@120000"));
}

TEST_CASE("exemplars are kept up to their number and found by their series") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.exemplars = 5;
  const Labels a{{"s", "a"}};
  const Labels b{{"s", "b"}};
  const auto exemplar = [](int i) {
    return storage::Exemplar{Labels{{"trace_id", std::to_string(i)}}, i * 1.0, i * 1000, true};
  };
  {
    auto db = open_db(options);
    auto appender = db->appender();
    const auto ref_a = appender->append(0, &a, 1000, 1).ref;
    const auto ref_b = appender->append(0, &b, 1000, 1).ref;
    for (int i = 1; i <= 3; ++i) CHECK(appender->append_exemplar(ref_a, exemplar(i)) == AppendStatus::kOk);
    REQUIRE(appender->commit());
    CHECK(appender->append_exemplar(ref_a, exemplar(2)) == AppendStatus::kOutOfOrder);
    CHECK(appender->append_exemplar(ref_a, exemplar(3)) == AppendStatus::kOk);  // the same again: once
    const storage::Exemplar large{Labels{{"x", std::string(200, 'y')}}, 1, 9000, true};
    CHECK(appender->append_exemplar(ref_a, large) == AppendStatus::kInvalidLabels);
    for (int i = 4; i <= 6; ++i) CHECK(appender->append_exemplar(ref_b, exemplar(i)) == AppendStatus::kOk);
    REQUIRE(appender->commit());
  }
  auto db = open_db(options);  // the log has them
  auto found = db->exemplars(0, 10'000, {});
  REQUIRE(found.size() == 2);
  CHECK(found[a].size() == 2);  // the first gave way
  CHECK(found[b].size() == 3);
  CHECK(found[a][0].labels == Labels{{"trace_id", "2"}});
  const std::vector<model::Matcher> only_b{model::Matcher::equal("s", "b")};
  found = db->exemplars(4500, 5500, only_b);
  REQUIRE(found.size() == 1);
  CHECK(found[b][0].value == 5);
}

TEST_CASE("metadata is kept for as many series as allowed") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.metadata_series = 2;
  auto db = open_db(options);
  auto appender = db->appender();
  for (int i = 0; i < 3; ++i) {
    const Labels labels{{"i", std::to_string(i)}};
    const auto ref = appender->append(0, &labels, 1000, 1).ref;
    appender->set_metadata(ref, {model::MetricType::kGauge, "bytes", "old"});
    appender->set_metadata(ref, {model::MetricType::kCounter, "bytes", "new"});
  }
  REQUIRE(appender->commit());
  REQUIRE(db->metadata({{"i", "0"}}));
  CHECK(db->metadata({{"i", "1"}})->help == "new");
  CHECK_FALSE(db->metadata({{"i", "2"}}));
  CHECK_FALSE(db->metadata({{"i", "nowhere"}}));
}

TEST_CASE("figures tell what is in the store and what was refused") {
  MemFs fs;
  auto db = open_db(fs);
  for (int i = 0; i < 300; ++i) {
    add(*db, {{"__name__", "a"}, {"i", "0"}}, 10 * kHour + i * 1000, i);
    if (i < 5) add(*db, {{"__name__", "b"}, {"i", std::to_string(i)}}, 10 * kHour, i);
  }
  add(*db, {{"__name__", "b"}, {"i", "0"}}, 10 * kHour, 99);
  add(*db, {{"__name__", "b"}, {"i", "0"}}, 10 * kHour - 1, 99);
  add(*db, {{"__name__", "b"}, {"i", "0"}}, kHour, 99);
  add(*db, {{"__name__", "b"}, {"i", "0"}}, kMaxTimestamp, 99);
  const auto s = db->stats();
  CHECK(s.series == 6);
  CHECK(s.series_created == 6);
  CHECK(s.samples_appended == 305);
  CHECK(s.duplicates == 1);
  CHECK(s.out_of_order == 1);
  CHECK(s.too_old == 1);
  CHECK(s.out_of_bounds == 1);
  CHECK(s.min_time == 10 * kHour);
  CHECK(s.max_time == 10 * kHour + 299'000);
  CHECK(s.chunks_completed >= 2);
  CHECK(s.wal_bytes > 0);
  CHECK(s.bytes.total() > 10'000);
  const auto c = db->cardinality(2);
  REQUIRE(c.series_by_metric.size() == 2);
  CHECK(c.series_by_metric[0].name == "b");
  CHECK(c.series_by_metric[0].value == 5);
  CHECK(c.values_by_label[0].name == "i");
  CHECK(c.values_by_label[0].value == 5);
  CHECK(c.series_by_label_pair[0].name == "__name__=b");
  CHECK(c.label_pairs == 7);
}

TEST_CASE("a querier that is long in use costs tracking of commits only while it lives") {
  MemFs fs;
  auto db = open_db(fs);
  auto first = db->appender();
  const Labels labels{{"__name__", "m"}};
  first->append(0, &labels, 1000, 1);
  REQUIRE(first->commit());
  auto querier = std::move(*db->querier(0, kHour));
  auto second = db->appender();
  second->append(0, &labels, 2000, 2);
  REQUIRE(second->commit());
  CHECK(db->stats().tracked_series == 1);
  REQUIRE(db->maintain());
  CHECK(db->stats().tracked_series == 1);
  CHECK(test::describe(test::read_all(*querier, 0, kHour, {})) == "{__name__=\"m\"} 1@1000\n");
  querier = nullptr;
  REQUIRE(db->maintain());
  CHECK(db->stats().tracked_series == 0);
  CHECK(test::dump(*db) == "{__name__=\"m\"} 1@1000 2@2000\n");
}

TEST_CASE("damaged chunks are left out of answers, counted, and named once in the log") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  {
    auto db = open_db(options);
    for (int i = 0; i < 1000; ++i) add(*db, {{"__name__", "m"}}, i * 1000, i);
  }
  const std::string path = "/data/tocsin/chunks/00000001.chunks";
  const std::string bytes = *fs.read_file(path, 1U << 20U);
  fs.corrupt(path, bytes.size() / 2, "XXXXXX");
  static int lines = 0;
  lines = 0;
  auto db = open_db(options);
  log::set_sink([](log::Level level, std::string_view) { lines += level == log::Level::kError ? 1 : 0; });
  for (int i = 0; i < 3; ++i) {
    const auto all = test::read_all(*db, 0, kHour, {});
    REQUIRE(all.size() == 1);
    CHECK(all[0].samples.size() < 1000);
    CHECK(all[0].samples.times.back() == 999'000);
    for (std::size_t k = 0; k < all[0].samples.size(); ++k) {
      REQUIRE(all[0].samples.values[k] * 1000 == static_cast<double>(all[0].samples.times[k]));
    }
  }
  log::set_sink(nullptr);
  CHECK(lines == 1);
  CHECK(db->stats().chunks_corrupt == 1);
}

}  // namespace
}  // namespace tocsin::tsdb
