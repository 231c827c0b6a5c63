#include "tsdb/block_arena.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"

namespace tocsin::tsdb {

/// The current page is full.
void BlockArena::next_page() {
  while (first_with_room_ < with_room_.size() && with_room_[first_with_room_] == 0) ++first_with_room_;
  if (first_with_room_ == with_room_.size()) {
    if (gone_.empty()) {
      current_ = static_cast<std::uint32_t>(states_.size());
      check(current_ < (kNoBlock >> kPageBits), "BUG: more open chunks than blocks can be numbered");
      states_.emplace_back();
    } else {
      current_ = gone_.back();
      gone_.pop_back();
    }
    make_page(current_);
  } else {
    std::uint64_t& word = with_room_[first_with_room_];
    current_ = static_cast<std::uint32_t>(first_with_room_ * 64 + static_cast<unsigned>(std::countr_zero(word)));
    word &= word - 1;
    if (states_[current_].used == 0) --empty_;
  }
  free_in_current_ = kPageBlocks - states_[current_].used;
}

void BlockArena::make_page(std::uint32_t number) {
  auto page = std::make_unique_for_overwrite<Page>();
  for (std::uint32_t i = 0; i < kPageBlocks; ++i) page->blocks[i].previous = (i + 1) % kPageBlocks;
  pages_.put(number, std::move(page));
  states_[number] = {};
  ++page_count_;
}

void BlockArena::has_room(std::uint32_t number) {
  const std::size_t word = number / 64;
  if (with_room_.size() <= word) with_room_.resize(word + 1);
  with_room_[word] |= std::uint64_t{1} << number % 64;
  first_with_room_ = std::min(first_with_room_, word);
}

void BlockArena::became_empty(std::uint32_t number) {
  if (++empty_ <= kSpare) return;
  --empty_;
  --page_count_;
  with_room_[number / 64] &= ~(std::uint64_t{1} << number % 64);
  gone_.push_back(number);
  pages_.take(number);
}

}  // namespace tocsin::tsdb
