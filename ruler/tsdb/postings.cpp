#include "tsdb/postings.hpp"

#include <algorithm>

namespace tocsin::tsdb {

void Postings::push_back(SeriesId id) {
  if (size_ == capacity_) set_capacity(capacity_ < 16 ? capacity_ * 2 : capacity_ + capacity_ / 2);
  (is_inline() ? inline_ : array_)[size_++] = id;
}

void Postings::set_capacity(std::uint32_t capacity) {
  if (capacity <= kInline) {
    if (is_inline()) return;
    SeriesId* const old = array_;
    SeriesId kept[kInline] = {};
    std::copy_n(old, size_, kept);
    std::copy_n(kept, kInline, inline_);
    capacity_ = kInline;
    delete[] old;
    return;
  }
  auto* const array = new SeriesId[capacity];
  std::copy_n(is_inline() ? inline_ : array_, size_, array);
  release();
  array_ = array;
  capacity_ = capacity;
}

void Postings::release() {
  if (!is_inline()) delete[] array_;
}

}  // namespace tocsin::tsdb
