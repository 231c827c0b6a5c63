// What is left after the process dies, the power goes, the disk fails or lies.
#include <algorithm>
#include <set>
#include <sstream>

#include "base/fault_fs.hpp"
#include "base/log.hpp"
#include "base/rng.hpp"
#include "store.hpp"
#include "support/map_store.hpp"

namespace tocsin::tsdb {
namespace {

constexpr FsCall kAllCalls[] = {
    FsCall::kOpen,   FsCall::kAppend, FsCall::kSync, FsCall::kTruncate,          FsCall::kRead,
    FsCall::kRename, FsCall::kRemove, FsCall::kList, FsCall::kCreateDirectories, FsCall::kSyncDirectory};

constexpr std::int64_t kWindow = 20'000;  // some late samples are taken, some not

/// One life of a process over files that outlive it.
class Life {
 public:
  explicit Life(MemFs& disk) : disk_(disk), fs_(disk) {
    TsdbOptions options = options_for(fs_);
    options.wal_segment_bytes = 3000;
    options.chunk_piece_bytes = 1500;
    options.chunk_file_bytes = 5000;
    options.open_chunk_time = std::chrono::minutes(3);
    options.out_of_order_window = std::chrono::milliseconds(kWindow);
    options.out_of_order_cap_max = 3;
    db_ = open_db(options);
  }
  ~Life() { die(); }
  /// The process dies: nothing more reaches the disk, what was written is there.
  void kill() {
    die();
    disk_.drop_handles();
  }
  /// The power goes: what was not synced is lost, but for `torn` bytes of each file.
  void cut_power(std::uint64_t torn) {
    die();
    disk_.drop_unsynced(torn);
  }
  Db& db() { return *db_; }
  FaultFs& fs() { return fs_; }

 private:
  void die() {
    if (!db_) return;
    for (const FsCall call : kAllCalls) fs_.arm({.call = call, .nth = 1, .stays = true});
    db_ = nullptr;
  }
  MemFs& disk_;
  FaultFs fs_;
  std::unique_ptr<Db> db_;
};

/// Mostly one layout, so that the log has changes.
model::HistogramPtr random_histogram(Rng& rng) {
  if (rng.next() % 4 == 0) return test::some_histogram(static_cast<double>(rng.next() % 5));
  model::FloatHistogram h;
  h.integer = true;
  h.schema = 2;
  h.positive_spans = {{-1, 3}, {2, 3}};
  for (int i = 0; i < 6; ++i) h.positive_buckets.push_back(static_cast<double>(rng.next() % 20));
  for (const double c : h.positive_buckets) h.count += c;
  h.sum = h.count * rng.uniform();
  return std::make_shared<model::FloatHistogram>(h);
}

/// The same random batch to both; the twin commits if the store did.
class Twins {
 public:
  explicit Twins(std::uint64_t seed) : rng_(seed), map_({.max_age_ms = 3'600'000, .out_of_order_window_ms = kWindow}) {}

  bool round(Db& db) {
    if (!appender_) appender_ = db.appender();
    auto twin = map_.appender();
    now_ += 1 + static_cast<Timestamp>(rng_.next() % 20'000);
    const std::uint64_t generation = rng_.next() % 3 + static_cast<std::uint64_t>(now_ / 500'000);
    for (std::uint64_t n = rng_.next() % 25; n > 0; --n) {
      const std::uint64_t metric = rng_.next() % 5;
      const model::Labels labels{{"__name__", "m" + std::to_string(metric)},
                                 {"s", std::to_string(rng_.next() % 8)},
                                 {"gen", std::to_string(generation)}};
      const Timestamp t = rng_.next() % 8 == 0 ? now_ - static_cast<Timestamp>(rng_.next() % 30'000) : now_;
      storage::AppendStatus a{};
      storage::AppendStatus b{};
      if (metric == 4 ? rng_.next() % 10 != 0 : rng_.next() % 20 == 0) {
        const auto histogram = random_histogram(rng_);
        const Timestamp start = rng_.next() % 10 == 0 ? t - 50 : 0;
        a = appender_->append_histogram(0, &labels, t, histogram, start).status;
        b = twin->append_histogram(0, &labels, t, histogram, start).status;
      } else {
        const double value = rng_.next() % 3 == 0 ? rng_.uniform() : static_cast<double>(rng_.next() % 1000);
        const Timestamp start = rng_.next() % 30 == 0 ? t - 50 : 0;
        a = appender_->append(0, &labels, t, value, start).status;
        b = twin->append(0, &labels, t, value, start).status;
      }
      REQUIRE(storage::append_status_text(a) == storage::append_status_text(b));
    }
    if (!appender_->commit()) {
      ++refused_;
      return false;
    }
    REQUIRE(twin->commit());
    return true;
  }
  /// Deletes the same of both.
  void remove(Db& db) {
    const Timestamp start = now_ - static_cast<Timestamp>(rng_.next() % 200'000);
    const Timestamp end = start + static_cast<Timestamp>(rng_.next() % 100'000);
    const auto some = test::matcher(model::MatchOp::kRegex, "s", "[0-3]");
    REQUIRE(db.remove(start, end, {&some, 1}));
    map_.remove(start, end, {&some, 1});
  }
  /// Before the store goes.
  void let_go() { appender_ = nullptr; }

  std::string expected() { return test::dump(map_); }
  Rng& rng() { return rng_; }
  int refused() const { return refused_; }

 private:
  Rng rng_;
  test::MapStore map_;
  std::unique_ptr<storage::Appender> appender_;
  Timestamp now_ = 1'000'000;
  int refused_ = 0;
};

/// Silences the log: what is said is looked at as messages().
struct Quiet {
  Quiet() {
    log::set_sink([](log::Level, std::string_view) {});
  }
  ~Quiet() { log::set_sink(nullptr); }
};

TEST_CASE("all that was committed is there after the process died, again and again") {
  const Quiet quiet;
  for (const std::uint64_t seed : {1, 2, 3}) {
    MemFs disk;
    Twins twins(seed);
    for (int life = 0; life < 12; ++life) {
      Life now(disk);
      CHECK(now.db().messages().empty());
      REQUIRE(test::dump(now.db()) == twins.expected());
      for (int i = 0; i < 40; ++i) {
        REQUIRE(twins.round(now.db()));
        if (twins.rng().next() % 12 == 0) twins.remove(now.db());
        if (twins.rng().next() % 10 == 0) REQUIRE(now.db().maintain());
        if (twins.rng().next() % 30 == 0) REQUIRE(now.db().checkpoint());
      }
      REQUIRE(test::dump(now.db()) == twins.expected());
      twins.let_go();
      if (life % 4 == 3) {
        REQUIRE(now.db().close());
      } else {
        now.kill();
      }
    }
  }
}

TEST_CASE("after a power cut all that was synced is there, and of later commits the first ones as a whole") {
  const Quiet quiet;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    MemFs disk;
    Twins twins(seed);
    std::vector<std::string> possible;
    {
      Life now(disk);
      const int rounds = 5 + static_cast<int>(seed * 2);
      for (int i = 0; i < rounds; ++i) {
        REQUIRE(twins.round(now.db()));
        possible.push_back(twins.expected());
        if (twins.rng().next() % 12 == 0) REQUIRE(now.db().maintain());
        if (twins.rng().next() % 7 == 0) {
          REQUIRE(now.db().sync());
          possible = {twins.expected()};
        }
      }
      if (possible.size() == static_cast<std::size_t>(rounds)) possible.insert(possible.begin(), "");
      twins.let_go();
      now.cut_power(seed % 3 == 0 ? 0 : twins.rng().next() % 300);
    }
    Life again(disk);
    const std::string got = test::dump(again.db());
    INFO("seed " << seed);
    REQUIRE(std::ranges::find(possible, got) != possible.end());
  }
}

/// A life in which one call fails: what was refused is not there, all else is, then and after a kill or a power cut.
void check_one_failure(FsCall call, std::uint64_t nth, bool stays, bool power) {
  MemFs disk;
  Twins twins(7);
  {
    Life now(disk);
    now.fs().arm({.call = call, .nth = nth, .stays = stays, .written = nth % 2 == 0 ? 11U : 0U});
    for (int i = 0; i < 60; ++i) {
      twins.round(now.db());
      if (i % 6 == 5) (void)now.db().sync();
      if (i % 10 == 9) (void)now.db().maintain();
      if (stays && i == 45) now.fs().heal();
    }
    REQUIRE(test::dump(now.db()) == twins.expected());
    now.fs().heal();
    REQUIRE(twins.round(now.db()));
    REQUIRE(now.db().sync());
    REQUIRE(now.db().maintain());
    twins.let_go();
    if (power) {
      now.cut_power(twins.rng().next() % 50);
    } else {
      now.kill();
    }
  }
  Life again(disk);
  REQUIRE(test::dump(again.db()) == twins.expected());
  REQUIRE(again.db().close());
}

TEST_CASE("each call of the file system may fail in turn") {
  const Quiet quiet;
  for (const FsCall call : kAllCalls) {
    MemFs disk;
    std::uint64_t calls = 0;
    {
      Twins twins(7);
      Life now(disk);
      const std::uint64_t before = now.fs().count(call);
      for (int i = 0; i < 60; ++i) {
        REQUIRE(twins.round(now.db()));
        if (i % 6 == 5) REQUIRE(now.db().sync());
        if (i % 10 == 9) REQUIRE(now.db().maintain());
      }
      calls = now.fs().count(call) - before;
      twins.let_go();
      now.kill();
    }
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
      INFO("call " << static_cast<int>(call) << ", number " << nth);
      check_one_failure(call, nth, false, nth % 2 == 0);
    }
    for (std::uint64_t nth = 1; nth <= calls; nth += 1 + calls / 8) {
      INFO("call " << static_cast<int>(call) << " from number " << nth);
      check_one_failure(call, nth, true, nth % 2 == 1);
    }
  }
}

TEST_CASE("on a full disk commits are refused with the reason, queries go on, and later commits work") {
  const Quiet quiet;
  MemFs disk;
  Life now(disk);
  const model::Labels labels{{"__name__", "m"}};
  REQUIRE(add(now.db(), labels, 1000, 1) == storage::AppendStatus::kOk);
  now.fs().arm({.call = FsCall::kAppend, .nth = 1, .stays = true});
  auto appender = now.db().appender();
  const model::Labels fresh{{"__name__", "new"}};
  REQUIRE(appender->append(0, &labels, 2000, 2).status == storage::AppendStatus::kOk);
  REQUIRE(appender->append(0, &fresh, 2000, 2).status == storage::AppendStatus::kOk);
  const auto refused = appender->commit();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kIo);
  CHECK(refused.error().message.find("No space left on device") != std::string::npos);
  CHECK(test::dump(now.db()) == "{__name__=\"m\"} 1@1000\n");
  CHECK(now.db().stats().commits_failed == 1);
  now.fs().heal();
  REQUIRE(appender->append(0, &labels, 3000, 3).status == storage::AppendStatus::kOk);
  REQUIRE(appender->append(0, &fresh, 3000, 3).status == storage::AppendStatus::kOk);
  REQUIRE(appender->commit());
  const std::string expected = "{__name__=\"m\"} 1@1000 3@3000\n{__name__=\"new\"} 3@3000\n";
  CHECK(test::dump(now.db()) == expected);
  appender = nullptr;
  now.kill();
  Life again(disk);
  CHECK(test::dump(again.db()) == expected);
}

/// A small store with several of everything, and what was in it after each commit.
std::vector<std::string> make_small_store(MemFs& disk, bool checkpoints) {
  std::vector<std::string> states{""};
  Twins twins(11);
  Life now(disk);
  for (int i = 0; i < 25; ++i) {
    REQUIRE(twins.round(now.db()));
    states.push_back(twins.expected());
    if (checkpoints && i % 8 == 7) REQUIRE(now.db().checkpoint());
  }
  twins.let_go();
  now.kill();
  return states;
}

std::vector<std::string> files_of(MemFs& disk, const std::string& folder) {
  std::vector<std::string> paths;
  const auto names = disk.list(folder);
  REQUIRE(names);
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (disk.info(path)->directory) {
      for (const std::string& inner : files_of(disk, path)) paths.push_back(inner);
    } else if (name != "lock") {
      paths.push_back(path);
    }
  }
  return paths;
}

void copy_files(MemFs& from, MemFs& to) {
  for (const std::string& path : files_of(from, "/data")) {
    REQUIRE(to.create_directories(path.substr(0, path.rfind('/'))));
    REQUIRE(to.write_file_atomic(path, *from.read_file(path, 1U << 30U)));
  }
}

TEST_CASE("a log that ends at any byte gives the commits before it") {
  const Quiet quiet;
  MemFs disk;
  const std::vector<std::string> states = make_small_store(disk, false);
  std::vector<std::string> segments;
  for (const std::string& path : files_of(disk, "/data")) {
    if (path.ends_with(".wal")) segments.push_back(path);
  }
  REQUIRE(segments.size() >= 2);
  const std::string last = segments.back();
  const std::string whole = *disk.read_file(last, 1U << 20U);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    MemFs copy;
    copy_files(disk, copy);
    REQUIRE(copy.write_file_atomic(last, std::string_view(whole).substr(0, cut)));
    Life again(copy);
    const std::string got = test::dump(again.db());
    INFO("cut at " << cut << " of " << whole.size());
    REQUIRE(std::ranges::find(states, got) != states.end());
    if (cut == whole.size()) CHECK(got == states.back());
    REQUIRE(add(again.db(), {{"__name__", "after"}}, 5'000'000, 1) == storage::AppendStatus::kOk);
  }
}

/// The samples of a dump, one text each.
std::set<std::string> samples_of(const std::string& dump) {
  std::set<std::string> samples;
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find("} ");
    std::istringstream words(line.substr(end + 2));
    std::string sample;
    int depth = 0;  // a histogram has spaces in it
    for (std::string word; words >> word;) {
      sample += (sample.empty() ? "" : " ") + word;
      depth += static_cast<int>(std::ranges::count(word, '(')) - static_cast<int>(std::ranges::count(word, ')'));
      if (depth > 0) continue;
      samples.insert(line.substr(0, end + 1) + " " + sample);
      sample.clear();
    }
  }
  return samples;
}

TEST_CASE("flipped bits never crash the store nor make samples, and what is missing is told") {
  const Quiet quiet;
  for (const bool checkpoints : {false, true}) {
    MemFs disk;
    const std::string all = make_small_store(disk, checkpoints).back();
    const std::set<std::string> committed = samples_of(all);
    const std::vector<std::string> paths = files_of(disk, "/data");
    Rng rng(5);
    for (int i = 0; i < 1500; ++i) {
      const std::string& path = paths[rng.next() % paths.size()];
      std::string bytes = *disk.read_file(path, 1U << 20U);
      if (bytes.empty()) continue;
      const std::size_t at = rng.next() % bytes.size();
      MemFs copy;
      copy_files(disk, copy);
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (rng.next() % 8)));
      REQUIRE(copy.write_file_atomic(path, bytes));
      Life again(copy);
      const std::string got = test::dump(again.db());
      INFO(path << " at " << at);
      const std::set<std::string> samples = samples_of(got);
      REQUIRE(std::ranges::includes(committed, samples));
      if (got != all) CHECK((!again.db().messages().empty() || again.db().stats().chunks_corrupt > 0));
      REQUIRE(add(again.db(), {{"__name__", "after"}}, 5'000'000, 1) == storage::AppendStatus::kOk);
    }
  }
}

TEST_CASE("files cut at random lengths never crash the store nor make samples") {
  const Quiet quiet;
  MemFs disk;
  const std::string all = make_small_store(disk, true).back();
  const std::set<std::string> committed = samples_of(all);
  const std::vector<std::string> paths = files_of(disk, "/data");
  Rng rng(6);
  for (int i = 0; i < 600; ++i) {
    MemFs copy;
    copy_files(disk, copy);
    const std::string& path = paths[rng.next() % paths.size()];
    const std::string bytes = *disk.read_file(path, 1U << 20U);
    if (i % 10 == 0) {
      REQUIRE(copy.remove(path));
    } else {
      REQUIRE(copy.write_file_atomic(path, std::string_view(bytes).substr(0, rng.next() % (bytes.size() + 1))));
    }
    Life again(copy);
    INFO(path);
    REQUIRE(std::ranges::includes(committed, samples_of(test::dump(again.db()))));
    REQUIRE(add(again.db(), {{"__name__", "after"}}, 5'000'000, 1) == storage::AppendStatus::kOk);
  }
}

}  // namespace
}  // namespace tocsin::tsdb
