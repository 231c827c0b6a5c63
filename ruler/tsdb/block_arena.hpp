#pragma once
// Blocks of 64 bytes for open chunks. One size for all: memory that one series gives back serves every other, so the
// arena is as large as the sum of what is open and not as the peak of each size.

#include <cstdint>
#include <memory>
#include <vector>

#include "tsdb/page_directory.hpp"

namespace tocsin::tsdb {

inline constexpr std::uint32_t kNoBlock = 0xffffffffU;
inline constexpr unsigned kBlockBytes = 60;
inline constexpr unsigned kBlockBits = kBlockBytes * 8;

/// A link of a chain: the last block of a chunk knows the one before it.
struct Block {
  std::uint8_t data[kBlockBytes];
  std::uint32_t previous;
};
static_assert(sizeof(Block) == 64);

/// Thread: take() and give_back() under the commit lock; at() from any thread, for blocks of a series whose page is
/// locked (nobody can give those back meanwhile).
class BlockArena {
 public:
  std::uint32_t take() {
    if (free_ == kNoBlock) grow();
    const std::uint32_t id = free_;
    free_ = at(id).previous;
    ++used_;
    return id;
  }
  void give_back(std::uint32_t id) {
    at(id).previous = free_;
    free_ = id;
    --used_;
  }
  Block& at(std::uint32_t id) const { return pages_.find(id)->blocks[id % kPageBlocks]; }

  std::size_t used() const { return used_; }
  std::size_t bytes() const { return page_count_ * sizeof(Page); }

 private:
  static constexpr unsigned kPageBits = 10;
  static constexpr std::uint32_t kPageBlocks = 1U << kPageBits;
  struct Page {
    Block blocks[kPageBlocks];
  };
  void grow();

  PageDirectory<Page, kPageBits> pages_;
  std::uint32_t page_count_ = 0;
  std::uint32_t free_ = kNoBlock;
  std::size_t used_ = 0;
};

}  // namespace tocsin::tsdb
