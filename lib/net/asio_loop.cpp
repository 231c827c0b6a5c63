#include "net/asio_loop.hpp"

#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace tocsin::net {

AsioLoop::AsioLoop() : context_(std::make_unique<boost::asio::io_context>(1)), alarm_(*context_) {}

AsioLoop::~AsioLoop() {
  closing_ = true;  // destructors of tasks may still cancel, post and set timers
  alarm_.reset();
  std::vector<Job> jobs = timers_.take_all();
  jobs.clear();
  context_.reset();
}

void AsioLoop::post(Job job) {
  if (closing_) return;
  boost::asio::post(*context_, [this, posted = clock().mono(), job = std::move(job)]() mutable {
    note_lag(clock().mono() - posted);
    job();
  });
}

TimerId AsioLoop::call_at(MonoTime when, Job job) {
  if (closing_) return 0;
  const TimerId id = timers_.add(when, std::move(job));
  arm();
  return id;
}

bool AsioLoop::cancel(TimerId timer) {
  return timers_.cancel(timer);
}

void AsioLoop::arm() {
  const std::optional<MonoTime> earliest = timers_.earliest();
  if (!earliest || (alarm_at_ && *alarm_at_ <= *earliest)) return;
  alarm_at_ = earliest;
  alarm_->expires_at(std::chrono::steady_clock::time_point(*earliest));
  alarm_->async_wait([this](const boost::system::error_code& canceled) {
    if (!canceled) run_due_timers();
  });
}

void AsioLoop::run_due_timers() {
  alarm_at_.reset();
  // Timers that these jobs add wait for the next round, so that sockets get their turn.
  const std::uint64_t mark = timers_.mark();
  const MonoTime now = clock().mono();
  while (auto due = timers_.take_due(now, mark)) {
    note_lag(clock().mono() - due->when);
    due->job();
  }
  arm();
}

void AsioLoop::spawn(std::string_view name, Task<void> task) {
  detail::spawn_on(executor(), std::move(task), [this, task_name = std::string(name)](const std::exception_ptr& error) {
    if (error) note_failure(task_name, error);
  });
}

void AsioLoop::run() {
  const auto guard = boost::asio::make_work_guard(*context_);
  while (!context_->stopped()) {
    try {
      context_->run();
    } catch (...) {
      note_failure("job", std::current_exception());
    }
  }
}

void AsioLoop::note_lag(Duration lag) {
  // Only the loop's thread raises it; take_max_lag() may win a race, then the next one counts.
  if (lag.count() > max_lag_.load(std::memory_order_relaxed)) max_lag_.store(lag.count(), std::memory_order_relaxed);
}

Duration AsioLoop::take_max_lag() {
  return Duration(max_lag_.exchange(0, std::memory_order_relaxed));
}

void AsioLoop::note_failure(std::string_view name, const std::exception_ptr& error) {
  log::error("net", "a task ended by an exception", {{"task", name}, {"err", detail::exception_text(error)}});
  const MutexLock lock(mutex_);
  ++failures_[std::string(name)];
}

std::map<std::string, std::uint64_t> AsioLoop::failures() const {
  const MutexLock lock(mutex_);
  return failures_;
}

}  // namespace tocsin::net
