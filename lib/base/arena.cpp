#include "base/arena.hpp"

#include <bit>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOCSIN_ARENA_POISONS 1
#include <sanitizer/asan_interface.h>
#endif
#endif

namespace tocsin {
namespace {

/// For the address sanitizer: nobody may touch the block, or somebody may.
void forbid([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef TOCSIN_ARENA_POISONS
  ASAN_POISON_MEMORY_REGION(block, bytes);
#endif
}
void permit([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef TOCSIN_ARENA_POISONS
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
}

}  // namespace

Pages ArenaChunks::take() {
  {
    const MutexLock lock(mutex_);
    if (!kept_.empty()) {
      Pages chunk = std::move(kept_.back());
      kept_.pop_back();
      return chunk;
    }
    // For give_back(), which must not fail.
    kept_.reserve(most_kept_);
  }
  return Pages(kChunkBytes);
}

void ArenaChunks::give_back(Pages chunk) noexcept {
  const MutexLock lock(mutex_);
  if (kept_.size() < most_kept_) kept_.push_back(std::move(chunk));
}

std::size_t ArenaChunks::kept_bytes() const {
  const MutexLock lock(mutex_);
  return kept_.size() * kChunkBytes;
}

ArenaChunks& ArenaChunks::shared() {
  constexpr std::size_t kKept = 8 * kChunkBytes;
  static ArenaChunks chunks(kKept);
  return chunks;
}

Arena::~Arena() {
  // In the order in which the next arena takes them: the first is the one that every query touches.
  while (!taken_.empty()) {
    permit(taken_.back().data(), ArenaChunks::kChunkBytes);
    chunks_.give_back(std::move(taken_.back()));
    taken_.pop_back();
  }
}

Arena::SizeClass Arena::size_class(std::size_t bytes) {
  constexpr std::size_t kStep = 16;
  if (bytes <= kSmallSizes * kStep) {
    const std::size_t index = bytes == 0 ? 0 : (bytes - 1) / kStep;
    return {index, (index + 1) * kStep};
  }
  // bytes - 1 has `width` bits, of which the highest three name the class.
  const auto width = static_cast<unsigned>(std::bit_width(bytes - 1));
  const unsigned shift = width - 3;
  const std::size_t rounded = ((bytes - 1) >> shift) + 1;  // 5 to 8
  return {kSmallSizes + (width - 8) * 4 + (rounded - 5), rounded << shift};
}

std::byte* Arena::cut(std::size_t bytes) {
  if (static_cast<std::size_t>(end_ - at_) < bytes) {
    at_ = taken_.emplace_back(chunks_.take()).data();
    end_ = at_ + ArenaChunks::kChunkBytes;
    forbid(at_, ArenaChunks::kChunkBytes);
  }
  return std::exchange(at_, at_ + bytes);
}

void* Arena::allocate(std::size_t bytes) {
  if (bytes > kLargestBlock) return ::operator new(bytes);
  const SizeClass size = size_class(bytes);
  Free*& free = free_[size.index];
  if (free == nullptr) {
    std::byte* const block = cut(size.bytes);
    permit(block, bytes);
    return block;
  }
  Free* const block = free;
  permit(block, sizeof(Free));
  free = block->next;
  forbid(block, sizeof(Free));
  permit(block, bytes);
  return block;
}

void Arena::deallocate(void* block, std::size_t bytes) noexcept {
  if (bytes > kLargestBlock) return ::operator delete(block);
  const SizeClass size = size_class(bytes);
  permit(block, sizeof(Free));
  free_[size.index] = new (block) Free{free_[size.index]};
  forbid(block, size.bytes);
}

}  // namespace tocsin
