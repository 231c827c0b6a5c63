#include "storage/id_lists.hpp"

#include <algorithm>
#include <bit>

namespace tocsin::storage {
namespace {

/// First position from `at` on whose id is not below `id`: steps that double, then halves.
const std::uint32_t* gallop(const std::uint32_t* at, const std::uint32_t* end, std::uint32_t id) {
  std::size_t step = 1;
  const std::uint32_t* low = at;
  while (static_cast<std::size_t>(end - low) > step && low[step] < id) {
    low += step;
    step *= 2;
  }
  const std::uint32_t* const high = static_cast<std::size_t>(end - low) > step ? low + step : end;
  return std::lower_bound(low, high, id);
}

}  // namespace

void intersect(Ids& ids, std::span<const std::uint32_t> other) {
  auto out = ids.begin();
  const std::uint32_t* at = other.data();
  const std::uint32_t* const end = at + other.size();
  if (other.size() >= ids.size()) {
    for (const std::uint32_t id : ids) {
      at = gallop(at, end, id);
      if (at == end) break;
      if (*at == id) *out++ = id;
    }
  } else {
    const std::uint32_t* mine = ids.data();
    const std::uint32_t* const mine_end = mine + ids.size();
    for (; at != end; ++at) {
      mine = gallop(mine, mine_end, *at);
      if (mine == mine_end) break;
      if (*mine == *at) *out++ = *at;  // at or before `mine`: nothing unread is overwritten
    }
  }
  ids.erase(out, ids.end());
}

void subtract(Ids& ids, std::span<const std::uint32_t> other) {
  auto out = ids.begin();
  const std::uint32_t* at = other.data();
  const std::uint32_t* const end = at + other.size();
  for (const std::uint32_t id : ids) {
    at = gallop(at, end, id);
    if (at == end || *at != id) *out++ = id;
  }
  ids.erase(out, ids.end());
}

Ids unite(std::vector<std::span<const std::uint32_t>> lists) {
  Ids all;
  if (lists.empty()) return all;
  if (lists.size() == 1) return {lists[0].begin(), lists[0].end()};
  std::size_t total = 0;
  std::uint32_t least = 0xffffffffU;
  std::uint32_t greatest = 0;
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
    for (const std::uint32_t id : list) bits[(id - least) / 64] |= std::uint64_t{1} << ((id - least) % 64);
  }
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t left = bits[word]; left != 0; left &= left - 1) {
      all.push_back(least + static_cast<std::uint32_t>(word * 64 + static_cast<unsigned>(std::countr_zero(left))));
    }
  }
  return all;
}

}  // namespace tocsin::storage
