#include "tsdb/floor.hpp"

namespace tocsin::tsdb {

void Floor::raise(Timestamp to) {
  const MutexLock lock(mutex_);
  if (to <= *current_) return;
  earlier_.push_back(current_);
  current_ = std::make_shared<const Timestamp>(to);
  now_.store(to, std::memory_order_relaxed);
}

Timestamp Floor::oldest_held() const {
  const MutexLock lock(mutex_);
  std::erase_if(earlier_, [](const auto& one) { return one.expired(); });
  for (const auto& one : earlier_) {
    if (const FloorHold held = one.lock()) return *held;
  }
  return *current_;
}

}  // namespace tocsin::tsdb
