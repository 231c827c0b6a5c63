#pragma once
// A real Runtime on a thread of its own, for tests that use blocking clients.

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "net/runtime.hpp"

namespace tocsin::test {

/// The loop runs from construction to stop() or destruction. Thread: the test's.
class RuntimeThread {
 public:
  explicit RuntimeThread(unsigned work_threads = 2);
  ~RuntimeThread();
  RuntimeThread(const RuntimeThread&) = delete;
  RuntimeThread& operator=(const RuntimeThread&) = delete;

  net::Runtime& runtime() { return *runtime_; }
  net::TaskLoop& loop() { return runtime_->loop(); }

  /// Runs the function on the loop's thread, waits, gives its result.
  template <typename F>
  std::invoke_result_t<F> call(F function) {
    std::packaged_task<std::invoke_result_t<F>()> job(std::move(function));
    auto result = job.get_future();
    loop().post([&job] { job(); });
    return result.get();
  }

  /// Runs a task to its end on the loop, waits, gives its result. `make` is called on the loop's thread.
  template <typename T>
  T run(std::function<net::Task<T>()> make) {
    std::promise<T> result;
    auto future = result.get_future();
    loop().post([this, &make, &result] { loop().spawn("run by a test", keep<T>(make(), &result)); });
    return future.get();
  }

  /// Ends the loop and its thread; what was made on the loop must be gone (see call()).
  void stop();

 private:
  template <typename T>
  static net::Task<void> keep(net::Task<T> task, std::promise<T>* result) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(task);
        result->set_value();
      } else {
        result->set_value(co_await std::move(task));
      }
    } catch (...) {
      result->set_exception(std::current_exception());
    }
  }

  std::unique_ptr<net::Runtime> runtime_;
  std::thread thread_;
};

}  // namespace tocsin::test
