#include "scrape/slot_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::scrape {
namespace {

using std::chrono::milliseconds;

/// A smaller difference between the clocks is their resolution and slewing.
constexpr Duration kClockStep = milliseconds(50);

std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  const std::int64_t rest = a % b;
  return rest < 0 ? rest + b : rest;
}

}  // namespace

SlotScheduler::SlotScheduler(Loop& loop, Duration tolerance, Listener listener)
    : loop_(loop), tolerance_(tolerance), listener_(std::move(listener)) {
  epoch_ = milliseconds(loop_.clock().now()) - loop_.clock().mono();
}

SlotScheduler::~SlotScheduler() {
  stop();
}

Timestamp SlotScheduler::first_slot(const Entry& entry, Timestamp from) {
  const std::int64_t past = floor_mod(from - entry.offset_ms, entry.interval_ms);
  return past == 0 ? from : from - past + entry.interval_ms;
}

MonoTime SlotScheduler::deadline(Timestamp slot) const {
  return milliseconds(slot) - epoch_;
}

Duration SlotScheduler::clock_step() const {
  return milliseconds(loop_.clock().now()) - loop_.clock().mono() - epoch_;
}

void SlotScheduler::add(Id id, std::int64_t interval_ms, std::int64_t offset_ms) {
  Entry entry{interval_ms, offset_ms};
  entry.slot = first_slot(entry, loop_.clock().now());
  entries_[id] = entry;
  slots_[entry.slot].push_back(id);
  arm();
}

void SlotScheduler::remove(Id id) {
  entries_.erase(id);
}

void SlotScheduler::stop() {
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
  entries_.clear();
  slots_.clear();
}

Timestamp SlotScheduler::next_slot(Id id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? 0 : found->second.slot;
}

void SlotScheduler::lay_out() {
  slots_.clear();
  const Timestamp now = loop_.clock().now();
  for (auto& [id, entry] : entries_) {
    entry.slot = first_slot(entry, now);
    // Set back by little, the clock comes to the last slot again; set back by much, it was wrong before.
    const std::int64_t repeated_ms = entry.last - entry.slot;
    if (repeated_ms >= 0 && repeated_ms < entry.interval_ms) entry.slot = first_slot(entry, entry.last + 1);
    slots_[entry.slot].push_back(id);
  }
}

void SlotScheduler::arm() {
  if (slots_.empty()) return;
  const MonoTime at = deadline(slots_.begin()->first);
  if (timer_ != 0 && timer_at_ <= at) return;
  if (timer_ != 0) loop_.cancel(timer_);
  timer_at_ = at;
  timer_ = loop_.call_at(at, [this] { wake(); });
}

void SlotScheduler::wake() {
  timer_ = 0;
  // Small steps, slewing and the resolution of the wall clock, only move the deadlines.
  const Duration step = clock_step();
  epoch_ += step;
  if (step > kClockStep || step < -kClockStep) lay_out();
  const Timestamp now = loop_.clock().now();
  std::vector<Due> due;
  while (!slots_.empty() && slots_.begin()->first <= now) {
    const auto node = slots_.extract(slots_.begin());
    const Timestamp slot = node.key();
    const bool late = milliseconds(now - slot) > tolerance_;
    for (const Id id : node.mapped()) {
      const auto found = entries_.find(id);
      if (found == entries_.end() || found->second.slot != slot) continue;
      due.push_back({id, late ? now : slot, late, slot});
      found->second.last = slot;
      found->second.slot = first_slot(found->second, now + 1);
      slots_[found->second.slot].push_back(id);
    }
  }
  arm();
  if (!due.empty()) listener_(due);
}

}  // namespace tocsin::scrape
