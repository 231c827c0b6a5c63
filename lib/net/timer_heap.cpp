#include "net/timer_heap.hpp"

#include <utility>

namespace tocsin::net {

TimerId TimerHeap::add(MonoTime when, Job job) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot].job = std::move(job);
  heap_.push_back({});
  put(heap_.size() - 1, {when, next_sequence_++, slot});
  sift_up(heap_.size() - 1);
  return (static_cast<TimerId>(slots_[slot].generation) << 32U) | slot;
}

bool TimerHeap::cancel(TimerId timer) {
  const auto slot = static_cast<std::uint32_t>(timer);
  if (slot >= slots_.size() || slots_[slot].generation != timer >> 32U || !slots_[slot].job) return false;
  const Job job = remove(slots_[slot].place);
  return true;
}

std::optional<MonoTime> TimerHeap::earliest() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

std::optional<TimerHeap::Due> TimerHeap::take_due(MonoTime now, std::uint64_t mark) {
  if (heap_.empty() || heap_.front().when > now || heap_.front().sequence >= mark) return std::nullopt;
  const MonoTime when = heap_.front().when;
  return Due{when, remove(0)};
}

std::vector<Job> TimerHeap::take_all() {
  std::vector<Job> jobs;
  jobs.reserve(heap_.size());
  while (!heap_.empty()) jobs.push_back(remove(heap_.size() - 1));
  return jobs;
}

void TimerHeap::put(std::size_t place, const Entry& entry) {
  heap_[place] = entry;
  slots_[entry.slot].place = static_cast<std::uint32_t>(place);
}

void TimerHeap::sift_up(std::size_t place) {
  const Entry entry = heap_[place];
  while (place > 0 && entry.before(heap_[(place - 1) / 2])) {
    put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(place, entry);
}

void TimerHeap::sift_down(std::size_t place) {
  const Entry entry = heap_[place];
  for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

Job TimerHeap::remove(std::size_t place) {
  Slot& slot = slots_[heap_[place].slot];
  Job job = std::exchange(slot.job, nullptr);
  ++slot.generation;
  free_.push_back(heap_[place].slot);
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) {
    put(place, last);
    sift_up(place);
    sift_down(slots_[last.slot].place);
  }
  return job;
}

}  // namespace tocsin::net
