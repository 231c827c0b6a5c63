#include "state/sqlite_store.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include <pthread.h>

#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "base/thread_annotations.hpp"
#include "state/database.hpp"
#include "state/migrations.hpp"
#include "state/row_writer.hpp"
#include "state/rows.hpp"
#include "state/salvage.hpp"
#include "state/writes.hpp"

namespace tocsin::state {
namespace {

constexpr std::string_view kComponent = "state";
constexpr Duration kLongestRetry = std::chrono::seconds(30);
/// A log that long (16 MiB) is copied into the file, when those who wait have their answer. Four times SQLite's own: a
/// burst writes the same pages again and again, and each copy waits for the disk.
constexpr int kLongLogPages = 2000;
/// Where nobody waits, transactions are this far apart: in a burst each would write the same pages again.
constexpr Duration kGather = std::chrono::milliseconds(20);

template <typename T>
bool has(const WriteQueue& work) {
  return std::ranges::any_of(work.writes(), [](const Write& one) { return std::holds_alternative<T>(one); });
}

/// For tests: what was written is on disk.
void pass_fault_points(const WriteQueue& work) {
  if (!fault::armed) return;
  if (has<SaveAlert>(work)) fault_point(FaultPoint::kAlertStored);
  if (has<SaveNotification>(work)) fault_point(FaultPoint::kLogEntryCommitted);
  if (has<SaveUnderWay>(work)) fault_point(FaultPoint::kUnderWayNoted);
  if (has<SaveSilence>(work)) fault_point(FaultPoint::kSilenceStored);
}

/// Invariants: the database is touched by the state thread only, once it runs; queue_, reads_ and stop_ under mutex_.
/// Order of the thread's work: one transaction over all that is queued, a sync if one is due or waited for, then reads
/// and those who wait.
class SqliteStore final : public Store {
 public:
  SqliteStore(Database database, SqliteOptions options, StoreHealth health)
      : database_(std::move(database)), options_(options), health_(std::move(health)), thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), "state");
  }

  ~SqliteStore() override {
    {
      const MutexLock lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void save_rule_alerts(std::string rule_key, std::vector<RuleAlert> alerts) override {
    push(SaveRuleAlerts{std::move(rule_key), std::move(alerts)});
  }
  Result<std::vector<RuleAlert>> load_rule_alerts() override { return read(read_rule_alerts); }

  void save_alerts(std::vector<KeyedAlert> alerts) override {
    std::vector<Write> writes;
    writes.reserve(alerts.size());
    for (KeyedAlert& one : alerts) writes.emplace_back(SaveAlert{std::move(one.alert), one.fingerprint});
    push_all(std::move(writes));
  }
  void remove_alerts(std::vector<model::Labels> labels) override {
    std::vector<Write> writes;
    for (const model::Labels& one : labels) writes.emplace_back(RemoveAlert{one.fingerprint()});
    push_all(std::move(writes));
  }
  Result<std::vector<model::Alert>> load_alerts() override { return read(read_alerts); }

  void save_notification(NotificationLogEntryPtr entry) override { push(SaveNotification{std::move(entry)}); }
  void remove_notifications_before(Timestamp expires_at) override { push(RemoveNotifications{expires_at}); }
  Result<std::vector<NotificationLogEntry>> load_notifications() override { return read(read_notifications); }

  void save_under_way(std::uint64_t batch, std::vector<UnderWayNote> notes) override {
    push(SaveUnderWay{batch, std::move(notes)});
  }
  void remove_under_way(std::uint64_t batch) override { push(RemoveUnderWay{batch}); }
  Result<std::vector<StoredUnderWay>> load_under_way() override { return read(read_under_way); }

  void save_silence(StoredSilence silence) override { push(SaveSilence{std::move(silence)}); }
  void remove_silence(std::string id) override { push(RemoveSilence{std::move(id)}); }
  Result<std::vector<StoredSilence>> load_silences() override { return read(read_silences); }

  void flush(std::function<void(bool)> done) override {
    {
      const MutexLock lock(mutex_);
      queue_.wait_synced(std::move(done));
    }
    wake_.notify_one();
  }
  void when_written(std::function<void(bool)> done) override {
    {
      const MutexLock lock(mutex_);
      queue_.wait(std::move(done));
    }
    wake_.notify_one();
  }

  StoreStats stats() override {
    const MutexLock lock(mutex_);
    StoreStats out = stats_;
    out.queued = queue_.size() + writing_;
    return out;
  }

  StoreHealth health() override {
    const MutexLock lock(mutex_);
    return health_;
  }

 private:
  void push(Write write) {
    bool wake = false;
    {
      const MutexLock lock(mutex_);
      ++stats_.writes;
      wake = queue_.size() == 0;
      queue_.push(std::move(write));
    }
    if (wake) wake_.notify_one();
  }
  /// The thread is woken by the first write: for the others it comes by itself.
  void push_all(std::vector<Write> writes) {
    if (writes.empty()) return;
    bool wake = false;
    {
      const MutexLock lock(mutex_);
      stats_.writes += writes.size();
      wake = queue_.size() == 0;
      for (Write& write : writes) queue_.push(std::move(write));
    }
    if (wake) wake_.notify_one();
  }

  /// Runs a query on the state thread, behind what was queued before, and waits for it.
  template <typename T>
  Result<std::vector<T>> read(Result<std::vector<T>> (*query)(Database&, Reading&)) {
    std::promise<Result<std::vector<T>>> promise;
    std::future<Result<std::vector<T>>> answer = promise.get_future();
    {
      const MutexLock lock(mutex_);
      queue_.wait([this, query, &promise](bool) {
        Reading reading;
        Result<std::vector<T>> rows = query(database_, reading);
        count_failures(reading.bad + (rows ? 0 : 1));
        promise.set_value(std::move(rows));
      });
    }
    wake_.notify_one();
    return answer.get();
  }

  void count_failures(std::uint64_t count) {
    const MutexLock lock(mutex_);
    stats_.failures += count;
  }

  // The state thread, from here on.

  using Time = std::chrono::steady_clock::time_point;

  /// Waits until there is something to do. After a failure (delay is not zero) a flush or a read asks at once whether
  /// it works again, plain writes wait.
  WriteQueue take_work(Duration delay, bool& stopping) {
    const MutexLock lock(mutex_);
    const Time writes_from = delay == Duration::zero() ? began_ + kGather : std::chrono::steady_clock::now() + delay;
    while (!stop_ && !queue_.has_waiting()) {
      const bool has_writes = queue_.size() > 0 || delay != Duration::zero();
      if (!has_writes && !unsynced_since_) {
        wake_.wait(mutex_);
        continue;
      }
      Time until = has_writes ? writes_from : Time::max();
      if (unsynced_since_) until = std::min(until, *unsynced_since_ + kLongestUnsynced);
      if (std::chrono::steady_clock::now() >= until) break;
      wake_.wait_until(mutex_, until);
    }
    stopping = stop_;
    writing_ = queue_.size();
    return std::exchange(queue_, {});
  }

  void run() {
    if (auto set = database_.execute("PRAGMA synchronous = NORMAL"); !set) {
      log::error(kComponent, "each transaction is synced", {{"err", set.error().message}});
    }
    Duration delay{0};  // not zero: the last transaction failed
    while (true) {
      bool stopping = false;
      WriteQueue work = take_work(delay, stopping);
      work.compact();
      began_ = std::chrono::steady_clock::now();
      const bool written = commit(work, stopping);
      const bool synced = sync_if_due(stopping || work.has_waiting_synced()) && written;
      std::vector<WriteQueue::Done> waiting = work.take_waiting(), waiting_synced = work.take_waiting_synced();
      delay = written ? Duration::zero() : std::clamp(delay * 2, options_.retry_delay, kLongestRetry);
      {
        const MutexLock lock(mutex_);
        writing_ = 0;
        if (!written) queue_.put_back(std::move(work));
      }
      for (const auto& done : waiting) done(written);
      for (const auto& done : waiting_synced) done(synced);
      database_.checkpoint(kLongLogPages);
      if (stopping) return;
    }
  }

  /// False if what was written may not be on disk though it should be.
  bool sync_if_due(bool waited_for) {
    const Time now = std::chrono::steady_clock::now();
    if (!unsynced_since_ || (!waited_for && now - *unsynced_since_ < kLongestUnsynced)) return true;
    const Result<void> done = database_.sync();
    unsynced_since_ = done ? std::nullopt : std::optional(now);  // it is tried again
    if (!done) count_failures(1);
    if (!done && !std::exchange(sync_fails_, true)) {
      log::error(kComponent, "the state is written but may not be on disk", {{"err", done.error().message}});
    }
    if (done) sync_fails_ = false;
    return done.has_value();
  }

  bool commit(const WriteQueue& work, bool stopping) {
    if (work.size() == 0) return !failing_;
    const Result<void> done = transaction(work);
    {
      const MutexLock lock(mutex_);
      ++(done ? stats_.transactions : stats_.failures);
      health_.failure = done ? std::string() : done.error().message;
    }
    if (!done && stopping) {
      log::error(kComponent, "state is lost at the stop", {{"writes", work.size()}, {"err", done.error().message}});
    } else if (!done && (!failing_ || done.error().message != failure_)) {
      log::error(kComponent, "cannot write the state; it is kept in memory and tried again",
                 {{"err", done.error().message}, {"queued", work.size()}});
    } else if (done && failing_) {
      log::info(kComponent, "the state is written again", {{"file", database_.path()}});
    }
    if (done && !unsynced_since_) unsynced_since_ = std::chrono::steady_clock::now();
    failing_ = !done;
    failure_ = done ? std::string() : done.error().message;
    return done.has_value();
  }

  Result<void> transaction(const WriteQueue& work) {
    TOCSIN_OK(writer_.write_all(work.writes()));
    pass_fault_points(work);
    return {};
  }

  Database database_;
  RowWriter writer_{database_};
  const SqliteOptions options_;
  // The state thread's, down to the mutex.
  Time began_{};                        // the last transaction
  std::optional<Time> unsynced_since_;  // what was committed since may not be on disk
  bool sync_fails_ = false;
  bool failing_ = false;
  std::string failure_;

  Mutex mutex_;
  std::condition_variable_any wake_;
  WriteQueue queue_ TOCSIN_GUARDED_BY(mutex_);
  std::size_t writing_ TOCSIN_GUARDED_BY(mutex_) = 0;
  StoreStats stats_ TOCSIN_GUARDED_BY(mutex_);
  StoreHealth health_ TOCSIN_GUARDED_BY(mutex_);
  bool stop_ TOCSIN_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses all above
};

/// The check of the file does not see that a name in the schema is not what it was.
Result<void> check_schema(Database& database) {
  for (const std::string_view sql :
       {"SELECT id, records FROM alert_pack", "SELECT id, records FROM notification_pack",
        "SELECT id, records FROM under_way_pack", "SELECT id, json, ends_at FROM silence",
        "SELECT rule_key, labels, annotations, state, value_bits, active_at, fired_at, resolved_at, last_sent_at, "
        "valid_until, keep_firing_since FROM rule_alert"}) {
    const Result<Statement> query = Statement::prepare(database, sql);
    if (!query) return fail(Errc::kCorrupt, "schema: {}", query.error().message);
  }
  return {};
}

Result<Database> open_and_migrate(const std::string& path, Clock& clock, const SqliteOptions& options) {
  DatabaseOptions database_options;
  database_options.max_bytes = options.max_bytes;
  database_options.busy_timeout_ms = options.busy_timeout_ms;
  TOCSIN_TRY(Database database, Database::open(path, database_options));
  TOCSIN_OK(migrate(database, known_migrations(), clock.now()));
  TOCSIN_OK(move_old_rows(database));
  TOCSIN_OK(check_schema(database));
  return database;
}

/// Moves the damaged file and what belongs to it out of the way, and begins a new one with what can be read of it.
Result<Database> begin_anew(const std::string& path, Clock& clock, const SqliteOptions& options, const Error& damage,
                            StoreHealth& health) {
  health.set_aside = fmt::format("{}.corrupt-{}", path, clock.now());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::rename((path + suffix).c_str(), (health.set_aside + suffix).c_str());
  }
  TOCSIN_TRY(Database database, open_and_migrate(path, clock, options));
  const Salvage salvage = salvage_into(database, health.set_aside);
  health.salvaged = salvage.rows;
  health.incomplete = salvage.incomplete;
  log::error(kComponent, "the state store is damaged: it was set aside, and a new one has what could be read of it",
             {{"err", damage.message},
              {"file", health.set_aside},
              {"rows", salvage.rows},
              {"lost", salvage.incomplete ? "some: notifications may repeat" : "nothing that was seen"}});
  return database;
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, Clock& clock, SqliteOptions options) {
  StoreHealth health;
  Result<Database> database = open_and_migrate(path, clock, options);
  if (!database && database.error().code == Errc::kCorrupt && options.set_aside_corrupt) {
    const Error damage = std::move(database).error();
    database = begin_anew(path, clock, options, damage, health);
  }
  if (!database) return fail(std::move(database).error());
  return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(*database), options, std::move(health)));
}

}  // namespace tocsin::state
