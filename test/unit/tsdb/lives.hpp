#pragma once
// Lives of a store over files that outlive it, and what it should show.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fault_fs.hpp"
#include "base/log.hpp"
#include "base/rng.hpp"
#include "store.hpp"
#include "support/map_store.hpp"

namespace tocsin::tsdb {

inline constexpr FsCall kAllCalls[] = {
    FsCall::kOpen,   FsCall::kAppend, FsCall::kSync, FsCall::kTruncate,          FsCall::kRead,
    FsCall::kRename, FsCall::kRemove, FsCall::kList, FsCall::kCreateDirectories, FsCall::kSyncDirectory};

inline constexpr std::int64_t kWindow = 20'000;  // some late samples are taken, some not

/// One life of a process over files that outlive it.
class Life {
 public:
  /// @param owner_replays  the store is not whole until db().replay() says so.
  explicit Life(MemFs& disk, bool owner_replays = false) : disk_(disk), fs_(disk) {
    TsdbOptions options = options_for(fs_);
    options.owner_replays = owner_replays;
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
inline model::HistogramPtr random_histogram(Rng& rng) {
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
      // Before the store is whole it cannot know which samples it will drop.
      if (db.whole()) REQUIRE(storage::append_status_text(a) == storage::append_status_text(b));
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

}  // namespace tocsin::tsdb
