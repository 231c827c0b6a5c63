#pragma once
// Samples in order of their coming, and out of it by block, series and time.

#include <cstdint>
#include <vector>

#include "backfill/run.hpp"

namespace tocsin::backfill {

/// A buffer of a fixed size and one of the same size to sort with. Thread: one at a time.
class SampleBuffer {
 public:
  struct Item {
    std::uint64_t key = 0;  // the series; once sorted, block and rank of the series
    Timestamp t = 0;
    double value = 0;
  };

  /// @param duration  of blocks, in milliseconds
  SampleBuffer(std::size_t capacity, std::int64_t duration);

  bool full() const { return items_.size() == capacity_; }
  bool empty() const { return items_.empty(); }
  void add(std::uint32_t series, Timestamp t, double value) { items_.push_back({series, t, value}); }
  /// By block, then by the rank of their series; samples of one series stay in order of their coming.
  void sort(const std::vector<std::uint32_t>& ranks);
  /// After sort().
  const std::vector<Item>& items() const { return items_; }
  std::int64_t block(const Item& item) const { return first_block_ + static_cast<std::int64_t>(item.key / series_); }
  std::uint32_t rank(const Item& item) const { return static_cast<std::uint32_t>(item.key % series_); }
  void clear() { items_.clear(); }

 private:
  void sort_by_bits(unsigned shift);

  const std::size_t capacity_;
  const std::int64_t duration_;
  std::vector<Item> items_, spare_;
  std::int64_t first_block_ = 0;
  std::uint64_t series_ = 1;
};

/// The number of the block that a time is in: rounded down.
inline std::int64_t block_of(Timestamp t, std::int64_t duration) {
  return t / duration - (t % duration < 0 ? 1 : 0);
}

}  // namespace tocsin::backfill
