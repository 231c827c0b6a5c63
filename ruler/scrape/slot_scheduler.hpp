#pragma once
// Wakes for slots: each entry is due at its offset plus a multiple of its interval since the epoch. Entries that are
// due together share one timer.
//
// Slots are wall time, timers are not: when the wall clock is set, the slots are laid out anew, and nothing runs twice
// for one slot. An entry that is so late that its slot is no longer true is due with the time it is; slots that passed
// meanwhile are left out.

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/clock.hpp"

namespace tocsin::scrape {

/// Thread: the loop's.
class SlotScheduler {
 public:
  using Id = std::uint64_t;
  struct Due {
    Id id = 0;
    Timestamp t = 0;  // the slot, or the present if it is late
    bool late = false;
    Timestamp slot = 0;
  };
  /// Called on the loop with all that is due now, in order of slots. It may add and remove entries.
  using Listener = std::function<void(const std::vector<Due>&)>;

  /// @param tolerance  by how much a slot may be missed and still be meant
  SlotScheduler(Loop& loop, Duration tolerance, Listener listener);
  ~SlotScheduler();
  SlotScheduler(const SlotScheduler&) = delete;
  SlotScheduler& operator=(const SlotScheduler&) = delete;

  /// Begins with the first slot that is not past. An id that is there already gets the new times.
  void add(Id id, std::int64_t interval_ms, std::int64_t offset_ms);
  void remove(Id id);
  void stop();
  /// The next slot of an entry, or 0.
  Timestamp next_slot(Id id) const;

 private:
  struct Entry {
    std::int64_t interval_ms = 0, offset_ms = 0;
    Timestamp slot = 0;                  // the next one
    Timestamp last = kMinTimestamp / 2;  // the last one that was due
  };
  static Timestamp first_slot(const Entry& entry, Timestamp from);
  MonoTime deadline(Timestamp slot) const;
  Duration clock_step() const;
  void lay_out();
  void arm();
  void wake();

  Loop& loop_;
  const Duration tolerance_;
  Listener listener_;
  std::map<Id, Entry> entries_;
  std::map<Timestamp, std::vector<Id>> slots_;  // what was due at a slot when it was put there
  Duration epoch_{0};                           // wall time minus monotonic time
  TimerId timer_ = 0;
  MonoTime timer_at_{0};
};

}  // namespace tocsin::scrape
