#pragma once
// A task loop over virtual time on the caller's thread: coroutines, timers and lanes run in a fixed order, and sockets
// work.
//
//   TestLoop loop;
//   auto answer = loop.run(client.send(request, {}));   // moves time from timer to timer until the task is done
//   loop.spawn("ticker", tick(loop)); loop.advance(15s);

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "base/virtual_loop.hpp"
#include "net/task.hpp"

namespace tocsin::test {

/// A task that runs beside the test. Copies share it.
template <typename T>
class Started {
 public:
  bool done() const { return state_->done; }
  /// The result; throws what left the task. The task must be done.
  T get() {
    check(state_->done, "BUG: the task is not done yet");
    if (state_->error) std::rethrow_exception(state_->error);
    if constexpr (!std::is_void_v<T>) return std::move(*state_->value);
  }

 private:
  friend class TestLoop;
  struct State {
    bool done = false;
    std::exception_ptr error;
    std::conditional_t<std::is_void_v<T>, bool, std::optional<T>> value{};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Clock, timers, lanes and tasks in one. Tasks that still wait when it goes are destroyed.
/// Thread: one, but post() may be called from any (a test with real threads then uses pump_until()).
class TestLoop final : public net::TaskLoop, public WorkPool {
 public:
  explicit TestLoop(Timestamp start = 1'700'000'000'000);
  ~TestLoop() override;
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;

  // The loop. Jobs of post(), lane() and Asio run when the test lets time or work proceed, never inside the call.
  Clock& clock() override;
  void post(Job job) override;
  TimerId call_at(MonoTime when, Job job) override;
  bool cancel(TimerId timer) override;
  /// An exception that leaves the task is kept: failures() tells.
  void spawn(std::string_view name, net::Task<void> task) override;
  boost::asio::any_io_executor executor() override;
  Executor& lane(Lane) override { return *this; }
  WorkPool& work() { return *this; }

  /// Runs all that is ready, and what that makes ready; time stands still.
  void run_ready();
  /// Runs what is ready, then moves time to each due timer in turn, up to now + by.
  void advance(Duration by);
  /// Moves the wall clock alone.
  void jump_wall(std::int64_t by_ms);
  std::size_t waiting_timers() const { return timers_.size(); }

  /// Starts a task whose result is wanted later.
  template <typename T>
  Started<T> start(net::Task<T> task) {
    Started<T> started;
    spawn("started by a test", keep(std::move(task), started));
    return started;
  }

  /// Runs the task to its end, moving time from timer to timer. For tasks that wait for timers, lanes and each other.
  /// Throws what leaves the task, and std::runtime_error if it is not done within `limit` of virtual time.
  template <typename T>
  T run(net::Task<T> task, Duration limit = std::chrono::hours(1)) {
    Started<T> started = start(std::move(task));
    run_until([&started] { return started.done(); }, limit);
    return started.get();
  }
  void run_until(const std::function<bool()>& done, Duration limit = std::chrono::hours(1));

  /// Runs the task to its end while virtual time stands still. For tasks that wait for sockets or other threads: no
  /// deadline passes meanwhile. Throws what leaves the task, and std::runtime_error after 10 real seconds.
  template <typename T>
  T pump(net::Task<T> task) {
    Started<T> started = start(std::move(task));
    pump_until([&started] { return started.done(); });
    return started.get();
  }
  void pump_until(const std::function<bool()>& done);

  /// "name: text" of each exception that left a spawned task.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  struct Sockets;
  template <typename T>
  static net::Task<void> keep(net::Task<T> task, Started<T> started) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(task);
      } else {
        started.state_->value.emplace(co_await std::move(task));
      }
    } catch (...) {
      started.state_->error = std::current_exception();
    }
    started.state_->done = true;
  }

  VirtualLoop time_;  // the clock alone
  TimerId last_timer_ = 0;
  std::map<std::pair<MonoTime, TimerId>, Job> timers_;
  std::map<TimerId, MonoTime> when_;
  std::unique_ptr<Sockets> sockets_;
  bool closing_ = false;
  std::vector<std::string> failures_;
};

}  // namespace tocsin::test
