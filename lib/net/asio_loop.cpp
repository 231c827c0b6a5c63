#include "net/asio_loop.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/check.hpp"
#include "base/log.hpp"

namespace tocsin::net {

AsioLoop::AsioLoop() : context_(std::make_unique<boost::asio::io_context>(1)), alarm_(*context_) {
  const int bell = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (bell < 0) throw std::system_error(errno, std::generic_category(), "eventfd");  // as io_context does
  bell_.emplace(*context_, bell);
  wait_for_bell();
}

AsioLoop::~AsioLoop() {
  closing_ = true;  // destructors of tasks may still cancel, post and set timers
  alarm_.reset();
  std::vector<Job> jobs = timers_.take_all();
  jobs.clear();
  std::vector<Posted> posted;
  {
    const MutexLock lock(posted_mutex_);
    posted.swap(posted_);
  }
  posted.clear();
  bell_.reset();
  context_.reset();
}

void AsioLoop::post(Job job) {
  if (closing_) return;
  if (context_->get_executor().running_in_this_thread()) {
    boost::asio::post(*context_, [this, posted = clock().mono(), job = std::move(job)]() mutable {
      note_lag(clock().mono() - posted);
      job();
    });
    return;
  }
  bool is_first = false;
  {
    const MutexLock lock(posted_mutex_);
    is_first = posted_.empty();
    posted_.push_back({clock().mono(), std::move(job)});
  }
  constexpr std::uint64_t kRing = 1;
  if (is_first) check(::write(bell_->native_handle(), &kRing, sizeof kRing) == sizeof kRing, "BUG: a full eventfd");
}

void AsioLoop::wait_for_bell() {
  bell_->async_read_some(boost::asio::buffer(&rings_, sizeof rings_),
                         [this](const boost::system::error_code& error, std::size_t) {
                           if (error) return;
                           wait_for_bell();
                           run_posted();
                         });
}

void AsioLoop::run_posted() {
  std::vector<Posted> posted;
  {
    const MutexLock lock(posted_mutex_);
    posted.swap(posted_);
  }
  for (Posted& next : posted) {
    note_lag(clock().mono() - next.when);
    try {
      next.job();
    } catch (...) {
      note_failure("job", std::current_exception());
    }
    next.job = nullptr;
  }
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
