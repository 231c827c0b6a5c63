#pragma once
// Notes of what may be delivered before the notification log can say so. An attempt that would tell an integration of
// firing alerts for the first time waits for its note, so that after a crash in the middle of it the service is told
// the resolve, whether or not it had got the firing.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "alerting/notification_log.hpp"
#include "base/clock.hpp"
#include "state/store.hpp"

namespace tocsin::alerting {

/// Thread: the loop's. All notes of one turn of the loop are one write. Attempts begin when it is on disk, or cannot
/// be, or has not been for kLongestWait: no page waits for a slow disk. (By then the bytes are handed to the kernel,
/// which outlives the process, unless the state thread was busy with earlier ones.)
class UnderWay {
 public:
  static constexpr Duration kLongestWait = std::chrono::milliseconds(10);

  UnderWay(Loop& loop, state::Store& store);
  ~UnderWay();
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  /// What was under way when the process ended becomes what is owed in the log, until `expires_at`. After
  /// NotificationLog::load().
  Result<void> load(NotificationLog& log, Timestamp expires_at);

  /// Notes what a message is about to tell. @return what when_noted() and ended() take.
  std::uint64_t note(state::UnderWayNote note);
  /// Calls `begin` when the note is on disk, or in vain.
  void when_noted(std::uint64_t batch, Job begin);
  /// The message was delivered and its log entry is queued, or it failed.
  void ended(std::uint64_t batch);

 private:
  struct Batch {
    std::vector<state::UnderWayNote> notes;  // not yet handed to the store
    std::vector<Job> waiting;
    std::size_t left = 0;  // messages that have not ended
    TimerId timer = 0;     // kLongestWait
  };
  void write(std::uint64_t id);
  void begin(std::uint64_t id);

  Loop* loop_;
  state::Store* store_;
  std::map<std::uint64_t, Batch> batches_;
  std::uint64_t last_ = 0;
  bool gathering_ = false;           // the last batch is not written yet
  std::shared_ptr<UnderWay*> self_;  // null once this is destroyed
};

}  // namespace tocsin::alerting
