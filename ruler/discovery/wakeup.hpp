#pragma once
// One task waits until others have news for it.

#include <functional>
#include <utility>

#include "net/task.hpp"

namespace tocsin::discovery {

/// Thread: the loop's. At most one waits; what was notified before is not waited for.
class Wakeup {
 public:
  Wakeup() = default;
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  /// The waiting task goes on inside this call.
  void notify() {
    is_notified_ = true;
    if (const auto waiter = std::exchange(waiter_, nullptr)) waiter();
  }
  /// Nobody will notify any more: a waiting task is destroyed.
  void abandon() { const auto waiter = std::exchange(waiter_, nullptr); }
  /// This object must outlive the wait.
  net::Task<void> wait() {
    if (!is_notified_) {
      std::function<void(std::function<void()>)> start = [this](std::function<void()> done) {
        waiter_ = std::move(done);
      };
      co_await net::detail::wait_for_callback(std::move(start));
    }
    is_notified_ = false;
  }

 private:
  std::function<void()> waiter_;
  bool is_notified_ = false;
};

}  // namespace tocsin::discovery
