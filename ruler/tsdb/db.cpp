#include "tsdb/db.hpp"

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "tsdb/appender.hpp"
#include "tsdb/committer.hpp"
#include "tsdb/head.hpp"
#include "tsdb/keeper.hpp"
#include "tsdb/loader.hpp"
#include "tsdb/querier.hpp"

namespace tocsin::tsdb {

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
  const MonoTime begin = system_clock().mono();
  head_ = std::make_unique<Head>(options, fs);
  committer_ = std::make_unique<Committer>(*head_);
  IndexFiles index_files(fs, head_->folder + "/index");
  Loader loader(*head_, index_files);
  TOCSIN_OK(loader.load());
  messages_ = std::move(loader.messages());
  for (const std::string& message : messages_) log::warn("tsdb", message);
  keeper_ = std::make_unique<Keeper>(*head_, std::move(index_files));
  keeper_->loaded(loader.indexed_series());
  replay_seconds_ = to_seconds(system_clock().mono() - begin);
  log::info("tsdb", "the store is open",
            {{"path", options.path}, {"series", head_->index.live()}, {"seconds", replay_seconds_}});
  if (options.threads) start_threads();
  return {};
}

Result<void> Db::close() {
  if (closed_) return {};
  closed_ = true;
  stop_threads();
  Result<void> done = head_->wal.sync();
  if (auto kept = checkpoint(); !kept && done) done = std::move(kept);
  {
    const MutexLock lock(head_->commit_mutex);
    head_->closed = true;
  }
  lock_ = nullptr;
  return done;
}

std::unique_ptr<storage::Appender> Db::appender() {
  return std::make_unique<HeadAppender>(*head_, *committer_);
}

Result<std::unique_ptr<storage::Querier>> Db::querier(Timestamp start, Timestamp end) {
  return std::make_unique<HeadQuerier>(*head_, start, end);
}

void Db::set_retention(Duration retention) {
  head_->retention_ms.store(to_ms(retention), std::memory_order_relaxed);
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
  return keeper_->maintain();
}

Result<void> Db::checkpoint() {
  return keeper_->checkpoint();
}

void Db::start_threads() {
  sync_thread_ = std::jthread([this](std::stop_token stop) { sync_loop(std::move(stop)); });
  keep_thread_ = std::jthread([this](std::stop_token stop) { keep_loop(std::move(stop)); });
}

void Db::stop_threads() {
  for (std::jthread* const thread : {&sync_thread_, &keep_thread_}) {
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

void Db::keep_loop(std::stop_token stop) {
  ErrorGate gate("the upkeep of the store");
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_.wait_for(lock, stop, head_->options.maintain_interval, [] { return false; });
    }
    if (!stop.stop_requested()) gate.tell(maintain());
  }
}

}  // namespace tocsin::tsdb
