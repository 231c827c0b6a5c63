#pragma once
// From a 32-bit id to the page that holds it, without a lock: two levels of pointers that never move.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace tocsin::tsdb {

/// Pages of 2^kPageBits ids. Ids count up and are not used again; a page whose ids are all dead can be taken out.
/// Thread: find() any; put() one at a time; take() any, for a number that is not put at the same time. Owns: the pages
/// that are in it.
template <typename Page, unsigned kPageBits>
class PageDirectory {
 public:
  PageDirectory() = default;
  PageDirectory(const PageDirectory&) = delete;
  PageDirectory& operator=(const PageDirectory&) = delete;
  ~PageDirectory() {
    for (auto& slot : top_) {
      const std::unique_ptr<Leaf> leaf(slot.load(std::memory_order_relaxed));
      if (!leaf) continue;
      for (auto& page : *leaf) delete page.load(std::memory_order_relaxed);
    }
  }

  /// The page of an id, or nullptr.
  Page* find(std::uint32_t id) const { return page(id >> kPageBits); }
  Page* page(std::uint32_t number) const {
    const Leaf* const leaf = top_[number >> kLeafBits].load(std::memory_order_acquire);
    return leaf ? (*leaf)[number & kLeafMask].load(std::memory_order_acquire) : nullptr;
  }
  void put(std::uint32_t number, std::unique_ptr<Page> page) {
    auto& slot = top_[number >> kLeafBits];
    Leaf* leaf = slot.load(std::memory_order_relaxed);
    if (!leaf) {
      leaf = new Leaf{};
      slot.store(leaf, std::memory_order_release);
    }
    (*leaf)[number & kLeafMask].store(page.release(), std::memory_order_release);
  }
  /// Takes a page out; the caller keeps it alive until nobody can have found it before.
  std::unique_ptr<Page> take(std::uint32_t number) {
    Leaf* const leaf = top_[number >> kLeafBits].load(std::memory_order_relaxed);
    return std::unique_ptr<Page>(leaf ? (*leaf)[number & kLeafMask].exchange(nullptr, std::memory_order_acq_rel)
                                      : nullptr);
  }

 private:
  static constexpr unsigned kTopBits = (32 - kPageBits) / 2;
  static constexpr unsigned kLeafBits = 32 - kPageBits - kTopBits;
  static constexpr std::uint32_t kLeafMask = (1U << kLeafBits) - 1;
  using Leaf = std::array<std::atomic<Page*>, 1U << kLeafBits>;

  std::array<std::atomic<Leaf*>, 1U << kTopBits> top_{};
};

}  // namespace tocsin::tsdb
