#pragma once
// Collects which series have which label pair while a block is written, and gives the lists in order of pairs.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace tocsin::block {

/// Names and values are numbers of sorted symbols, so that their order is that of the texts.
/// Memory: 4 bytes for each label of each series, 5 for each series, some 24 for each distinct pair. Thread: one.
class PostingsBuilder {
 public:
  /// The number of a pair: dense from 0 in order of first use.
  std::uint32_t pair(std::uint32_t name, std::uint32_t value);
  /// Series in ascending order of refs.
  void add(std::uint32_t ref, std::span<const std::uint32_t> pairs);

  std::span<const std::uint32_t> refs() const { return refs_; }
  std::size_t pair_count() const { return keys_.size(); }
  using Each = std::function<Result<void>(std::uint32_t, std::uint32_t, std::span<const std::uint32_t>)>;
  /// Calls each(name, value, refs) in order of names, then values, until it fails.
  /// @param refs_per_pass  the lists of about so many refs are made in one pass over the series.
  Result<void> each(const Each& each, std::size_t refs_per_pass = 4U << 20U) const;

 private:
  void grow();

  std::vector<std::uint64_t> keys_;         // name << 32 | value of each pair
  std::vector<std::uint32_t> counts_;       // series of each pair
  std::vector<std::uint32_t> slots_;        // number of the pair + 1, 0: free; linear probing
  std::vector<std::uint32_t> refs_;         // of each series
  std::vector<std::uint32_t> pairs_;        // of all series, one after the other
  std::vector<std::uint16_t> pair_counts_;  // of each series
};

}  // namespace tocsin::block
