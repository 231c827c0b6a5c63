#include "tsdb/series_page.hpp"

#include <algorithm>

namespace tocsin::tsdb {

SeriesExtra* SeriesPage::extra(unsigned index) {
  const auto at = std::ranges::lower_bound(extras, index, {}, [](const auto& one) { return one.first; });
  return at != extras.end() && at->first == index ? at->second.get() : nullptr;
}

SeriesExtra& SeriesPage::make_extra(unsigned index) {
  const auto at = std::ranges::lower_bound(extras, index, {}, [](const auto& one) { return one.first; });
  if (at != extras.end() && at->first == index) return *at->second;
  hot[index].has_extra = 1;
  return *extras.emplace(at, static_cast<std::uint8_t>(index), std::make_unique<SeriesExtra>())->second;
}

void SeriesPage::tidy_extra(unsigned index) {
  const auto at = std::ranges::lower_bound(extras, index, {}, [](const auto& one) { return one.first; });
  if (at == extras.end() || at->first != index || !at->second->idle()) return;
  hot[index].has_extra = 0;
  extras.erase(at);
  if (extras.empty()) extras.shrink_to_fit();
}

std::uint32_t* SeriesPage::label_words(std::uint32_t count) {
  constexpr std::uint32_t kChunkWords = 512;
  if (count > label_left) {
    const std::uint32_t size = std::max(kChunkWords, count);
    label_chunks.push_back(std::make_unique_for_overwrite<std::uint32_t[]>(size));
    label_at = label_chunks.back().get();
    label_left = size;
    label_bytes += size * sizeof(std::uint32_t);
  }
  std::uint32_t* const words = label_at;
  label_at += count;
  label_left -= count;
  return words;
}

}  // namespace tocsin::tsdb
