#pragma once
// A hash table of 32-bit ids: eight bytes a slot, the things themselves live elsewhere.

#include <cstdint>
#include <utility>
#include <vector>

namespace tocsin::tsdb {

/// Open addressing with linear probing in order of hash; grows by half, so that a large table is not mostly empty.
/// Thread: as a std::vector.
class IdTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  /// The id with this hash for which `same(id)` holds, or kNone.
  template <typename Same>
  std::uint32_t find(std::uint32_t hash, Same&& same) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = home(hash); slots_[at].id != kNone; at = next(at)) {
      if (slots_[at].hash == hash && same(slots_[at].id)) return slots_[at].id;
    }
    return kNone;
  }

  /// find() or insert() of this hash will be called soon.
  void prefetch(std::uint32_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(hash)], 1);
  }

  /// The id is not in it yet.
  void insert(std::uint32_t hash, std::uint32_t id) {
    if ((size_ + 1) * 5 > slots_.size() * 4) rehash(slots_.size() + slots_.size() / 2 + 16);
    place({hash, id});
    ++size_;
  }

  void erase(std::uint32_t hash, std::uint32_t id) {
    if (slots_.empty()) return;
    std::size_t at = home(hash);
    while (slots_[at].id != id) {
      if (slots_[at].id == kNone) return;
      at = next(at);
    }
    // Move back what was pushed on by the slot that is now free.
    for (std::size_t from = next(at); slots_[from].id != kNone; from = next(from)) {
      const std::size_t wanted = home(slots_[from].hash);
      if (distance(wanted, from) >= distance(at, from)) {
        slots_[at] = slots_[from];
        at = from;
      }
    }
    slots_[at].id = kNone;
    --size_;
  }

  /// Gives memory back when most of it is empty.
  void shrink() {
    if (slots_.size() > 64 && size_ * 4 < slots_.size()) rehash(size_ * 2 + 16);
  }

  void reserve(std::size_t count) {
    if (count * 5 > slots_.size() * 4) rehash(count + count / 4 + 16);
  }

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = kNone;
  };

  std::size_t home(std::uint32_t hash) const {
    return static_cast<std::size_t>((static_cast<std::uint64_t>(hash) * slots_.size()) >> 32U);
  }
  std::size_t next(std::size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  std::size_t distance(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + slots_.size() - from;
  }
  void place(Slot slot) {
    std::size_t at = home(slot.hash);
    while (slots_[at].id != kNone) at = next(at);
    slots_[at] = slot;
  }
  void rehash(std::size_t count) {
    std::vector<Slot> old(count);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id != kNone) place(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace tocsin::tsdb
