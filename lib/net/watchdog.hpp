#pragma once
// A deadline that moves: one timer of the loop, touched only when the deadline comes nearer than it stands.

#include <algorithm>
#include <functional>
#include <utility>

#include "base/clock.hpp"

namespace tocsin::net {

/// Calls `expired` once the deadline set last has passed. Setting a later one costs nothing: the timer rings at the old
/// time and is set anew. Thread: the loop's.
class Watchdog {
 public:
  Watchdog(Loop& loop, std::function<void()> expired) : loop_(loop), expired_(std::move(expired)) {}
  ~Watchdog() {
    if (timer_ != 0) loop_.cancel(timer_);
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void set(MonoTime deadline) {
    deadline_ = deadline;
    if (timer_ != 0 && rings_at_ <= deadline) return;
    if (timer_ != 0) loop_.cancel(timer_);
    arm();
  }
  /// No deadline until the next set().
  void clear() { deadline_ = MonoTime::max(); }
  /// The deadline passed; stays so.
  bool expired() const { return has_expired_; }

 private:
  void arm() {
    rings_at_ = deadline_;
    timer_ = loop_.call_at(deadline_, [this] { ring(); });
  }
  void ring() {
    timer_ = 0;
    if (deadline_ == MonoTime::max()) return;
    if (loop_.clock().mono() < deadline_) return arm();
    deadline_ = MonoTime::max();
    has_expired_ = true;
    expired_();
  }

  Loop& loop_;
  std::function<void()> expired_;
  MonoTime deadline_ = MonoTime::max();
  MonoTime rings_at_{0};
  TimerId timer_ = 0;
  bool has_expired_ = false;
};

}  // namespace tocsin::net
