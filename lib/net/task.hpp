#pragma once
// Coroutines of the loop. A Task runs on the loop's thread only; what costs CPU goes to a lane by run_on().
// Rules (CONTRIBUTING.md): every await has a deadline; parameters by value or shared_ptr; named functions are spawned,
// not capturing lambdas; nothing holds a lock or a view into another thread's data across an await.

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"

namespace tocsin::net {

template <typename T = void>
using Task = boost::asio::awaitable<T>;

/// A loop on which tasks run. Made by Runtime (a process) or TestLoop (virtual time, test/support). Thread: the loop's.
class TaskLoop : public Loop {
 public:
  /// Starts a task; `name` appears in tocsin_task_failures_total and in the log if an exception leaves it.
  virtual void spawn(std::string_view name, Task<void> task) = 0;
  /// Where the loop's tasks and sockets live; for lib/net alone.
  virtual boost::asio::any_io_executor executor() = 0;
};

/// Waits; wakes early only if the task is destroyed. Thread: the loop's.
Task<void> sleep_until(Loop& loop, MonoTime when);
Task<void> sleep_for(Loop& loop, Duration delay);

namespace detail {
/// Suspends until `start`'s callback is called, once, on the loop's thread; resumes inside that call, or by a posted
/// job if `start` itself calls it. The callback owns the task meanwhile: when its last copy goes without a call, the
/// task is destroyed. A second call is a defect and stops the process.
Task<void> wait_for_callback(std::function<void(std::function<void()> done)> start);

/// Starts a task on an executor; `ended` learns of its end, and of the exception that left it (else null).
void spawn_on(const boost::asio::any_io_executor& executor, Task<void> task,
              std::function<void(std::exception_ptr)> ended);
/// what() of the exception, or "unknown exception".
std::string exception_text(const std::exception_ptr& error);
}  // namespace detail

/// Runs `work` on the executor (a lane of the work pool) and resumes on the loop with its result.
/// `work` must own what it uses: the awaiting task may be destroyed meanwhile.
template <typename F>
Task<std::invoke_result_t<F>> run_on(Loop& loop, Executor& executor, F work) {
  using R = std::invoke_result_t<F>;
  struct State {
    explicit State(F w) : work(std::move(w)) {}
    F work;
    std::conditional_t<std::is_void_v<R>, bool, std::optional<R>> result{};
  };
  auto state = std::make_shared<State>(std::move(work));
  std::function<void(std::function<void()>)> start = [&loop, &executor, state](std::function<void()> done) {
    executor.post([&loop, state, done = std::move(done)]() mutable {
      if constexpr (std::is_void_v<R>) {
        state->work();
      } else {
        state->result.emplace(state->work());
      }
      loop.post(std::move(done));
    });
  };
  co_await detail::wait_for_callback(std::move(start));
  if constexpr (!std::is_void_v<R>) co_return std::move(*state->result);
}

}  // namespace tocsin::net
