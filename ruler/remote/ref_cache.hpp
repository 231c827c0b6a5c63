#pragma once
// Which series the labels of a write request are, so that those seen before are neither read nor looked up in the
// index.
//
// A label set stands here as a hash of 128 bits, keyed at random, of what the sender wrote (wire::WriteSeries::key):
// senders write a series in the same way each time. Refs may die; who finds a dead one appends by labels and puts the
// new one. Bounded: each shard has two generations, and when the younger is full the older goes; what is found in the
// older moves to the younger.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash128.hpp"
#include "base/thread_annotations.hpp"
#include "storage/storage.hpp"

namespace tocsin::remote {

/// Thread: any.
class RefCache {
 public:
  /// @param max_series  about as many are kept, at some 50 bytes each.
  explicit RefCache(std::size_t max_series);
  RefCache(std::size_t max_series, std::uint64_t seed);

  std::uint64_t seed() const { return seed_; }
  /// 0: not known.
  storage::SeriesRef find(const Hash128& key);
  void put(const Hash128& key, storage::SeriesRef ref);
  std::size_t size() const;

 private:
  /// An open table of a power of two, at most three quarters full.
  class Table {
   public:
    storage::SeriesRef* find(const Hash128& key);
    void put(const Hash128& key, storage::SeriesRef ref);
    std::size_t size() const { return size_; }

   private:
    struct Slot {
      Hash128 key;
      storage::SeriesRef ref = 0;  // 0: free
    };
    Slot& place(const Hash128& key);
    void grow();
    std::vector<Slot> slots_;
    std::size_t size_ = 0;
  };
  struct Shard {
    mutable Mutex mutex;
    Table young TOCSIN_GUARDED_BY(mutex), old TOCSIN_GUARDED_BY(mutex);
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard(const Hash128& key) { return shards_[key.high % kShards]; }
  void put(Shard& in, const Hash128& key, storage::SeriesRef ref) TOCSIN_REQUIRES(in.mutex);

  const std::uint64_t seed_;
  const std::size_t generation_;  // entries of a generation of a shard
  std::array<Shard, kShards> shards_;
};

}  // namespace tocsin::remote
