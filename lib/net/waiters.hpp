#pragma once
// Tasks that wait for one thing to happen.

#include <memory>
#include <vector>

#include "net/task.hpp"

namespace tocsin::net {

/// Thread: the loop's. May go before those who wait: they then wait until their deadline.
class Waiters {
 public:
  /// True once wake() was called, false at the deadline.
  Task<bool> wait(Loop& loop, MonoTime deadline);
  /// All that wait now go on, inside this call.
  void wake();

 private:
  struct Entry;
  std::vector<std::weak_ptr<Entry>> entries_;  // their timers own them, so that tasks go with the loop
};

}  // namespace tocsin::net
