#include "remote/ref_cache.hpp"

#include <algorithm>
#include <utility>

#include "base/rng.hpp"

namespace tocsin::remote {

RefCache::RefCache(std::size_t max_series) : RefCache(max_series, Rng::from_system().next()) {}

RefCache::RefCache(std::size_t max_series, std::uint64_t seed)
    : seed_(seed), generation_(std::max<std::size_t>(max_series / 2 / kShards, 1)) {}

RefCache::Table::Slot& RefCache::Table::place(const Hash128& key) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = key.low & mask;
  while (slots_[at].ref != 0 && slots_[at].key != key) at = (at + 1) & mask;
  return slots_[at];
}

storage::SeriesRef* RefCache::Table::find(const Hash128& key) {
  if (size_ == 0) return nullptr;
  Slot& slot = place(key);
  return slot.ref == 0 ? nullptr : &slot.ref;
}

void RefCache::Table::put(const Hash128& key, storage::SeriesRef ref) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  Slot& slot = place(key);
  if (slot.ref == 0) ++size_;
  slot = {key, ref};
}

void RefCache::Table::grow() {
  std::vector<Slot> before(std::max<std::size_t>(slots_.size() * 2, 16));
  std::swap(before, slots_);
  for (const Slot& slot : before) {
    if (slot.ref != 0) place(slot.key) = slot;
  }
}

storage::SeriesRef RefCache::find(const Hash128& key) {
  Shard& in = shard(key);
  const MutexLock lock(in.mutex);
  if (const auto* const ref = in.young.find(key)) return *ref;
  const auto* const ref = in.old.find(key);
  if (ref == nullptr) return 0;
  const storage::SeriesRef found = *ref;
  put(in, key, found);
  return found;
}

void RefCache::put(const Hash128& key, storage::SeriesRef ref) {
  Shard& in = shard(key);
  const MutexLock lock(in.mutex);
  put(in, key, ref);
}

void RefCache::put(Shard& in, const Hash128& key, storage::SeriesRef ref) {
  if (in.young.size() >= generation_ && in.young.find(key) == nullptr) in.old = std::exchange(in.young, {});
  in.young.put(key, ref);
}

std::size_t RefCache::size() const {
  std::size_t size = 0;
  for (const Shard& in : shards_) {
    const MutexLock lock(in.mutex);
    size += in.young.size() + in.old.size();
  }
  return size;
}

}  // namespace tocsin::remote
