#pragma once
// So many at a time; the others wait in order.

#include <cstddef>
#include <deque>
#include <functional>

#include "net/task.hpp"

namespace tocsin::net {

/// Thread: the loop's. Must outlive who waits or holds.
class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}
  /// Waits for a slot; give it back with leave(). The wait ends because each holder's time is bounded.
  Task<void> enter();
  void leave();
  /// Destroys the tasks that wait: for the end of their owner.
  void drop_waiting();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::size_t free_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace tocsin::net
