#include "tsdb/block_arena.hpp"

#include "base/check.hpp"

namespace tocsin::tsdb {

void BlockArena::grow() {
  check(page_count_ < (kNoBlock >> kPageBits), "BUG: more open chunks than blocks can be numbered");
  auto page = std::make_unique_for_overwrite<Page>();
  const std::uint32_t first = page_count_ << kPageBits;
  for (std::uint32_t i = 0; i < kPageBlocks; ++i) {
    page->blocks[i].previous = i + 1 < kPageBlocks ? first + i + 1 : kNoBlock;
  }
  pages_.put(page_count_, std::move(page));
  ++page_count_;
  free_ = first;
}

}  // namespace tocsin::tsdb
