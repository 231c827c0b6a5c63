#include "tsdb/feed_hub.hpp"

#include <algorithm>

namespace tocsin::tsdb {

void join_ranges(std::vector<storage::FeedBatch::Range>& ranges) {
  using Range = storage::FeedBatch::Range;
  std::ranges::sort(ranges, {}, &Range::start);
  std::size_t kept = 0;
  for (const Range& one : ranges) {
    if (kept > 0 && one.start <= ranges[kept - 1].end + 1) {
      ranges[kept - 1].end = std::max(ranges[kept - 1].end, one.end);
    } else {
      ranges[kept++] = one;
    }
  }
  ranges.resize(kept);
}

void FeedHub::watch(SeriesId id, SeriesPage& page, FeedBox& box, std::uint32_t slot) {
  page.watched.set(index_in_page(id));
  watchers_[id].push_back({&box, slot});
  if (box.is_changed.size() <= slot) box.is_changed.resize(slot + 1);
  box.is_changed[slot] = false;
}

void FeedHub::forget(SeriesId id, SeriesPage* page, const FeedBox& box) {
  const auto at = watchers_.find(id);
  if (at == watchers_.end()) return;
  std::erase_if(at->second, [&](const Watcher& one) { return one.box == &box; });
  if (!at->second.empty()) return;
  watchers_.erase(at);
  if (page) page->watched.reset(index_in_page(id));
}

void FeedHub::changed(SeriesId id) {
  for (const auto& [box, slot] : watchers_.at(id)) {
    if (box->is_changed[slot]) continue;
    box->is_changed[slot] = true;
    box->changed.push_back(slot);
  }
}

void FeedHub::rewrote(SeriesId id, Timestamp start, Timestamp end) {
  for (const Watcher& one : watchers_.at(id)) add_range(*one.box, start, end);
}

void FeedHub::rewrote_all(Timestamp start, Timestamp end) {
  for (FeedBox* const box : boxes_) add_range(*box, start, end);
}

void FeedHub::add_range(FeedBox& box, Timestamp start, Timestamp end) {
  auto& ranges = box.rewritten;
  if (!ranges.empty() && start <= ranges.back().end && end >= ranges.back().start) {
    ranges.back() = {std::min(start, ranges.back().start), std::max(end, ranges.back().end)};
    return;
  }
  if (box.overflown) return;
  ranges.push_back({start, end});
  if (ranges.size() <= kMaxRanges) return;
  join_ranges(ranges);
  box.overflown = ranges.size() > kMaxRanges / 2;
  if (box.overflown) ranges = {};
}

void FeedHub::went(SeriesId id, const model::Labels& labels) {
  const auto node = watchers_.extract(id);
  for (const auto& [box, slot] : node.mapped()) box->gone.push_back({slot, labels});
}

}  // namespace tocsin::tsdb
