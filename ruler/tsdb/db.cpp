#include "tsdb/db.hpp"

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "tsdb/appender.hpp"
#include "tsdb/block_keeper.hpp"
#include "tsdb/committer.hpp"
#include "tsdb/feed.hpp"
#include "tsdb/head.hpp"
#include "tsdb/keeper.hpp"
#include "tsdb/loader.hpp"
#include "tsdb/low_priority.hpp"
#include "tsdb/merge_querier.hpp"
#include "tsdb/prometheus_import.hpp"
#include "tsdb/querier.hpp"
#include "tsdb/replayer.hpp"

namespace tocsin::tsdb {

namespace {

/// messages() keeps no more; all of them are in the log of the process.
constexpr std::size_t kMaxMessages = 1000;

/// What is in order and older than this is in blocks, as Prometheus has it; blocks of late samples, or of a part of the
/// series, do not count. Source: Prometheus tsdb/db.go, inOrderBlocksMaxTime.
Timestamp end_in_order(const BlockSet& set) {
  constexpr std::string_view kPartial[] = {"from-out-of-order", "from-stale-series", "from-selected-series"};
  Timestamp end = kMinTimestamp;
  for (const BlockPtr& one : set.blocks) {
    const bool partial = std::ranges::any_of(one->meta().compaction.hints, [&](const std::string& hint) {
      return std::ranges::find(kPartial, hint) != std::end(kPartial);
    });
    if (!partial) end = std::max(end, one->meta().max_time);
  }
  return end;
}

}  // namespace

Db::Db() = default;

Db::~Db() {
  if (auto closed = close(); !closed)
    log::error("tsdb", "the store could not be closed", {{"err", closed.error().message}});
}

Result<std::unique_ptr<Db>> Db::open(TsdbOptions options) {
  std::unique_ptr<Db> db(new Db);
  db->closed_ = true;  // until it is open: nothing is to be written
  const std::string path = options.path;
  if (auto started = db->start(std::move(options)); !started) {
    return fail(std::move(started).error().wrap("open the store in " + path));
  }
  db->closed_ = false;
  return db;
}

Result<void> Db::start(TsdbOptions options) {
  Fs& fs = options.fs ? *options.fs : posix_fs();
  TOCSIN_OK(fs.create_directories(options.path));
  TOCSIN_TRY(lock_, fs.lock(options.path + "/lock"));
  opened_at_ = system_clock().mono();
  head_ = std::make_unique<Head>(options, fs);
  committer_ = std::make_unique<Committer>(*head_);
  TOCSIN_OK(open_blocks());
  IndexFiles index_files(fs, head_->folder + "/index");
  {
    Loader loader(*head_, index_files);
    TOCSIN_TRY(ReplayPlan plan, loader.load());
    for (const std::string& message : loader.messages()) tell(message);
    keeper_ = std::make_unique<Keeper>(*head_, std::move(index_files));
    keeper_->loaded(loader.indexed_series());
    replayer_ = std::make_unique<Replayer>(*head_, std::move(plan));
  }
  log::info("tsdb", "the series are known, the log is replayed",
            {{"path", options.path},
             {"series", head_->index.live()},
             {"seconds", to_seconds(system_clock().mono() - opened_at_)}});
  TOCSIN_OK(import_prometheus());
  if (options.threads) {
    start_threads();
  } else if (!options.owner_replays) {
    TOCSIN_OK(replay_until([] { return false; }));
  }
  return {};
}

/// Before the head is loaded: they say where it begins.
Result<void> Db::open_blocks() {
  blocks_ = std::make_unique<BlockKeeper>(*head_, [this](std::string message) { tell(std::move(message)); });
  return blocks_->open();
}

void Db::tell(std::string message) {
  const MutexLock lock(messages_mutex_);
  // Both halves of the start read the same segments.
  if (std::ranges::find(messages_, message) != messages_.end()) return;
  log::warn("tsdb", message);
  if (messages_.size() < kMaxMessages) messages_.push_back(std::move(message));
}

/// Before anything is appended: its samples are older.
Result<void> Db::import_prometheus() {
  PrometheusImport import(head_->fs, head_->options.path, head_->folder);
  TOCSIN_TRY(const bool needed, import.needed());
  if (!needed) {
    TOCSIN_TRY(std::string written, import.written_since());
    if (!written.empty()) tell(std::move(written));
    return {};
  }
  TOCSIN_OK(replay_until([] { return false; }));  // of an import that did not come to its end
  const Timestamp in_order_from = end_in_order(*blocks());
  const auto tidy = [this] {
    keeper_->tidy();
    return keeper_->write_chunks(false);
  };
  const Timestamp refused_before = head_->refuse_before.load(std::memory_order_relaxed);
  head_->refuse_before = std::max(refused_before, in_order_from);  // older ones are late
  head_->takes_any_age = true;
  auto messages = import.run({*this, in_order_from, tidy, [this] { return sync(); }});
  head_->takes_any_age = false;
  head_->refuse_before = refused_before;
  if (!messages) return fail(std::move(messages).error());
  for (std::string& message : *messages) tell(std::move(message));
  return {};
}

Result<void> Db::close() {
  if (closed_) return {};
  closed_ = true;
  stop_threads();
  Result<void> done = head_->wal.sync();
  // Before the store is whole the old checkpoint stands, and the log has the rest.
  if (whole()) {
    if (auto kept = checkpoint(); !kept && done) done = std::move(kept);
  }
  {
    const MutexLock lock(head_->commit_mutex);
    head_->closed = true;
  }
  lock_ = nullptr;
  return done;
}

bool Db::whole() const {
  return head_->whole.load(std::memory_order_acquire);
}

Db::Replay Db::replay_progress() const {
  const Replayer::Progress progress = replayer_->progress();
  return {progress.first, progress.last, progress.current};
}

Result<bool> Db::replay(std::size_t records) {
  return replay_until([&records] { return records-- == 0; });
}

Result<bool> Db::replay_until(const std::function<bool()>& stop) {
  if (whole()) return true;
  auto done = replayer_->run(stop);
  for (std::string& message : replayer_->take_messages()) tell(std::move(message));
  if (!done || !*done) return done;
  replay_seconds_ = to_seconds(system_clock().mono() - opened_at_);
  log::info("tsdb", "the store is open", {{"series", head_->index.live()}, {"seconds", replay_seconds_.load()}});
  return true;
}

std::unique_ptr<storage::Appender> Db::appender() {
  return std::make_unique<HeadAppender>(*head_, *committer_);
}

Result<std::unique_ptr<storage::Querier>> Db::querier(Timestamp start, Timestamp end) {
  if (!whole()) return fail(Errc::kUnavailable, "TSDB not ready");  // Prometheus' words
  BlockSetPtr set;
  std::unique_ptr<HeadQuerier> head;
  Timestamp floor = kMinTimestamp;  // the head has nothing before it
  blocks_->folder().with_set([&](const BlockSetPtr& now) {
    set = now;
    head = std::make_unique<HeadQuerier>(*head_, start, end);
    if (!head_->may_have_late.load(std::memory_order_acquire)) floor = head_->floor.now();
  });
  const std::vector<BlockPtr> blocks = set->overlapping(start, end);
  if (blocks.empty()) return head;
  const auto damaged = [](const std::string& message) { log::error("tsdb", message); };
  std::vector<MergeQuerier::Source> sources;
  for (const BlockPtr& one : blocks) {
    sources.push_back(
        {block::make_block_querier(one, start, end, damaged), one->meta().min_time, one->meta().max_time - 1});
  }
  sources.push_back({std::move(head), floor, kMaxTimestamp});
  return std::make_unique<MergeQuerier>(std::move(sources));
}

std::unique_ptr<storage::SeriesFeed> Db::feed(std::span<const model::Matcher> matchers) {
  return std::make_unique<HeadFeed>(*head_, blocks_->folder(), matchers);
}

void Db::set_retention(Duration time, std::uint64_t bytes, double percentage) {
  head_->retention_ms.store(to_ms(time), std::memory_order_relaxed);
  blocks_->set_retention({to_ms(time), bytes, percentage});
}

BlockSetPtr Db::blocks() const {
  return blocks_->folder().set();
}

BlockStats Db::block_stats() const {
  return blocks_->stats();
}

Result<void> Db::remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) {
  if (!whole()) return fail(Errc::kUnavailable, "TSDB not ready");
  {
    const Pin pin = head_->reclaimer.pin();
    TOCSIN_OK(committer_->remove(head_->index.select(matchers), start, end));
  }
  // A block that was being cut meanwhile is there before this begins.
  return blocks_->remove(start, end, matchers);
}

Result<void> Db::clean_tombstones() {
  return blocks_->clean_tombstones();
}

Result<void> Db::snapshot(const std::string& folder, bool with_head) {
  if (!whole()) return fail(Errc::kUnavailable, "TSDB not ready");
  return blocks_->snapshot(folder, with_head);
}

Result<void> Db::reload_blocks() {
  return blocks_->reload();
}

void Db::set_out_of_order_window(Duration window) {
  head_->out_of_order_window_ms.store(to_ms(window), std::memory_order_relaxed);
}

std::map<model::Labels, std::vector<storage::Exemplar>> Db::exemplars(Timestamp start, Timestamp end,
                                                                      std::span<const model::Matcher> matchers) {
  const Pin pin = head_->reclaimer.pin();
  std::map<model::Labels, std::vector<storage::Exemplar>> out;
  for (auto& [id, exemplars] : head_->exemplars.find(head_->index.select(matchers), start, end)) {
    const SeriesPage* const page = head_->index.page_of(id);
    if (page) out.emplace(head_->index.labels(*page, index_in_page(id)), std::move(exemplars));
  }
  return out;
}

std::optional<storage::Metadata> Db::metadata(const model::Labels& labels) const {
  const Pin pin = head_->reclaimer.pin();
  const SeriesId id = head_->index.find(labels);
  return id == kNoId ? std::nullopt : head_->metadata.get(id);
}

Result<void> Db::sync() {
  auto synced = head_->wal.sync();
  count(synced ? head_->counters.syncs : head_->counters.sync_failures);
  return synced;
}

Result<void> Db::maintain() {
  if (!whole()) return {};
  TOCSIN_OK(blocks_->maintain());
  return keeper_->maintain();
}

Result<void> Db::checkpoint() {
  if (!whole()) return fail(Errc::kUnavailable, "the log is being replayed");
  return keeper_->checkpoint();
}

void Db::start_threads() {
  sync_thread_ = std::jthread([this](std::stop_token stop) { sync_loop(std::move(stop)); });
  keep_thread_ = std::jthread([this](std::stop_token stop) { keep_loop(std::move(stop)); });
  block_thread_ = std::jthread([this](std::stop_token stop) { block_loop(std::move(stop)); });
}

void Db::stop_threads() {
  blocks_->stop();
  for (std::jthread* const thread : {&block_thread_, &sync_thread_, &keep_thread_}) {
    if (!thread->joinable()) continue;
    thread->request_stop();
    thread->join();
  }
}

namespace {

/// Logs an error when it comes, and that it went: not in between.
class ErrorGate {
 public:
  explicit ErrorGate(std::string_view what) : what_(what) {}
  void tell(const Result<void>& result) {
    if (!result && !failing_)
      log::error("tsdb", what_ + " fails; it is tried again", {{"err", result.error().message}});
    if (result && failing_) log::info("tsdb", what_ + " works again");
    failing_ = !result;
  }

 private:
  const std::string what_;
  bool failing_ = false;
};

}  // namespace

void Db::sync_loop(std::stop_token stop) {
  ErrorGate gate("the group sync of the write-ahead log");
  const auto interval = std::max<Duration>(head_->options.wal_sync_interval, std::chrono::milliseconds(10));
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_.wait_for(lock, stop, interval, [] { return false; });
    }
    if (head_->wal.needs_sync()) gate.tell(sync());
  }
}

void Db::replay_in_background(const std::stop_token& stop) {
  ErrorGate gate("the replay of the write-ahead log");
  while (!stop.stop_requested()) {
    const auto done = replay_until([&stop] { return stop.stop_requested(); });
    gate.tell(done ? Result<void>() : Result<void>(std::unexpected(done.error())));
    if (done) return;
    std::unique_lock lock(wake_mutex_);
    wake_.wait_for(lock, stop, head_->options.maintain_interval, [] { return false; });
  }
}

void Db::keep_loop(std::stop_token stop) {
  replay_in_background(stop);
  ErrorGate gate("the upkeep of the store");
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_.wait_for(lock, stop, head_->options.maintain_interval, [] { return false; });
    }
    if (!stop.stop_requested()) gate.tell(keeper_->maintain());
  }
}

void Db::block_loop(std::stop_token stop) {
  lower_thread_priority();
  ErrorGate gate("the upkeep of blocks");
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_.wait_for(lock, stop, head_->options.block_interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (!whole()) continue;
    auto done = blocks_->maintain();
    if (done || done.error().code != Errc::kCanceled) gate.tell(done);
  }
}

}  // namespace tocsin::tsdb
