#pragma once
// When memory that readers may look at without a lock can go. Whoever reads pins the present generation; what is
// retired belongs to it and goes when it and all older ones are pinned no more.

#include <memory>
#include <vector>

#include "base/thread_annotations.hpp"

namespace tocsin::tsdb {

using Trash = std::vector<std::shared_ptr<const void>>;

class Generation {
 public:
  Generation() = default;
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;
  ~Generation();

 private:
  friend class Reclaimer;
  Trash trash_;
  /// A pin holds all that is retired from then on.
  std::shared_ptr<Generation> next_;
};

using Pin = std::shared_ptr<const Generation>;

/// Thread: any.
class Reclaimer {
 public:
  /// What can be found now stays as long as the pin.
  Pin pin() const {
    const MutexLock lock(mutex_);
    return current_;
  }
  /// Frees `trash`, which cannot be found any more, when nobody holds an older pin.
  void retire(Trash trash);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<Generation> current_ TOCSIN_GUARDED_BY(mutex_) = std::make_shared<Generation>();
};

}  // namespace tocsin::tsdb
