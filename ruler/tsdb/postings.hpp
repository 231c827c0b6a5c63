#pragma once
// Which series have a label pair: ascending ids. Most pairs of a churning label belong to one series, so two ids fit
// into the record itself.

#include <cstdint>
#include <span>
#include <vector>

#include "storage/id_lists.hpp"

namespace tocsin::tsdb {

using SeriesId = std::uint32_t;
using Ids = storage::Ids;

/// 16 bytes and, from the third id on, an array. Thread: as a std::vector.
class Postings {
 public:
  Postings() = default;
  Postings(const Postings&) = delete;
  Postings& operator=(const Postings&) = delete;
  ~Postings() { release(); }

  /// Ids come in ascending order.
  void push_back(SeriesId id);
  std::span<const SeriesId> ids() const { return {is_inline() ? inline_ : array_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Removes the ids for which `dead(id)` holds.
  template <typename Dead>
  void remove_if(Dead&& dead) {
    SeriesId* const first = is_inline() ? inline_ : array_;
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (!dead(first[i])) first[kept++] = first[i];
    }
    size_ = kept;
    if (!is_inline() && size_ * 2 < capacity_) set_capacity(size_);
  }
  /// Beyond the record itself.
  std::size_t heap_bytes() const { return is_inline() ? 0 : capacity_ * sizeof(SeriesId); }

 private:
  static constexpr std::uint32_t kInline = 2;
  bool is_inline() const { return capacity_ <= kInline; }
  void set_capacity(std::uint32_t capacity);
  void release();

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInline;
  union {
    SeriesId inline_[kInline] = {};
    SeriesId* array_;
  };
};
static_assert(sizeof(Postings) == 16);

using storage::intersect;
using storage::subtract;
using storage::unite;

}  // namespace tocsin::tsdb
