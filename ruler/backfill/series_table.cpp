#include "backfill/series_table.hpp"

#include <algorithm>
#include <iterator>

namespace tocsin::backfill {
namespace {

std::uint32_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32U);
}

}  // namespace

std::uint32_t SeriesTable::find(std::string_view text, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].number != kNone; at = (at + 1) & mask) {
    if (slots_[at].tag == tag_of(hash) && texts_[slots_[at].number].text == text) return slots_[at].number;
  }
  return kNone;
}

std::string_view SeriesTable::keep(std::string_view text) {
  if (arena_.empty() || arena_.back().capacity() - arena_.back().size() < text.size()) {
    arena_.emplace_back().reserve(std::max(kArenaBytes, text.size()));
  }
  std::string& room = arena_.back();
  room += text;
  return std::string_view(room).substr(room.size() - text.size());
}

void SeriesTable::grow() {
  slots_.assign(slots_.size() * 2, {});
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t number = 0; number < hashes_.size(); ++number) {
    std::size_t at = hashes_[number] & mask;
    while (slots_[at].number != kNone) at = (at + 1) & mask;
    slots_[at] = {tag_of(hashes_[number]), number};
  }
}

std::uint32_t SeriesTable::add(std::string_view text, std::uint64_t hash, const model::Labels& labels) {
  const auto [place, is_new] = by_labels_.try_emplace(labels, static_cast<std::uint32_t>(labels_.size()));
  if (is_new) labels_.push_back(&place->first);
  const auto number = static_cast<std::uint32_t>(texts_.size());
  texts_.push_back({keep(text), place->second, number});
  hashes_.push_back(hash);
  if (texts_.size() * 2 > slots_.size()) {
    grow();
    return number;
  }
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].number != kNone) at = (at + 1) & mask;
  slots_[at] = {tag_of(hash), number};
  return number;
}

const std::vector<std::uint32_t>& SeriesTable::order() {
  if (order_.size() == labels_.size()) return order_;
  const auto before = [this](std::uint32_t a, std::uint32_t b) { return *labels_[a] < *labels_[b]; };
  std::vector<std::uint32_t> fresh;
  for (std::size_t i = order_.size(); i < labels_.size(); ++i) fresh.push_back(static_cast<std::uint32_t>(i));
  std::sort(fresh.begin(), fresh.end(), before);
  std::vector<std::uint32_t> merged;
  merged.reserve(labels_.size());
  std::merge(order_.begin(), order_.end(), fresh.begin(), fresh.end(), std::back_inserter(merged), before);
  order_ = std::move(merged);
  return order_;
}

const std::vector<std::uint32_t>& SeriesTable::ranks() {
  if (ranks_.size() == labels_.size()) return ranks_;
  const auto& sorted = order();
  ranks_.resize(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) ranks_[sorted[i]] = static_cast<std::uint32_t>(i);
  return ranks_;
}

}  // namespace tocsin::backfill
