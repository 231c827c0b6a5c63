#pragma once
// Blocks of 64 bytes for open chunks. One size for all: memory that one series gives back serves every other, so the
// arena is as large as the sum of what is open and not as the peak of each size.
//
// Blocks lie in pages of 1,024. What is taken comes from the lowest page that has room, so that what is open moves
// together there, and pages above it become empty and go back to the allocator.

#include <cstdint>
#include <memory>
#include <vector>

#include "tsdb/page_directory.hpp"

namespace tocsin::tsdb {

inline constexpr std::uint32_t kNoBlock = 0xffffffffU;
inline constexpr unsigned kBlockBytes = 60;
inline constexpr unsigned kBlockBits = kBlockBytes * 8;

/// A link of a chain: the last block of a chunk knows the one before it. One line of the cache.
struct alignas(64) Block {
  std::uint8_t data[kBlockBytes];
  std::uint32_t previous;
};
static_assert(sizeof(Block) == 64);

/// Thread: take() and give_back() under the commit lock; at() from any thread, for blocks of a series whose page is
/// locked (nobody can give those back meanwhile, so their page of blocks stays).
class BlockArena {
 public:
  std::uint32_t take() {
    if (free_in_current_ == 0) next_page();
    --free_in_current_;
    PageState& state = states_[current_];
    const std::uint32_t id = current_ << kPageBits | state.first_free;
    state.first_free = static_cast<std::uint16_t>(at(id).previous);
    ++state.used;
    ++used_;
    // Its first bytes are written soon, and the one after it is asked where the next is.
    if (free_in_current_ > 0) prefetch(current_ << kPageBits | state.first_free);
    return id;
  }
  void give_back(std::uint32_t id) {
    const std::uint32_t number = id >> kPageBits;
    PageState& state = states_[number];
    at(id).previous = state.first_free;
    state.first_free = static_cast<std::uint16_t>(id % kPageBlocks);
    --state.used;
    --used_;
    if (number == current_) {
      ++free_in_current_;
    } else if (state.used == kPageBlocks - 1) {
      has_room(number);
    } else if (state.used == 0) {
      became_empty(number);
    }
  }
  Block& at(std::uint32_t id) const { return pages_.find(id)->blocks[id % kPageBlocks]; }
  /// The block will be written to soon.
  void prefetch(std::uint32_t id) const {
    if (id != kNoBlock) __builtin_prefetch(&at(id), 1);
  }

  std::size_t used() const { return used_; }
  std::size_t bytes() const { return page_count_ * sizeof(Page); }

 private:
  static constexpr unsigned kPageBits = 10;
  static constexpr std::uint32_t kPageBlocks = 1U << kPageBits;
  /// Empty pages that are kept: a mebibyte.
  static constexpr std::uint32_t kSpare = 16;
  struct Page {
    Block blocks[kPageBlocks];
  };
  struct PageState {
    std::uint16_t first_free = 0;  // each free block names the next in its field `previous`
    std::uint16_t used = 0;
  };
  void next_page();
  void make_page(std::uint32_t number);
  void has_room(std::uint32_t number);
  void became_empty(std::uint32_t number);

  PageDirectory<Page, kPageBits> pages_;
  std::vector<PageState> states_;         // by number of the page, those that are gone too
  std::vector<std::uint64_t> with_room_;  // a bit for each page that has free blocks and is not the current one
  std::size_t first_with_room_ = 0;       // no word before this has a bit
  std::vector<std::uint32_t> gone_;       // numbers to be used again
  std::uint32_t current_ = 0;             // blocks are taken from it, if there are pages
  std::uint32_t free_in_current_ = 0;
  std::uint32_t page_count_ = 0;
  std::uint32_t empty_ = 0;  // pages that have no used block, the current one not counted
  std::size_t used_ = 0;
};

}  // namespace tocsin::tsdb
