#pragma once
// Memory of a piece of work, as a query: blocks are cut from large chunks, a freed block serves the next one of its
// size, and what is left goes at once at the end. Chunks go from one arena to the next, so that the kernel need not
// clear pages for each of them.

#include <array>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/pages.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin {

/// Chunks that arenas gave back. Thread: any. Outlives its arenas.
class ArenaChunks {
 public:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;

  /// @param keep_bytes  what lies here for the next arena at most; more goes back to the system.
  explicit ArenaChunks(std::size_t keep_bytes) : most_kept_(keep_bytes / kChunkBytes) {}

  /// kChunkBytes; the one that was given back last, whose pages are likely to be in a cache. Throws std::bad_alloc.
  Pages take() TOCSIN_EXCLUDES(mutex_);
  void give_back(Pages chunk) noexcept TOCSIN_EXCLUDES(mutex_);
  /// What lies here now.
  std::size_t kept_bytes() const TOCSIN_EXCLUDES(mutex_);

  /// Of the process: keeps eight megabytes.
  static ArenaChunks& shared();

 private:
  const std::size_t most_kept_;
  mutable Mutex mutex_;
  std::vector<Pages> kept_ TOCSIN_GUARDED_BY(mutex_);
};

/// Thread: one at a time.
class Arena {
 public:
  /// Larger blocks are the heap's.
  static constexpr std::size_t kLargestBlock = ArenaChunks::kChunkBytes / 8;

  explicit Arena(ArenaChunks& chunks = ArenaChunks::shared()) : chunks_(chunks) {}
  /// All blocks but those larger than kLargestBlock go with it.
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Aligned for all types of up to 16 bytes' alignment. Throws std::bad_alloc.
  void* allocate(std::size_t bytes);
  /// @param bytes  as allocate() was told.
  void deallocate(void* block, std::size_t bytes) noexcept;
  /// What it has of its chunks.
  std::size_t reserved_bytes() const { return taken_.size() * ArenaChunks::kChunkBytes; }

 private:
  struct Free {
    Free* next;
  };
  // Sizes up to 128 bytes by sixteens, then four to each power of two.
  static constexpr std::size_t kSmallSizes = 8, kSizes = kSmallSizes + 40;
  struct SizeClass {
    std::size_t index, bytes;
  };
  static SizeClass size_class(std::size_t bytes);
  std::byte* cut(std::size_t bytes);

  ArenaChunks& chunks_;
  std::byte* at_ = nullptr;  // what is left of the last chunk
  std::byte* end_ = nullptr;
  std::array<Free*, kSizes> free_{};
  std::vector<Pages> taken_;
};

/// For standard containers. Goes with the memory when a container is moved or swapped, so that arrays of different
/// origin may change places; without an arena it is the heap. Numbers that are made without a value, as by resize(n),
/// have none: resize(n, 0) says that they are to be zero.
template <typename T>
class ArenaAllocator {
 public:
  static_assert(alignof(T) <= 16);
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;
  using is_always_equal = std::false_type;

  ArenaAllocator() = default;
  ArenaAllocator(Arena* arena) : arena_(arena) {}  // NOLINT(google-explicit-constructor): std::vector<T, …> v(&arena)
  template <typename U>
  ArenaAllocator(const ArenaAllocator<U>& other) : arena_(other.arena()) {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    if (arena_ == nullptr) return static_cast<T*>(::operator new(count * sizeof(T)));
    return static_cast<T*>(arena_->allocate(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept {
    if (arena_ == nullptr) return ::operator delete(block);
    arena_->deallocate(block, count * sizeof(T));
  }
  template <typename U>
  void construct(U* at) noexcept(std::is_nothrow_default_constructible_v<U>) {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename First, typename... Rest>
  void construct(U* at, First&& first, Rest&&... rest) {
    ::new (static_cast<void*>(at)) U(std::forward<First>(first), std::forward<Rest>(rest)...);
  }
  Arena* arena() const { return arena_; }
  friend bool operator==(const ArenaAllocator& a, const ArenaAllocator& b) { return a.arena_ == b.arena_; }

 private:
  Arena* arena_ = nullptr;
};

/// An array of an arena, or of the heap.
template <typename T>
using ArenaVector = std::vector<T, ArenaAllocator<T>>;

}  // namespace tocsin
