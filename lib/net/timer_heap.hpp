#pragma once
// Timers of a loop: add and cancel in O(log n), the earliest in O(1), equal times in the order of adding.
//
// A binary heap of {when, sequence, slot} and a slab of slots that know their place in the heap. A TimerId is the
// slot's number and its generation, so that the id of a timer that has run finds nothing. Invariants: 1.
// heap_[slots_[s].place].slot == s for each slot in use. 2. A parent in the heap is not after its children.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace tocsin::net {

/// Thread: one.
class TimerHeap {
 public:
  TimerId add(MonoTime when, Job job);
  /// True if the timer was still waiting. The job is destroyed after the heap is in order again: its destructor may
  /// come back.
  bool cancel(TimerId timer);
  std::size_t size() const { return heap_.size(); }
  std::optional<MonoTime> earliest() const;

  struct Due {
    MonoTime when;
    Job job;
  };
  /// Takes the earliest timer if it is due at `now` and was added before mark() gave `mark`.
  std::optional<Due> take_due(MonoTime now, std::uint64_t mark);
  std::uint64_t mark() const { return next_sequence_; }
  /// Takes all jobs, in no order.
  std::vector<Job> take_all();

 private:
  struct Entry {
    MonoTime when;
    std::uint64_t sequence;
    std::uint32_t slot;
    bool before(const Entry& other) const { return when != other.when ? when < other.when : sequence < other.sequence; }
  };
  struct Slot {
    Job job;
    std::uint32_t generation = 1;
    std::uint32_t place = 0;  // in heap_
  };
  void put(std::size_t place, const Entry& entry);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  Job remove(std::size_t place);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace tocsin::net
