#pragma once
// Time, executors and timers: the seam that lets every test run without sleeping.
// SystemClock is the operating system's. The loop of a process is net::AsioLoop; VirtualLoop (virtual_loop.hpp) is its
// twin for tests: time moves only by advance(), and everything runs on the caller's thread in a fixed order.

#include <cstdint>
#include <functional>

#include "base/time.hpp"

namespace tocsin {

using Job = std::move_only_function<void()>;

/// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time, milliseconds since the Unix epoch; may jump.
  virtual Timestamp now() const = 0;
  /// Monotonic time, for durations and timers.
  virtual MonoTime mono() const = 0;
};

/// The operating system's clocks; one for the process.
Clock& system_clock();

/// Something that runs jobs later, in the order they were posted (per lane), never inside post().
/// Thread: post() from any. A job must not throw.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Job job) = 0;
};

using TimerId = std::uint64_t;  // 0 is no timer

/// One thread with timers: everything that is posted or timed on it runs there, one job at a time.
/// Thread: post() from any; call_at() and cancel() only on the loop's thread.
class Loop : public Executor {
 public:
  virtual Clock& clock() = 0;
  /// Runs the job once at or after `when`; jobs with equal times run in the order of their calls.
  virtual TimerId call_at(MonoTime when, Job job) = 0;
  /// True if the timer was still waiting: its job will not run.
  virtual bool cancel(TimerId timer) = 0;

  TimerId call_after(Duration delay, Job job) { return call_at(clock().mono() + delay, std::move(job)); }
};

/// Three lanes of work, scrapes before rules before queries (design, section 4).
enum class Lane { kScrape, kRule, kQuery };

/// The worker threads. Thread: any. Jobs of one lane start in order, on any worker.
class WorkPool {
 public:
  virtual ~WorkPool() = default;
  virtual Executor& lane(Lane lane) = 0;
};

}  // namespace tocsin
