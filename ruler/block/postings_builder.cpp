#include "block/postings_builder.hpp"

#include <algorithm>
#include <numeric>

namespace tocsin::block {
namespace {

std::size_t slot_of(std::uint64_t key, std::size_t slots) {
  return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15ULL) >> 20U) & (slots - 1);
}

}  // namespace

std::uint32_t PostingsBuilder::pair(std::uint32_t name, std::uint32_t value) {
  if (keys_.size() * 2 >= slots_.size()) grow();
  const std::uint64_t key = std::uint64_t{name} << 32U | value;
  std::size_t slot = slot_of(key, slots_.size());
  while (slots_[slot] != 0) {
    if (keys_[slots_[slot] - 1] == key) return slots_[slot] - 1;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  keys_.push_back(key);
  counts_.push_back(0);
  slots_[slot] = static_cast<std::uint32_t>(keys_.size());
  return slots_[slot] - 1;
}

void PostingsBuilder::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    std::size_t slot = slot_of(keys_[i], slots_.size());
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(i) + 1;
  }
}

void PostingsBuilder::add(std::uint32_t ref, std::span<const std::uint32_t> pairs) {
  refs_.push_back(ref);
  pair_counts_.push_back(static_cast<std::uint16_t>(pairs.size()));
  pairs_.insert(pairs_.end(), pairs.begin(), pairs.end());
  for (const std::uint32_t pair : pairs) ++counts_[pair];
}

Result<void> PostingsBuilder::each(const Each& each, std::size_t refs_per_pass) const {
  std::vector<std::uint32_t> order(keys_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [this](std::uint32_t pair) { return keys_[pair]; });

  constexpr std::uint32_t kNotNow = 0xffffffffU;
  std::vector<std::uint32_t> places(keys_.size(), kNotNow);  // where the next ref of a pair goes
  std::vector<std::uint32_t> lists;
  for (std::size_t from = 0, to = 0; from < order.size(); from = to) {
    std::size_t total = 0;
    for (; to < order.size() && (total == 0 || total + counts_[order[to]] <= refs_per_pass); ++to) {
      places[order[to]] = static_cast<std::uint32_t>(total);
      total += counts_[order[to]];
    }
    lists.resize(total);
    std::size_t at = 0;
    for (std::size_t series = 0; series < refs_.size(); ++series) {
      for (const std::size_t end = at + pair_counts_[series]; at < end; ++at) {
        std::uint32_t& place = places[pairs_[at]];
        if (place != kNotNow) lists[place++] = refs_[series];
      }
    }
    std::size_t begin = 0;
    for (std::size_t i = from; i < to; ++i) {
      const std::uint32_t pair = order[i];
      TOCSIN_OK(each(static_cast<std::uint32_t>(keys_[pair] >> 32U), static_cast<std::uint32_t>(keys_[pair]),
                     std::span(lists).subspan(begin, counts_[pair])));
      begin += counts_[pair];
      places[pair] = kNotNow;
    }
  }
  return {};
}

}  // namespace tocsin::block
