#include "tsdb/postings.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

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

namespace {

/// First position from `at` on whose id is not below `id`: steps that double, then halves.
const SeriesId* gallop(const SeriesId* at, const SeriesId* end, SeriesId id) {
  std::size_t step = 1;
  const SeriesId* low = at;
  while (static_cast<std::size_t>(end - low) > step && low[step] < id) {
    low += step;
    step *= 2;
  }
  const SeriesId* const high = static_cast<std::size_t>(end - low) > step ? low + step : end;
  return std::lower_bound(low, high, id);
}

}  // namespace

void intersect(Ids& ids, std::span<const SeriesId> other) {
  auto out = ids.begin();
  const SeriesId* at = other.data();
  const SeriesId* const end = at + other.size();
  if (other.size() >= ids.size()) {
    for (const SeriesId id : ids) {
      at = gallop(at, end, id);
      if (at == end) break;
      if (*at == id) *out++ = id;
    }
  } else {
    const SeriesId* mine = ids.data();
    const SeriesId* const mine_end = mine + ids.size();
    for (; at != end; ++at) {
      mine = gallop(mine, mine_end, *at);
      if (mine == mine_end) break;
      if (*mine == *at) *out++ = *at;  // at or before `mine`: nothing unread is overwritten
    }
  }
  ids.erase(out, ids.end());
}

void subtract(Ids& ids, std::span<const SeriesId> other) {
  auto out = ids.begin();
  const SeriesId* at = other.data();
  const SeriesId* const end = at + other.size();
  for (const SeriesId id : ids) {
    at = gallop(at, end, id);
    if (at == end || *at != id) *out++ = id;
  }
  ids.erase(out, ids.end());
}

Ids unite(std::vector<std::span<const SeriesId>> lists) {
  Ids all;
  if (lists.empty()) return all;
  if (lists.size() == 1) return {lists[0].begin(), lists[0].end()};
  std::size_t total = 0;
  SeriesId least = 0xffffffffU;
  SeriesId greatest = 0;
  for (const auto& list : lists) {
    if (list.empty()) continue;
    total += list.size();
    least = std::min(least, list.front());
    greatest = std::max(greatest, list.back());
  }
  all.reserve(total);
  if (total == 0) return all;
  if (total < (greatest - least) / 64) {
    for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }
  std::vector<std::uint64_t> bits((greatest - least) / 64 + 1);  // dense: a bit for each id of the range
  for (const auto& list : lists) {
    for (const SeriesId id : list) bits[(id - least) / 64] |= std::uint64_t{1} << ((id - least) % 64);
  }
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t left = bits[word]; left != 0; left &= left - 1) {
      all.push_back(least + static_cast<SeriesId>(word * 64 + static_cast<unsigned>(std::countr_zero(left))));
    }
  }
  return all;
}

}  // namespace tocsin::tsdb
