#pragma once
// Where decoding of chunks can go on. A chunk of floats can be read from its beginning alone: who wants its last
// samples decodes all before them. So readers of a part of a chunk leave behind where they passed every 16th sample,
// and the next one that wants about the same part (the same query a minute later, a rule with an offset) begins there.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/pages.hpp"
#include "block/block.hpp"
#include "chunkenc/chunk.hpp"

namespace tocsin::block {

/// Of one block, whose chunks do not change: up to 256 KiB once somebody keeps a place, a page of it for every 32
/// series in a row. It holds two places a series, of about 2,000 series that stand together in the index; of others new
/// ones put old ones out.
/// Thread: any; nobody waits, who meets another finds nothing.
class RestartPoints {
 public:
  static constexpr std::uint32_t kEvery = 16;  // samples

  /// @param step  about how far refs of series are apart.
  explicit RestartPoints(std::uint64_t step) : shift_(std::bit_width(step | 1) - 1) {}

  /// Behind so many samples of the chunk.
  bool find(SeriesRef series, std::uint64_t chunk, std::uint32_t samples, chunkenc::XorPlace& out) const;
  /// What led to the place has been checked: the chunk's sum, and that times rise.
  void keep(SeriesRef series, std::uint64_t chunk, const chunkenc::XorPlace& place);
  std::size_t bytes() const { return sets_.load(std::memory_order_acquire) == nullptr ? 0 : kSets * sizeof(Set); }

 private:
  struct Entry {
    std::uint64_t chunk;
    chunkenc::XorPlace place;  // of no samples: the entry is empty
  };
  /// The one kept last comes first.
  struct alignas(128) Set {
    std::atomic<bool> busy;  // somebody reads or writes the entries
    Entry entries[2];
  };
  static constexpr std::size_t kSets = 2048;
  std::size_t set_of(SeriesRef series) const { return (series >> shift_) % kSets; }

  const int shift_;
  std::once_flag made_;
  Pages pages_;  // zeros are sets without entries
  std::atomic<Set*> sets_{nullptr};
};

}  // namespace tocsin::block
