#pragma once
// The loop of a process: an io_context on one thread, and all timers over one of Asio's.
//
// Jobs of other threads come by a queue and an eventfd of our own. Asio holds its scheduler's lock while it wakes the
// loop, on which the loop, awake on another CPU, then goes to sleep again: two more changes of threads a job.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/thread_annotations.hpp"
#include "net/task.hpp"
#include "net/timer_heap.hpp"

namespace tocsin::net {

/// Thread: the one that calls run(); post(), stop() and the counters from any.
class AsioLoop final : public TaskLoop {
 public:
  AsioLoop();
  ~AsioLoop() override;
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;

  Clock& clock() override { return system_clock(); }
  void post(Job job) override;
  TimerId call_at(MonoTime when, Job job) override;
  bool cancel(TimerId timer) override;
  void spawn(std::string_view name, Task<void> task) override;
  boost::asio::any_io_executor executor() override { return context_->get_executor(); }

  boost::asio::io_context& context() { return *context_; }
  /// Until stop(). An exception that leaves a job is a defect: it is logged and counted, and the loop goes on.
  void run();
  void stop() { context_->stop(); }

  /// The longest wait of a posted job or due timer since the last call.
  Duration take_max_lag();
  std::map<std::string, std::uint64_t> failures() const;

 private:
  struct Posted {
    MonoTime when;
    Job job;
  };
  void wait_for_bell();
  void run_posted();
  void arm();
  void run_due_timers();
  void note_lag(Duration lag);
  void note_failure(std::string_view name, const std::exception_ptr& error);

  std::unique_ptr<boost::asio::io_context> context_;
  std::optional<boost::asio::posix::stream_descriptor> bell_;  // an eventfd: something is in posted_
  std::uint64_t rings_ = 0;                                    // as read from it
  std::optional<boost::asio::steady_timer> alarm_;
  std::optional<MonoTime> alarm_at_;  // when the alarm rings; it may ring early for nothing, never late
  TimerHeap timers_;
  bool closing_ = false;

  std::atomic<Duration::rep> max_lag_{0};
  Mutex posted_mutex_;
  std::vector<Posted> posted_ TOCSIN_GUARDED_BY(posted_mutex_);  // by other threads

  mutable Mutex mutex_;
  std::map<std::string, std::uint64_t> failures_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::net
