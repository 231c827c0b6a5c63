// The history on SQLite: one file, one thread.

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <limits>
#include <thread>
#include <utility>

#include <pthread.h>

#include "base/log.hpp"
#include "base/thread_annotations.hpp"
#include "state/history.hpp"
#include "state/history_file.hpp"

namespace tocsin::state {
namespace {

constexpr std::string_view kComponent = "history";
constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLongestRetry = std::chrono::seconds(30);
/// Events in one transaction, and from how many on they do not wait for company.
constexpr std::size_t kPortion = 2000;
constexpr std::size_t kMostSearches = 32;
/// Deletion goes in small portions, between which events are written and searches answered.
constexpr std::size_t kDeletePortion = 500;
constexpr Duration kDeletePause = std::chrono::milliseconds(10);

/// Invariants: the file is touched by the history's thread only; what several threads see is under mutex_.
/// Order of the thread's work: events, searches, then one portion of deletion.
class SqliteHistory final : public History {
 public:
  SqliteHistory(std::string path, Clock& clock, HistoryOptions options)
      : path_(std::move(path)), clock_(&clock), options_(options), thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), "history");
  }

  ~SqliteHistory() override {
    {
      const MutexLock lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void record(HistoryEvent event) override { record_notification(std::move(event), {}); }
  void record_turn(AlertTurn turn) override { push(std::move(turn)); }
  void record_notification(HistoryEvent event, std::vector<ToldAlert> alerts) override {
    push(std::make_unique<const ToldEvent>(std::move(event), std::move(alerts)));
  }

  void search(HistoryQuery query, std::function<void(Result<HistoryPage>)> done) override {
    {
      const MutexLock lock(mutex_);
      if (searches_.size() < kMostSearches && !stop_) {
        searches_.push_back({std::move(query), std::move(done)});
        done = nullptr;
      }
    }
    if (done) {
      done(fail(Errc::kUnavailable, "too many searches of the history wait"));
    } else {
      wake_.notify_one();
    }
  }

  HistoryStats stats() override {
    const MutexLock lock(mutex_);
    HistoryStats out = stats_;
    out.queued = queue_.size() + writing_;
    return out;
  }

  HistoryHealth health() override {
    const MutexLock lock(mutex_);
    return health_;
  }

 private:
  struct Wanted {
    HistoryQuery query;
    std::function<void(Result<HistoryPage>)> done;
  };
  using Time = std::chrono::steady_clock::time_point;

  void push(HistoryRecord event) {
    bool wake = false, tell = false;
    {
      const MutexLock lock(mutex_);
      ++stats_.recorded;
      if (queue_.size() + writing_ >= options_.max_queued) {
        ++stats_.dropped;
        tell = !std::exchange(full_told_, true);
      } else {
        queue_.push_back(std::move(event));
        wake = queue_.size() == 1 || queue_.size() == kPortion;
      }
    }
    if (wake) wake_.notify_one();
    if (tell) log::error(kComponent, "events come faster than they can be written, some are lost");
  }

  // The history's thread, from here on.

  /// Waits for searches, a whole portion of events, the end of the batch's delay or `until`. @return true to stop.
  bool wait(Time until) {
    const MutexLock lock(mutex_);
    Time batch_end = Time::max();
    while (!stop_ && searches_.empty() && (retry_at_ != Time() || queue_.size() < kPortion)) {
      if (!queue_.empty() && batch_end == Time::max()) {
        batch_end = std::max(std::chrono::steady_clock::now() + options_.batch_delay, retry_at_);
      }
      if (wake_.wait_until(mutex_, std::min(until, batch_end)) == std::cv_status::timeout) break;
    }
    return stop_;
  }

  void run() {
    Time next_deletion = std::chrono::steady_clock::now();
    while (true) {
      const bool stopping = wait(next_deletion);
      const std::vector<Wanted> searches = take_searches();
      // A search sees all that was recorded before it.
      const std::size_t portions = searches.empty() && !stopping ? 1 : options_.max_queued / kPortion + 1;
      for (std::size_t i = 0; i < portions && write(!searches.empty() || stopping); ++i) {
      }
      for (const Wanted& one : searches) answer(one);
      if (file_) file_->checkpoint();
      if (stopping) break;
      const Time now = std::chrono::steady_clock::now();
      if (now >= next_deletion) next_deletion = now + (delete_old() ? kDeletePause : options_.retention_interval);
    }
    if (const std::size_t lost = stats().queued; lost > 0) {
      log::error(kComponent, "events are lost at the stop", {{"events", lost}, {"err", failure_}});
    }
  }

  std::vector<Wanted> take_searches() {
    const MutexLock lock(mutex_);
    return std::exchange(searches_, {});
  }

  std::vector<HistoryRecord> take_events() {
    const MutexLock lock(mutex_);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kPortion));
    std::vector<HistoryRecord> events(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    writing_ = events.size();
    return events;
  }

  /// Writes one portion; what could not be written goes back to the front of the queue.
  /// @param at_once  try again although the last transaction failed a moment ago.
  /// @return true if there may be more to write now.
  bool write(bool at_once) {
    const Time now = std::chrono::steady_clock::now();
    if (retry_at_ != Time() && now < retry_at_ && !at_once) return false;
    std::vector<HistoryRecord> events = take_events();
    Result<void> done = file_ready();
    if (done && !events.empty()) done = on_file([&] { return file_->append(events); });
    retry_at_ = done ? Time() : now + delay_;
    delay_ = done ? kFirstRetry : std::min(delay_ * 2, kLongestRetry);
    tell(done);
    const MutexLock lock(mutex_);
    writing_ = 0;
    if (!done) {
      ++stats_.failures;
      queue_.insert(queue_.begin(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
      return false;
    }
    stats_.written += events.size();
    full_told_ = false;
    return !queue_.empty();
  }

  void tell(const Result<void>& done) {
    if (!done && done.error().message != failure_) {
      log::error(kComponent, "cannot write the history; it is kept in memory and tried again",
                 {{"err", done.error().message}});
    } else if (done && !failure_.empty()) {
      log::info(kComponent, "the history is written again", {{"file", path_}});
    }
    failure_ = done ? std::string() : done.error().message;
    const MutexLock lock(mutex_);
    health_.failure = failure_;
  }

  void answer(const Wanted& wanted) {
    Result<HistoryPage> page = fail(Errc::kUnavailable, "the history cannot be read: {}", failure_);
    if (file_) {
      const Time end = std::chrono::steady_clock::now() + kLongestSearch;
      page = on_file(
          [&] { return file_->search(wanted.query, [end] { return std::chrono::steady_clock::now() > end; }); });
    }
    wanted.done(std::move(page));
  }

  /// One portion of what is too old, or too much. @return true if there may be more.
  bool delete_old() {
    if (!file_) return false;
    const Timestamp oldest = clock_->now() - to_ms(options_.retention);
    const Result<bool> more = on_file([&]() -> Result<bool> {
      TOCSIN_TRY(const std::uint64_t bytes, file_->bytes());
      const bool too_much = options_.max_bytes > 0 && bytes > options_.max_bytes;
      TOCSIN_TRY(const std::size_t events,
                 file_->remove_before(too_much ? std::numeric_limits<Timestamp>::max() : oldest, kDeletePortion));
      TOCSIN_TRY(const std::size_t labels, file_->remove_label_sets_before(oldest, kDeletePortion));
      const MutexLock lock(mutex_);
      stats_.bytes = bytes;
      stats_.deleted += events;
      return events >= kDeletePortion || labels >= kDeletePortion;
    });
    return more && *more;
  }

  /// Runs a piece of work; a file that turns out to be damaged is set aside, and the work fails.
  template <typename F>
  auto on_file(F work) -> decltype(work()) {
    auto done = work();
    if (!done && done.error().code == Errc::kCorrupt) {
      file_.reset();
      (void)begin_anew(done.error());
    }
    return done;
  }

  Result<void> file_ready() {
    if (file_) return {};
    auto file = HistoryFile::open(path_, clock_->now());
    if (!file && file.error().code == Errc::kCorrupt) return begin_anew(file.error());
    if (!file) return fail(std::move(file).error());
    file_ = std::move(*file);
    return {};
  }

  /// Moves the damaged file out of the way, and begins another one with what can be read of it.
  Result<void> begin_anew(const Error& damage) {
    const std::string aside = fmt::format("{}.corrupt-{}", path_, clock_->now());
    for (const char* suffix : {"", "-wal", "-shm"}) std::rename((path_ + suffix).c_str(), (aside + suffix).c_str());
    {
      const MutexLock lock(mutex_);
      health_.set_aside = aside;
    }
    log::error(kComponent, "the history is damaged and set aside", {{"err", damage.message}, {"file", aside}});
    TOCSIN_TRY(file_, HistoryFile::open(path_, clock_->now()));
    if (const auto events = file_->salvage(aside)) {
      log::info(kComponent, "what could be read of the damaged history is in the new one", {{"events", *events}});
    } else {
      log::error(kComponent, "nothing more can be read of the damaged history", {{"err", events.error().message}});
    }
    return {};
  }

  const std::string path_;
  Clock* clock_;
  const HistoryOptions options_;
  // The history's thread's.
  std::unique_ptr<HistoryFile> file_;
  std::string failure_;  // "": the last transaction worked
  Duration delay_ = kFirstRetry;
  Time retry_at_;  // not zero: the last transaction failed

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<HistoryRecord> queue_ TOCSIN_GUARDED_BY(mutex_);
  std::size_t writing_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::vector<Wanted> searches_ TOCSIN_GUARDED_BY(mutex_);
  HistoryStats stats_ TOCSIN_GUARDED_BY(mutex_);
  HistoryHealth health_ TOCSIN_GUARDED_BY(mutex_);
  bool full_told_ TOCSIN_GUARDED_BY(mutex_) = false;
  bool stop_ TOCSIN_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses all above
};

}  // namespace

std::shared_ptr<History> open_history(const std::string& path, Clock& clock, const HistoryOptions& options) {
  return std::make_shared<SqliteHistory>(path, clock, options);
}

}  // namespace tocsin::state
