// The start: scrapes go on while the log is replayed, and nothing is shown before it is.
#include <array>
#include <atomic>
#include <limits>
#include <thread>

#include "lives.hpp"
#include "tsdb/replayer.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

void replay_all(Db& db) {
  const auto whole = db.replay(kAll);
  REQUIRE(whole);
  REQUIRE(*whole);
}

TEST_CASE("a store that opens takes commits at once, and shows all in order when its log is replayed") {
  const Quiet quiet;
  MemFs disk;
  Twins twins(21);
  {
    Life first(disk);
    for (int i = 0; i < 50; ++i) REQUIRE(twins.round(first.db()));
    twins.let_go();
    first.kill();
  }
  Life now(disk, true);
  CHECK_FALSE(now.db().whole());
  const auto refused = now.db().querier(0, 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kUnavailable);
  CHECK(refused.error().message == "TSDB not ready");
  CHECK_FALSE(now.db().checkpoint());
  REQUIRE(now.db().maintain());  // nothing to do yet

  for (int i = 0; i < 5; ++i) REQUIRE(twins.round(now.db()));
  const auto part = now.db().replay(7);
  REQUIRE(part);
  CHECK_FALSE(*part);
  const Db::Replay progress = now.db().replay_progress();
  CHECK(progress.first <= progress.current);
  CHECK(progress.current < progress.last);
  for (int i = 0; i < 30; ++i) REQUIRE(twins.round(now.db()));
  replay_all(now.db());
  CHECK(now.db().replay_progress().current == now.db().replay_progress().last);
  CHECK(test::dump(now.db()) == twins.expected());
  for (int i = 0; i < 30; ++i) REQUIRE(twins.round(now.db()));
  CHECK(test::dump(now.db()) == twins.expected());
  twins.let_go();
  now.kill();
  Life again(disk);
  CHECK(again.db().messages().empty());
  CHECK(test::dump(again.db()) == twins.expected());
}

TEST_CASE("a store that dies while it replays loses nothing, again and again") {
  const Quiet quiet;
  int ended_whole = 0;
  int ended_replaying = 0;
  for (const std::uint64_t seed : {31, 32, 33, 34}) {
    MemFs disk;
    Twins twins(seed);
    for (int life = 0; life < 25; ++life) {
      Life now(disk, true);
      INFO("seed " << seed << ", life " << life);
      bool whole = false;
      // Fewer records are read in a round than a life leaves, so that most lives end in the middle of the replay.
      for (std::uint64_t i = twins.rng().next() % 12; i > 0; --i) {
        REQUIRE(twins.round(now.db()));
        const auto replayed = now.db().replay(twins.rng().next() % 16);
        REQUIRE(replayed);
        const bool just_now = *replayed && !whole;
        whole = *replayed;
        REQUIRE(now.db().whole() == whole);
        if (twins.rng().next() % 6 == 0) REQUIRE(now.db().maintain());
        if (whole && twins.rng().next() % 20 == 0) REQUIRE(now.db().checkpoint());
        if (just_now || (whole && i == 1)) REQUIRE(test::dump(now.db()) == twins.expected());
      }
      (whole ? ended_whole : ended_replaying) += 1;
      CHECK(now.db().messages().empty());
      twins.let_go();
      switch (life % 4) {
        case 0:
          REQUIRE(now.db().close());
          break;
        case 1:
          REQUIRE(now.db().sync());
          now.cut_power(0);
          break;
        default:
          now.kill();
      }
    }
    Life last(disk);
    CHECK(test::dump(last.db()) == twins.expected());
  }
  CHECK(ended_whole > 10);
  CHECK(ended_replaying > 30);
}

TEST_CASE("a replay that the disk refuses is told, keeps the log, and goes on where it stood") {
  const Quiet quiet;
  MemFs disk;
  Twins twins(41);
  {
    Life first(disk);
    for (int i = 0; i < 60; ++i) REQUIRE(twins.round(first.db()));
    twins.let_go();
    first.kill();
  }
  for (const FsCall call : {FsCall::kRead, FsCall::kOpen, FsCall::kList}) {
    Life now(disk, true);
    now.fs().arm({.call = call, .nth = 1, .message = "Input/output error", .stays = true});
    for (int i = 0; i < 3; ++i) {
      const auto refused = now.db().replay(kAll);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::kIo);
      CHECK(refused.error().message.find("Input/output error") != std::string::npos);
      CHECK_FALSE(now.db().whole());
      CHECK_FALSE(now.db().querier(0, 1));
    }
    now.fs().heal();
    REQUIRE(twins.round(now.db()));
    REQUIRE(now.db().replay(5));
    now.fs().arm({.call = call, .nth = 1, .message = "Input/output error", .stays = true});
    REQUIRE_FALSE(now.db().replay(kAll));
    now.fs().heal();
    replay_all(now.db());
    CHECK(test::dump(now.db()) == twins.expected());
    CHECK(now.db().messages().empty());
    twins.let_go();
    now.kill();
  }
  Life again(disk);
  CHECK(test::dump(again.db()) == twins.expected());
}

TEST_CASE("exemplars and metadata that come while the log is replayed are kept") {
  const Quiet quiet;
  MemFs disk;
  const model::Labels labels{{"__name__", "m"}};
  const model::Matcher all = test::matcher(model::MatchOp::kEqual, "__name__", "m");
  {
    Life first(disk);
    auto appender = first.db().appender();
    const auto ref = appender->append(0, &labels, 1000, 1).ref;
    REQUIRE(appender->append_exemplar(ref, {model::Labels{{"trace_id", "a"}}, 1, 1000, true}) ==
            storage::AppendStatus::kOk);
    REQUIRE(appender->commit());
    appender = nullptr;
    first.kill();
  }
  Life now(disk, true);
  auto appender = now.db().appender();
  const auto ref = appender->append(0, &labels, 2000, 2).ref;
  REQUIRE(appender->append_exemplar(ref, {model::Labels{{"trace_id", "b"}}, 2, 2000, true}) ==
          storage::AppendStatus::kOk);
  appender->set_metadata(ref, {model::MetricType::kGauge, "s", "Help."});
  REQUIRE(appender->commit());
  replay_all(now.db());
  const auto exemplars = now.db().exemplars(0, 10'000, std::span(&all, 1));
  REQUIRE(exemplars.size() == 1);
  REQUIRE(exemplars.begin()->second.size() == 2);
  CHECK(exemplars.begin()->second[0].labels == model::Labels{{"trace_id", "a"}});
  CHECK(exemplars.begin()->second[1].labels == model::Labels{{"trace_id", "b"}});
  REQUIRE(now.db().metadata(labels));
  CHECK(now.db().metadata(labels)->help == "Help.");
  appender = nullptr;
}

TEST_CASE("the number of a series whose definition is lost is not given to another") {
  const Quiet quiet;
  MemFs disk;
  {
    Life first(disk);
    for (int i = 0; i < 3; ++i) add(first.db(), {{"__name__", "m"}, {"i", std::to_string(i)}}, 1000 + i, i);
    first.kill();
  }
  // The first record is lost, and with it the rest of its segment; the next has samples of series that nobody knows.
  {
    Life second(disk);
    for (int i = 0; i < 3; ++i) add(second.db(), {{"__name__", "m"}, {"i", std::to_string(i)}}, 2000 + i, i);
    second.kill();
  }
  disk.corrupt("/data/tocsin/wal/00000001.wal", 30, "x");
  Life now(disk, true);
  add(now.db(), {{"__name__", "new"}}, 3000, 7);
  replay_all(now.db());
  CHECK(test::dump(now.db()) == "{__name__=\"new\"} 7@3000\n");
  const std::vector<std::string> messages = now.db().messages();
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].find("is damaged from offset 16") != std::string::npos);
  CHECK(messages[1].find("3 samples of 3 series in the log are passed over") != std::string::npos);
}

/// How many commits each thread is seen to have made; -1 if its series do not have the same number.
std::array<int, 3> commits_seen(Db& db) {
  std::array<int, 3> seen{};
  for (const auto& series : test::read_all(db, 0, 1'000'000'000, {})) {
    int& of_thread = seen.at(static_cast<std::size_t>(std::stoi(std::string(series.labels.get("thread")))));
    const auto size = static_cast<int>(series.samples.size());
    if (of_thread == 0) of_thread = size;
    if (of_thread != size) of_thread = -1;
  }
  return seen;
}

TEST_CASE("commits and queries of several threads run beside the replay: none is lost, out of order or half seen") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.wal_segment_bytes = 20'000;
  constexpr int kSeries = 300;
  constexpr int kThreads = 3;
  constexpr int kBefore = 150;
  const auto labels = [](int thread, int i) {
    return model::Labels{{"__name__", "m"}, {"i", std::to_string(i)}, {"thread", std::to_string(thread)}};
  };
  const auto append_all = [&](storage::Appender& appender, int thread, int round) {
    for (int i = 0; i < kSeries; ++i) {
      const model::Labels of = labels(thread, i);
      (void)appender.append(0, &of, 1000 * (round + 1), round * 1.5 + i);
    }
    return appender.commit();
  };
  {
    const auto db = open_db(options);
    for (int thread = 0; thread < kThreads; ++thread) {
      const auto appender = db->appender();
      for (int round = 0; round < kBefore; ++round) REQUIRE(append_all(*appender, thread, round));
    }
    fs.drop_handles();  // no checkpoint is written
  }
  options.threads = true;
  const auto opened = Db::open(options);
  REQUIRE(opened);
  const auto& db = *opened;
  std::atomic<int> failed = 0;
  std::array<int, kThreads> rounds{};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const auto appender = db->appender();
        int round = kBefore;
        for (bool last = false; !last; ++round) {
          last = db->whole();
          if (!append_all(*appender, thread, round)) ++failed;
        }
        rounds[static_cast<std::size_t>(thread)] = round;
      });
    }
    threads.emplace_back([&] {
      while (!db->whole()) {
        if (db->querier(0, 1) && !db->whole()) ++failed;
        (void)db->stats();
        (void)db->replay_progress();
      }
      for (const int seen : commits_seen(*db)) {
        if (seen < kBefore) ++failed;
      }
    });
  }
  CHECK(failed == 0);
  REQUIRE(db->whole());
  for (int thread = 0; thread < kThreads; ++thread) {
    const std::string name = std::to_string(thread);
    const auto all =
        test::read_all(*db, 0, 1'000'000'000, {test::matcher(model::MatchOp::kEqual, "thread", name.c_str())});
    REQUIRE(all.size() == kSeries);
    for (const auto& series : all) {
      REQUIRE(series.samples.size() == static_cast<std::size_t>(rounds[static_cast<std::size_t>(thread)]));
      for (std::size_t i = 0; i < series.samples.size(); ++i) {
        REQUIRE(series.samples.times[i] == 1000 * (static_cast<Timestamp>(i) + 1));
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::tsdb
