#pragma once
// A script of a store's life that is lived again and again, each time with another call of the file system failing, and
// a ledger of what the store must show then and at the next start.
//
// The ledger gives each sample that is ever appended a number, so that what is in a store is a set of bits. A state has
// two: what is there, and of that what may be gone, because a deletion failed.

#include <algorithm>
#include <bit>
#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lives.hpp"

namespace tocsin::tsdb {

inline constexpr FsCall kEveryCall[] = {FsCall::kOpen,
                                        FsCall::kAppend,
                                        FsCall::kSync,
                                        FsCall::kTruncate,
                                        FsCall::kRead,
                                        FsCall::kRename,
                                        FsCall::kRemove,
                                        FsCall::kList,
                                        FsCall::kLink,
                                        FsCall::kSyncDirectory,
                                        FsCall::kCreateDirectories};

class Ledger {
 public:
  using Bits = std::bitset<512>;
  struct State {
    Bits there, unsure;
  };
  struct Sample {
    Timestamp t = 0;
    double value = 0;
    model::HistogramPtr histogram;
  };

  /// Of the batch at hand.
  void append(const model::Labels& labels, Sample sample) {
    const Timestamp t = sample.t;
    const auto [known, fresh] = numbers_[labels].emplace(t, all_.size());
    if (fresh) all_.push_back(std::move(sample));
    REQUIRE(all_.size() < Bits().size());
    batch_.push_back(known->second);
  }
  void committed() {
    for (const std::size_t number : batch_) now_.there.set(number);
    batch_.clear();
    possible_.push_back(now_);
  }
  void refused() { batch_.clear(); }
  /// All that was done is durable.
  void synced() { possible_ = {now_}; }
  /// What a deletion takes; if it failed nobody knows.
  void removed(Timestamp start, Timestamp end, const std::vector<model::Matcher>& matchers, bool done) {
    Bits taken;
    for (const auto& [labels, times] : numbers_) {
      if (!model::match_all(matchers, labels)) continue;
      for (const auto& [t, number] : times) taken[number] = t >= start && t <= end;
    }
    if (done) {
      now_.there &= ~taken;
      now_.unsure &= ~taken;
      synced();
      return;
    }
    now_.unsure |= taken & now_.there;
    for (State& one : possible_) one.unsure |= taken & one.there;
  }
  /// The retention may have taken what is older, or not.
  void may_lose_before(Timestamp t) {
    for (std::size_t i = 0; i < all_.size(); ++i) old_[i] = all_[i].t < t;
  }

  /// What is in a store. Fails the test if it has a sample that was never appended, or another value at its time.
  Bits read(storage::Queryable& store) const {
    Bits shown;
    for (const test::ReadSeries& series : test::read_all(store, storage::kOldestTime, storage::kNewestTime, {})) {
      const auto known = numbers_.find(series.labels);
      REQUIRE(known != numbers_.end());
      for (std::size_t i = 0; i < series.samples.size(); ++i) {
        const auto number = known->second.find(series.samples.times[i]);
        REQUIRE(number != known->second.end());
        REQUIRE(is(all_[number->second], series.samples, i));
        shown.set(number->second);
      }
    }
    return shown;
  }
  const State& now() const { return now_; }
  const std::vector<State>& possible() const { return possible_; }
  bool fits(const Bits& shown, const State& state) const {
    return ((shown ^ state.there) & ~(state.unsure | old_)).none();
  }
  bool same(const Bits& a, const Bits& b) const { return ((a ^ b) & ~old_).none(); }
  bool within(const Bits& shown, const State& state) const { return (shown & ~state.there).none(); }

 private:
  static bool is(const Sample& sample, const storage::SampleColumns& columns, std::size_t i) {
    const model::HistogramPtr histogram = columns.histograms.empty() ? nullptr : columns.histograms[i];
    if (!sample.histogram || !histogram) {
      return !sample.histogram && !histogram &&
             std::bit_cast<std::uint64_t>(sample.value) == std::bit_cast<std::uint64_t>(columns.values[i]);
    }
    return test::histogram_text(*sample.histogram) == test::histogram_text(*histogram);
  }

  std::map<model::Labels, std::map<Timestamp, std::size_t>> numbers_;
  std::vector<Sample> all_;
  std::vector<std::size_t> batch_;
  State now_;
  Bits old_;
  std::vector<State> possible_{State{}};  // after a power cut
};

/// A store that does what a script says, over a file system that may fail at any call; it goes on after each failure.
class Actor {
 public:
  Actor(MemFs& disk, Ledger ledger, TsdbOptions options)
      : disk_(disk), ledger_(std::move(ledger)), options_(std::move(options)), fs_(disk), life_(fs_) {
    options_.fs = &life_;
  }
  ~Actor() { die(); }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  TsdbOptions& options() { return options_; }
  FaultFs& fs() { return fs_; }
  Db& db() { return *db_; }
  Ledger& ledger() { return ledger_; }
  const std::vector<std::pair<std::string, Ledger::State>>& snapshots() const { return snapshots_; }
  /// No call fails: what the script is meant to do must come to pass.
  bool unharmed() const { return !fault_; }
  void arm(const Fault& fault) {
    fault_ = fault;
    fs_.arm(fault);
  }

  /// @return false if the disk refused it, twice.
  bool open() {
    for (int i = 0; i < 2 && !db_; ++i) {
      auto opened = Db::open(options_);
      if (opened) db_ = std::move(*opened);
    }
    if (db_) check();
    return db_ != nullptr;
  }
  /// One commit, which the next of the calls below looks at: floats, start times, a stale marker, histograms, a late
  /// sample, new series now and then.
  void round() {
    ++rounds_;
    now_ += 25 * 60'000;
    auto appender = db_->appender();
    const std::string era = std::to_string(rounds_ / 4);
    const auto number = static_cast<double>(rounds_);
    add(*appender, {{"s", "a"}}, {now_, number, nullptr});
    add(*appender, {{"s", "b"}}, {now_, number * 0.37, nullptr}, rounds_ % 3 == 0 ? now_ - 5 : 0);
    add(*appender, {{"s", "era"}, {"era", era}}, {now_, rounds_ % 4 == 3 ? model::stale_nan() : number, nullptr});
    if (rounds_ % 2 == 0) add(*appender, {{"s", "h"}}, {now_, 0, test::some_histogram(number)});
    if (rounds_ % 2 == 1) add(*appender, {{"s", "a"}}, {now_ - 40 * 60'000, -number, nullptr});
    if (rounds_ % 3 == 1) add(*appender, {{"s", "b"}}, {now_ - 140 * 60'000, -number, nullptr});
    if (appender->commit()) {
      ledger_.committed();
    } else {
      ledger_.refused();
    }
  }
  void rollback() {
    auto appender = db_->appender();
    const model::Labels labels{{"s", "rolled back"}};
    appender->append(0, &labels, now_, 1);
    appender->rollback();
  }
  void sync() {
    if (db_->sync()) ledger_.synced();
  }
  void maintain() {
    (void)db_->maintain();
    check();
  }
  void checkpoint() {
    (void)db_->checkpoint();
    check();
  }
  /// Deletes from `start` to `end` rounds ago; again if it fails.
  void remove(int start, int end, std::vector<model::Matcher> matchers) {
    const Timestamp from = now_ - start * 25 * 60'000;
    const Timestamp to = now_ - end * 25 * 60'000;
    bool done = false;
    for (int i = 0; i < 2 && !done; ++i) {
      done = db_->remove(from, to, matchers).has_value();
      ledger_.removed(from, to, matchers, done);
      check();
    }
  }
  void clean_tombstones() {
    (void)db_->clean_tombstones();
    check();
  }
  void snapshot(const std::string& folder, bool with_head) {
    const Ledger::State state = ledger_.now();
    if (db_->snapshot(folder, with_head) && with_head) snapshots_.emplace_back(folder, state);
    check();
  }
  bool replay(std::size_t records) {
    const auto whole = db_->replay(records);
    check();
    return whole && *whole;
  }
  void close() {
    if (db_->close()) ledger_.synced();
    db_ = nullptr;
  }
  /// The process dies: nothing more reaches the disk, what was written is there.
  void kill() {
    die();
    disk_.drop_handles();
    life_.heal();
  }
  void die() {
    for (const FsCall call : kEveryCall) life_.arm({.call = call, .nth = 1, .stays = true});
    db_ = nullptr;
  }
  Timestamp now() const { return now_; }
  void set_clock(Timestamp now, int rounds) {
    now_ = now;
    rounds_ = rounds;
  }
  int rounds() const { return rounds_; }

 private:
  void add(storage::Appender& appender, const model::Labels& labels, const Ledger::Sample& sample,
           Timestamp start = 0) {
    const storage::AppendStatus status =
        sample.histogram ? appender.append_histogram(0, &labels, sample.t, sample.histogram, start).status
                         : appender.append(0, &labels, sample.t, sample.value, start).status;
    REQUIRE(storage::append_status_text(status) == storage::append_status_text(storage::AppendStatus::kOk));
    ledger_.append(labels, sample);
  }
  /// Reads may fail while a call of reading does: then less is seen, until the disk is well and the store starts again.
  void check() {
    if (!db_->whole()) return;
    const Ledger::Bits shown = ledger_.read(*db_);
    const bool blind = fault_ && (fault_->dies || fault_->call == FsCall::kOpen || fault_->call == FsCall::kRead ||
                                  fault_->call == FsCall::kList);
    REQUIRE((blind ? ledger_.within(shown, ledger_.now()) : ledger_.fits(shown, ledger_.now())));
  }

  MemFs& disk_;
  Ledger ledger_;
  TsdbOptions options_;
  FaultFs fs_;    // what is armed lasts over lives
  FaultFs life_;  // between it and the store
  std::unique_ptr<Db> db_;
  std::optional<Fault> fault_;
  std::vector<std::pair<std::string, Ledger::State>> snapshots_;
  Timestamp now_ = 1'000'000'000;
  int rounds_ = 0;
};

struct Script {
  TsdbOptions options;
  void (*prepare)(Actor&) = nullptr;  // no call fails; ends with close()
  void (*live)(Actor&) = nullptr;
};

/// Lives the script once for each call that it makes and each way to fail.
void fail_each_call(const Script& script);

}  // namespace tocsin::tsdb
