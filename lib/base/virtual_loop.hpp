#pragma once
// The virtual twin of clock, loop and work pool: one thread, time by advance() only, strict order.

#include <deque>
#include <map>
#include <utility>

#include "base/clock.hpp"

namespace tocsin {

/// Clock, loop and worker lanes in one. Thread: one.
class VirtualLoop final : public Loop, public Clock, public WorkPool {
 public:
  /// @param start  wall time at the beginning, milliseconds since the epoch.
  explicit VirtualLoop(Timestamp start = 1'700'000'000'000) : start_(start) {}

  Timestamp now() const override { return start_ + to_ms(mono_) + wall_shift_ms_; }
  MonoTime mono() const override { return mono_; }

  Clock& clock() override { return *this; }
  void post(Job job) override { ready_.push_back(std::move(job)); }
  TimerId call_at(MonoTime when, Job job) override;
  bool cancel(TimerId timer) override;
  Executor& lane(Lane) override { return *this; }

  /// Runs what is posted, then moves time to each due timer in turn, up to now + by.
  void advance(Duration by);
  /// Runs posted jobs (and those they post) without moving time.
  void run_ready();
  /// Moves the wall clock only, as an administrator or NTP would.
  void jump_wall(std::int64_t by_ms) { wall_shift_ms_ += by_ms; }
  std::size_t waiting_timers() const { return timers_.size(); }

 private:
  Timestamp start_;
  std::int64_t wall_shift_ms_ = 0;
  MonoTime mono_{0};
  TimerId last_timer_ = 0;
  std::deque<Job> ready_;
  std::map<std::pair<MonoTime, TimerId>, Job> timers_;
  std::map<TimerId, MonoTime> times_;
};

}  // namespace tocsin
