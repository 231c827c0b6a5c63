#include "tsdb/reclaimer.hpp"

#include <utility>

namespace tocsin::tsdb {

Generation::~Generation() {
  // A long chain must not be freed by recursion.
  trash_.clear();
  std::shared_ptr<Generation> next = std::move(next_);
  while (next && next.use_count() == 1) {
    next->trash_.clear();
    std::shared_ptr<Generation> after = std::move(next->next_);
    next = std::move(after);
  }
}

void Reclaimer::retire(Trash trash) {
  if (trash.empty()) return;
  auto fresh = std::make_shared<Generation>();
  std::shared_ptr<Generation> old;  // freed after the lock
  const MutexLock lock(mutex_);
  current_->trash_ = std::move(trash);
  current_->next_ = fresh;
  old = std::exchange(current_, std::move(fresh));
}

}  // namespace tocsin::tsdb
