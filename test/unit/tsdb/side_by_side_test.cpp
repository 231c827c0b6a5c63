// All that a store does, at once: appenders, cuts, compaction, deletion, collection of series, checkpoints, snapshots,
// feeds and queries. Meant for the thread sanitizer, and for what a querier promises: each commit is seen as a whole or
// not at all, what is older lies in the head or in a block and is seen once, what was deleted does not come back.
#include <atomic>
#include <barrier>
#include <map>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "base/log.hpp"
#include "store.hpp"
#include "support/feed_copy.hpp"
#include "tsdb/block_set.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using storage::AppendStatus;

constexpr Timestamp kMinute = 60'000;
constexpr Timestamp kHalf = kMinute / 2;
constexpr Timestamp kBegin = 1200 * kMinute * 60;  // a multiple of six hours
constexpr int kWriters = 2;
constexpr int kCommits = 800;  // minutes: thirteen hours
constexpr int kEra = 90;       // minutes that a passing series lives

Timestamp time_of(int commit) {
  return kBegin + commit * kMinute;
}

/// What went wrong, from any thread.
class Failures {
 public:
  template <typename... Args>
  void check(bool good, fmt::format_string<Args...> text, Args&&... args) {
    if (good) return;
    const MutexLock lock(mutex_);
    if (all_.size() < 10) all_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  void check(const Result<void>& done, std::string_view what) {
    check(done.has_value(), "{}: {}", what, done ? "" : done.error().message);
  }
  std::vector<std::string> all() const {
    const MutexLock lock(mutex_);
    return all_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> all_ TOCSIN_GUARDED_BY(mutex_);
};

/// Commit n of a writer, all of it at minute n with the value n:
///   kind=stable   20 series of floats, 2 of histograms
///   kind=passing  10 series that get another name each era
///   kind=victim   2 series, the beginning of which is deleted again and again
///   kind=late     1 series that gets, out of order, what was a minute and a half ago too
class Writer {
 public:
  Writer(Db& db, int number, Failures& failures)
      : appender_(db.appender()), number_(std::to_string(number)), failures_(failures) {}

  void commit(int n) {
    for (int i = 0; i < 20; ++i) add("stable", i, 0, n);
    for (int i = 20; i < 22; ++i) add_histogram(i, n);
    for (int i = 0; i < 10; ++i) add("passing", i, n / kEra, n);
    for (int i = 0; i < 2; ++i) add("victim", i, 0, n);
    const Labels late = labels("late", 0, 0);
    put(late, time_of(n), n);
    if (n >= 2) put(late, time_of(n) - 3 * kHalf, n);
    failures_.check(appender_->commit(), "commit");
  }

 private:
  Labels labels(const char* kind, int i, int era) const {
    return {
        {"__name__", "m"}, {"era", std::to_string(era)}, {"i", std::to_string(i)}, {"kind", kind}, {"writer", number_}};
  }
  void add(const char* kind, int i, int era, int n) { put(labels(kind, i, era), time_of(n), n); }
  void put(const Labels& labels, Timestamp t, double value) {
    const auto status = appender_->append(0, &labels, t, value).status;
    failures_.check(status == AppendStatus::kOk, "append of {} at {}: {}", labels.to_string(), t,
                    storage::append_status_text(status));
  }
  void add_histogram(int i, int n) {
    const Labels of = labels("stable", i, 0);
    const auto status = appender_->append_histogram(0, &of, time_of(n), test::some_histogram(n)).status;
    failures_.check(status == AppendStatus::kOk, "append_histogram: {}", storage::append_status_text(status));
  }

  std::unique_ptr<storage::Appender> appender_;
  const std::string number_;
  Failures& failures_;
};

/// Of the victims: what a querier that is made now must not see any more, and what it may see in part. (A deletion is
/// whole when it returns; while it goes on, the head may be done and a block not.)
struct Deleted {
  std::atomic<Timestamp> up_to = 0, soon_up_to = 0;
};

/// What one querier sees, and whether it can be.
class View {
 public:
  View(Failures& failures, Timestamp deleted, Timestamp half_deleted)
      : failures_(failures), deleted_(deleted), half_deleted_(half_deleted) {}

  void take(const Labels& labels, const storage::SampleColumns& samples) {
    const std::string kind(labels.get("kind"));
    Writer& writer = writers_[std::string(labels.get("writer"))];
    const auto last = static_cast<int>((samples.times.back() - kBegin) / kMinute);
    if (kind == "late") return take_late(writer, samples);
    std::size_t begin = 0;
    if (kind == "victim") {
      failures_.check(samples.times.front() > deleted_, "{}: what was deleted is back", labels.to_string());
      while (begin < samples.size() && samples.times[begin] <= half_deleted_) ++begin;
    }
    const int first = kind == "victim" && half_deleted_ >= kBegin
                          ? static_cast<int>((half_deleted_ - kBegin) / kMinute) + 1
                          : static_cast<int>((samples.times.front() - kBegin) / kMinute);
    for (std::size_t i = begin; i < samples.size(); ++i) {
      const int n = first + static_cast<int>(i - begin);
      failures_.check(samples.times[i] == time_of(n), "{} has a hole before minute {}", labels.to_string(), n);
      if (samples.histograms.empty()) {
        failures_.check(samples.values[i] == n, "{} has {} at minute {}", labels.to_string(), samples.values[i], n);
      }
    }
    if (kind == "passing") {
      const int era = std::stoi(std::string(labels.get("era")));
      failures_.check(first == std::max(era * kEra, 0), "{} begins at minute {}", labels.to_string(), first);
      failures_.check(last < (era + 1) * kEra, "{} ends at minute {}", labels.to_string(), last);
      writer.eras[era].insert(last);
    } else {
      writer.ends.insert(last);
      ++writer.lasting;
      if (kind == "stable") failures_.check(first == 0, "{} begins at minute {}", labels.to_string(), first);
    }
  }

  /// @return the last commits that were seen, by writer.
  std::map<std::string, int> finish() {
    std::map<std::string, int> out;
    for (auto& [name, writer] : writers_) {
      failures_.check(writer.ends.size() == 1, "writer {}: series end at {} different commits", name,
                      writer.ends.size());
      if (writer.ends.empty()) continue;
      const int end = *writer.ends.begin();
      failures_.check(writer.lasting >= 22, "writer {}: {} series", name, writer.lasting);
      for (const auto& [era, ends] : writer.eras) {
        failures_.check(ends == std::set{std::min(end, (era + 1) * kEra - 1)}, "writer {}: series of era {} end at {}",
                        name, era, *ends.begin());
      }
      failures_.check(std::ssize(writer.eras) == end / kEra + 1, "writer {}: {} eras", name, writer.eras.size());
      failures_.check(writer.late_end == end, "writer {}: late samples end at {}, others at {}", name, writer.late_end,
                      end);
      out[name] = end;
    }
    return out;
  }

 private:
  struct Writer {
    std::set<int> ends;
    std::map<int, std::set<int>> eras;
    int lasting = 0, late_end = -1;
  };

  /// Of half minutes 0, 2, 4 ... 2n, and all odd ones up to 2n - 3.
  void take_late(Writer& writer, const storage::SampleColumns& samples) {
    const auto n = static_cast<int>((samples.times.back() - kBegin) / kMinute);
    writer.late_end = n;
    std::size_t i = 0;
    for (int at = 0; at <= 2 * n; ++at) {
      if (at % 2 == 1 && at > 2 * n - 3) continue;
      const int value = at % 2 == 0 ? at / 2 : (at + 3) / 2;
      const bool good = i < samples.size() && samples.times[i] == kBegin + at * kHalf && samples.values[i] == value;
      failures_.check(good, "late samples: half minute {} of {} is wrong", at, 2 * n);
      ++i;
    }
    failures_.check(i == samples.size(), "late samples: {} instead of {}", samples.size(), i);
  }

  Failures& failures_;
  const Timestamp deleted_, half_deleted_;
  std::map<std::string, Writer> writers_;
};

std::map<std::string, int> look(Db& db, const Deleted& deleted, Failures& failures) {
  const Timestamp up_to = deleted.up_to;
  const auto querier = db.querier(0, time_of(10 * kCommits));
  failures.check(querier.has_value(), "querier");
  if (!querier) return {};
  const Timestamp soon_up_to = deleted.soon_up_to;
  std::map<std::string, int> seen;
  for (int pass = 0; pass < 2; ++pass) {
    View view(failures, up_to, soon_up_to);
    auto set = (*querier)->select({.start = 0, .end = time_of(10 * kCommits)}, {});
    storage::SampleColumns samples;
    while (set->next()) {
      failures.check(set->read(0, time_of(10 * kCommits), samples), "read");
      if (samples.size() > 0) view.take(set->labels(), samples);
    }
    failures.check(set->status(), "select");
    const auto of_pass = view.finish();
    failures.check(pass == 0 || of_pass == seen, "the second look is another than the first");
    seen = of_pass;
  }
  return seen;
}

TsdbOptions busy_options(Fs& fs) {
  TsdbOptions options = options_for(fs);
  options.threads = true;
  options.wal_sync_interval = std::chrono::milliseconds(1);
  options.maintain_interval = std::chrono::milliseconds(1);
  options.block_interval = std::chrono::milliseconds(1);
  options.min_block_duration = std::chrono::hours(2);
  options.max_block_duration = std::chrono::hours(18);
  options.out_of_order_window = std::chrono::hours(1);
  options.out_of_order_cap_max = 8;
  options.wal_segment_bytes = 100'000;
  options.chunk_file_bytes = 100'000;
  return options;
}

TEST_CASE("a store that does all of its work at once shows each commit as a whole") {
  log::set_sink([](log::Level, std::string_view) {});
  MemFs fs;
  const TsdbOptions options = busy_options(fs);
  auto db = open_db(options);
  Failures failures;
  std::atomic<bool> done = false;
  Deleted deleted;
  std::atomic<int> looks = 0;
  auto feed =
      std::make_unique<test::FeedCopy>(*db, std::vector{test::matcher(model::MatchOp::kEqual, "kind", "stable")});
  const auto victims = std::vector{test::matcher(model::MatchOp::kEqual, "kind", "victim")};
  {
    std::vector<std::jthread> others;
    for (int i = 0; i < 2; ++i) {
      others.emplace_back([&] {
        std::map<std::string, int> before;
        while (!done) {
          const auto seen = look(*db, deleted, failures);
          for (const auto& [writer, end] : before) {
            const auto now = seen.find(writer);
            failures.check(now != seen.end() && now->second >= end, "writer {} is behind what was seen", writer);
          }
          before = seen;
          ++looks;
        }
      });
    }
    others.emplace_back([&] {
      for (Timestamp up_to = kBegin; !done; up_to += 7 * kMinute) {
        // Behind the writers, so that the victims never are without samples.
        while (!done && db->stats().max_time < up_to + 30 * kMinute) std::this_thread::yield();
        if (done) return;
        deleted.soon_up_to = up_to;
        failures.check(db->remove(kBegin, up_to, victims), "remove");
        deleted.up_to = up_to;
      }
    });
    others.emplace_back([&] {
      for (int round = 0; !done; ++round) {
        feed->update();
        if (round % 50 == 10) failures.check(db->clean_tombstones(), "clean_tombstones");
        if (round % 50 == 40) failures.check(db->snapshot("/snapshot" + std::to_string(round), true), "snapshot");
        (void)db->stats();
        (void)db->block_stats();
        (void)db->cardinality(5);
        (void)db->budget(5);
      }
    });
    std::barrier together(kWriters);
    std::vector<std::jthread> writers;
    for (int number = 0; number < kWriters; ++number) {
      writers.emplace_back([&, number] {
        Writer writer(*db, number, failures);
        for (int n = 0; n < kCommits; ++n) {
          // Nobody is older than another by an hour, and the blocks are made while others go on.
          if (n % 20 == 0) together.arrive_and_wait();
          while (n > 240 && db->block_stats().cuts * 120 + 240 < static_cast<std::uint64_t>(n)) {
            std::this_thread::yield();
          }
          writer.commit(n);
        }
      });
    }
    writers.clear();
    done = true;
  }
  const auto block_stats = db->block_stats();
  CHECK(block_stats.cuts >= 4);
  CHECK(block_stats.compactions >= 1);
  CHECK(db->stats().series_removed > 0);
  CHECK(looks > 2);
  feed->update();
  CHECK(feed->lost == 0);
  CHECK(feed->text() == test::describe(test::read_all(*db, 0, time_of(10 * kCommits),
                                                      {test::matcher(model::MatchOp::kEqual, "kind", "stable")})));
  feed = nullptr;
  const std::map<std::string, int> all{{"0", kCommits - 1}, {"1", kCommits - 1}};
  CHECK(look(*db, deleted, failures) == all);
  REQUIRE(db->close());
  db = open_db(options);
  CHECK(look(*db, deleted, failures) == all);
  CHECK(db->messages() == std::vector<std::string>{});
  CHECK(failures.all() == std::vector<std::string>{});
  db = nullptr;
  log::set_sink(nullptr);
}

}  // namespace
}  // namespace tocsin::tsdb
