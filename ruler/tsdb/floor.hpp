#pragma once
// Where the head begins: what was appended in order before the floor lies in blocks, and is not read from the head any
// more. It rises when a block was cut and can be read.

#include <atomic>
#include <memory>
#include <vector>

#include "base/thread_annotations.hpp"
#include "base/time.hpp"

namespace tocsin::tsdb {

/// Held by a reader: the floor as it was when it began to read.
using FloorHold = std::shared_ptr<const Timestamp>;

/// Thread: any; raise() one at a time.
class Floor {
 public:
  Timestamp now() const { return now_.load(std::memory_order_relaxed); }
  FloorHold hold() const {
    const MutexLock lock(mutex_);
    return current_;
  }
  void raise(Timestamp to);
  /// Nobody reads what was appended in order before this, now or later: it can go.
  Timestamp oldest_held() const;

 private:
  std::atomic<Timestamp> now_ = kMinTimestamp;
  mutable Mutex mutex_;
  FloorHold current_ TOCSIN_GUARDED_BY(mutex_) = std::make_shared<const Timestamp>(kMinTimestamp);
  mutable std::vector<std::weak_ptr<const Timestamp>> earlier_ TOCSIN_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace tocsin::tsdb
