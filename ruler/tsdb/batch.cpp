#include "tsdb/batch.hpp"

#include <algorithm>

namespace tocsin::tsdb {

Timestamp Batch::main_time() const {
  if (times.empty()) return first_time;
  // Boyer and Moore: if one is more than half, it is left.
  Timestamp candidate = times[0];
  std::size_t votes = 0;
  for (const Timestamp t : times) {
    if (votes == 0) candidate = t;
    votes = t == candidate ? votes + 1 : votes - 1;
  }
  const auto count = static_cast<std::size_t>(std::ranges::count(times, candidate));
  return count * 2 > times.size() ? candidate : std::ranges::max(times);
}

void Batch::clear() {
  ids.clear();
  values.clear();
  times.clear();
  specials.clear();
  late.clear();
  exemplars.clear();
  metadata.clear();
  pin = nullptr;
}

std::unique_ptr<Batch> BatchPool::take() {
  const MutexLock lock(mutex_);
  if (free_.empty()) return std::make_unique<Batch>();
  auto batch = std::move(free_.back());
  free_.pop_back();
  return batch;
}

void BatchPool::give_back(std::unique_ptr<Batch> batch) {
  batch->clear();
  if (batch->ids.capacity() > kLargest) return;
  const MutexLock lock(mutex_);
  if (free_.size() < kKept) free_.push_back(std::move(batch));
}

}  // namespace tocsin::tsdb
