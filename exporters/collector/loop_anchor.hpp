#pragma once
// The way back to the loop for a thread that may hang for longer than the loop lives.

#include <mutex>

#include "base/clock.hpp"

namespace tocsin::exporters {

/// Thread: post() from any; close() from the loop's.
class LoopAnchor {
 public:
  explicit LoopAnchor(Executor& loop) : loop_(&loop) {}
  /// The job runs on the loop, or goes away if the loop has gone.
  void post(Job job) {
    std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->post(std::move(job));
  }
  /// Call before the loop goes.
  void close() {
    std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Executor* loop_;  // null once closed
};

}  // namespace tocsin::exporters
