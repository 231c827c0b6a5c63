#include "tsdb/feed.hpp"

#include <algorithm>
#include <utility>

#include "base/time.hpp"

namespace tocsin::tsdb {
namespace {

/// So many new series are matched under the commit lock at most; more are matched before it is taken.
constexpr SeriesId kMatchedUnderLock = 64;

}  // namespace

HeadFeed::~HeadFeed() {
  start_over();
}

void HeadFeed::start_over() {
  const MutexLock lock(head_.commit_mutex);
  for (const Series& one : series_) {
    if (one.id != kNoId) head_.feeds.forget(one.id, head_.index.page_of(one.id), box_);
  }
  box_ = {};
  series_.clear();
  free_slots_.clear();
  sequence_ = 0;
  next_ = 0;
}

void HeadFeed::match_new(SeriesId end, Ids& found) {
  if (next_ == 0) {
    found = head_.index.select(matchers_);
    std::erase_if(found, [end](SeriesId id) { return id >= end; });
    next_ = end;
  }
  for (; next_ < end; ++next_) {
    const SeriesPage* const page = head_.index.page_of(next_);
    if (!page) {
      // Whole pages may be gone.
      if (!head_.index.page(next_ >> kSeriesPageBits)) next_ = std::min(end - 1, next_ | (kSeriesPage - 1));
      continue;
    }
    const model::Labels labels = head_.index.labels(*page, index_in_page(next_));
    if (model::match_all(matchers_, labels)) found.push_back(next_);
  }
}

std::uint32_t HeadFeed::take_slot(SeriesId id) {
  std::uint32_t slot = static_cast<std::uint32_t>(series_.size());
  if (free_slots_.empty()) {
    series_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  series_[slot] = {id, kMinTimestamp, false};
  return slot;
}

Result<storage::FeedBatch> HeadFeed::since(std::uint64_t sequence) {
  storage::FeedBatch batch;
  if (sequence != sequence_) {
    start_over();
    batch.lost = true;
    return batch;
  }
  const bool first = sequence_ == 0;
  const Pin pin = head_.reclaimer.pin();
  Ids found;
  while (head_.index.next_series() - next_ > kMatchedUnderLock || next_ == 0) {
    const SeriesId end = head_.index.next_series();
    if (end == 0) break;
    match_new(end, found);
  }
  std::unique_ptr<ReadView> view;
  FeedBox box;
  std::vector<std::uint32_t> fresh;
  {
    const MutexLock lock(head_.commit_mutex);
    match_new(head_.index.next_series(), found);
    view = std::make_unique<ReadView>(head_);
    std::swap(box.changed, box_.changed);
    std::swap(box.gone, box_.gone);
    std::swap(box.rewritten, box_.rewritten);
    std::swap(box.overflown, box_.overflown);
    for (const std::uint32_t slot : box.changed) box_.is_changed[slot] = false;
    for (const SeriesId id : found) {
      SeriesPage* const page = head_.index.page_of(id);
      if (!page) continue;
      fresh.push_back(take_slot(id));
      head_.feeds.watch(id, *page, box_, fresh.back());
    }
  }
  // What was appended since may lie in a block already.
  const Timestamp floor = *view->floor;
  const bool cut = !first && floor > seen_floor_ && floor > seen_max_ - to_ms(head_.options.max_age);
  seen_floor_ = floor;
  seen_max_ = std::max(head_.max_time(), storage::kOldestTime);
  if (box.overflown || cut) {
    start_over();
    batch.lost = true;
    return batch;
  }
  tell_gone(box.gone, batch);
  SeriesReader reader(head_, *view);
  for (const std::uint32_t slot : fresh) TOCSIN_OK(tell_series(reader, slot, !first, batch));
  for (const std::uint32_t slot : box.changed) TOCSIN_OK(tell_series(reader, slot, true, batch));
  join_ranges(box.rewritten);
  batch.rewritten = std::move(box.rewritten);
  batch.sequence = sequence_ = view->snapshot->commit() + 1;
  return batch;
}

void HeadFeed::tell_gone(const std::vector<std::uint32_t>& gone, storage::FeedBatch& batch) {
  for (const std::uint32_t slot : gone) {
    if (series_[slot].came) batch.went.push_back(series_[slot].id);
    series_[slot] = {};
    free_slots_.push_back(slot);
  }
}

/// A series that is seen for the first time, with all of its samples; or what came in order since the last time.
Result<void> HeadFeed::tell_series(SeriesReader& reader, std::uint32_t slot, bool with_samples,
                                   storage::FeedBatch& batch) {
  Series& series = series_[slot];
  if (series.id == kNoId) return {};  // it went
  reader.take(series.id);
  storage::FeedBatch::Points points{series.id, {}};
  if (!series.came) {
    if (!reader.overlaps(storage::kOldestTime, storage::kNewestTime)) return {};
    series.came = true;
    batch.came.emplace_back(series.id, reader.labels());
    if (with_samples) TOCSIN_OK(reader.read(storage::kOldestTime, storage::kNewestTime, points.samples));
  } else {
    TOCSIN_OK(reader.read_in_order(series.told + 1, storage::kNewestTime, points.samples));
  }
  series.told = std::max(series.told, reader.newest_in_order());
  if (points.samples.size() != 0) batch.appended.push_back(std::move(points));
  return {};
}

}  // namespace tocsin::tsdb
