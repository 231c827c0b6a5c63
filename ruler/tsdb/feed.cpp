#include "tsdb/feed.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/time.hpp"
#include "tsdb/merge_querier.hpp"
#include "tsdb/merge_samples.hpp"

namespace tocsin::tsdb {
namespace {

/// So many new series are matched under the commit lock at most; more are matched before it is taken.
constexpr SeriesId kMatchedUnderLock = 64;

std::vector<block::Ulid> ulids_of(const BlockSet& set) {
  std::vector<block::Ulid> ulids;
  for (const BlockPtr& one : set.blocks) ulids.push_back(one->meta().ulid);
  std::ranges::sort(ulids);
  return ulids;
}

/// The end of the newest block, at least `end`.
Timestamp end_of(const BlockSet& set, Timestamp end) {
  for (const BlockPtr& one : set.blocks) end = std::max(end, one->meta().max_time);
  return end;
}

MergeQuerier querier_of(const std::vector<BlockPtr>& blocks) {
  const auto damaged = [](const std::string& message) { log::error("tsdb", message); };
  std::vector<MergeQuerier::Source> sources;
  for (const BlockPtr& one : blocks) {
    sources.push_back({block::make_block_querier(one, storage::kOldestTime, storage::kNewestTime, damaged),
                       one->meta().min_time, one->meta().max_time - 1});
  }
  return MergeQuerier(std::move(sources));
}

constexpr storage::SelectHints kAllTimes{.start = storage::kOldestTime, .end = storage::kNewestTime};

}  // namespace

HeadFeed::HeadFeed(Head& head, const BlockFolder& blocks, std::span<const model::Matcher> matchers)
    : head_(head), blocks_(blocks), matchers_(matchers.begin(), matchers.end()) {
  const MutexLock lock(head_.commit_mutex);
  head_.feeds.attach(box_);
}

HeadFeed::~HeadFeed() {
  start_over();
  const MutexLock lock(head_.commit_mutex);
  head_.feeds.detach(box_);
}

void HeadFeed::start_over() {
  const MutexLock lock(head_.commit_mutex);
  for (const Series& one : series_) {
    if (one.head != kNoId) head_.feeds.forget(one.head, head_.index.page_of(one.head), box_);
  }
  box_ = {};
  series_.clear();
  free_slots_.clear();
  departed_.clear();
  leaving_.clear();
  sequence_ = 0;
  next_ = 0;
}

Result<storage::FeedBatch> HeadFeed::since(std::uint64_t sequence) {
  storage::FeedBatch batch;
  batch.lost = sequence != sequence_;
  auto told = batch.lost ? Result<void>() : next(batch);
  if (told && !batch.lost) return batch;
  start_over();
  if (!told) return fail(std::move(told).error());
  storage::FeedBatch lost;
  lost.lost = true;
  return lost;
}

Result<void> HeadFeed::next(storage::FeedBatch& batch) {
  const bool first = sequence_ == 0;
  const Pin pin = head_.reclaimer.pin();
  Moment now = look();
  // One that was cut into a block before it was ever looked at is in no list.
  batch.lost = !first && (now.box.overflown || (now.missed && now.floor() > seen_floor_));
  if (batch.lost) return {};
  if (first) {
    TOCSIN_OK(tell_all(now, batch));
  } else {
    TOCSIN_OK(tell_changes(now, batch));
  }
  tell_gone(*now.blocks, batch);
  join_ranges(now.box.rewritten);
  batch.rewritten = std::move(now.box.rewritten);
  seen_floor_ = now.floor();
  seen_max_ = std::max(head_.max_time(), storage::kOldestTime);
  seen_window_ms_ = head_.out_of_order_window_ms.load(std::memory_order_relaxed);
  seen_blocks_ = ulids_of(*now.blocks);
  batch.sequence = sequence_ = now.view->snapshot->commit() + 1;
  return {};
}

bool HeadFeed::match_new(SeriesId end, Ids& found) {
  if (next_ == 0) {
    found = head_.index.select(matchers_);
    std::erase_if(found, [end](SeriesId id) { return id >= end; });
    next_ = end;
  }
  bool all = true;
  for (; next_ < end; ++next_) {
    const SeriesPage* const page = head_.index.page_of(next_);
    if (!page) {
      all = false;
      // Whole pages may be gone.
      if (!head_.index.page(next_ >> kSeriesPageBits)) next_ = std::min(end - 1, next_ | (kSeriesPage - 1));
      continue;
    }
    const model::Labels labels = head_.index.labels(*page, index_in_page(next_));
    if (model::match_all(matchers_, labels)) found.push_back(next_);
  }
  return all;
}

HeadFeed::Moment HeadFeed::look() {
  Moment now;
  Ids found;
  while (head_.index.next_series() - next_ > kMatchedUnderLock || next_ == 0) {
    const SeriesId end = head_.index.next_series();
    if (end == 0) break;
    now.missed |= !match_new(end, found);
  }
  const MutexLock lock(head_.commit_mutex);
  now.missed |= !match_new(head_.index.next_series(), found);
  blocks_.with_set([&](const BlockSetPtr& set) {
    now.blocks = set;
    now.view = std::make_unique<ReadView>(head_);
  });
  std::swap(now.box.changed, box_.changed);
  std::swap(now.box.gone, box_.gone);
  std::swap(now.box.rewritten, box_.rewritten);
  std::swap(now.box.overflown, box_.overflown);
  for (const Slot slot : now.box.changed) box_.is_changed[slot] = false;
  const Timestamp until = end_of(*now.blocks, now.floor());
  for (const FeedBox::Gone& gone : now.box.gone) depart(gone.slot, gone.labels, until);
  for (const SeriesId id : found) {
    if (SeriesPage* const page = head_.index.page_of(id)) {
      now.fresh.push_back(enter(id, *page));
    } else {
      now.missed = true;
    }
  }
  return now;
}

HeadFeed::Slot HeadFeed::enter(SeriesId id, SeriesPage& page) {
  auto known = departed_.end();
  if (!departed_.empty()) known = departed_.find(head_.index.labels(page, index_in_page(id)));
  Slot slot = 0;
  if (known == departed_.end()) {
    slot = take_slot();
  } else {
    slot = known->second;
    departed_.erase(known);
    series_[slot].labels = nullptr;
  }
  series_[slot].head = id;
  head_.feeds.watch(id, page, box_, slot);
  return slot;
}

HeadFeed::Slot HeadFeed::take_slot() {
  Slot slot = static_cast<Slot>(series_.size());
  if (free_slots_.empty()) {
    series_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  series_[slot] = {};
  series_[slot].id = ++last_id_;
  return slot;
}

void HeadFeed::depart(Slot slot, const model::Labels& labels, Timestamp until) {
  Series& series = series_[slot];
  series.head = kNoId;
  series.labels = &departed_.emplace(labels, slot).first->first;
  series.until = leaving_.empty() ? until : std::max(until, leaving_.back().until);
  leaving_.push_back({series.until, slot, series.id});
}

void HeadFeed::free_slot(Slot slot) {
  if (series_[slot].labels) departed_.erase(*series_[slot].labels);
  series_[slot] = {};
  free_slots_.push_back(slot);
}

model::Labels HeadFeed::labels_of(Slot slot) const {
  const Series& series = series_[slot];
  if (series.head == kNoId) return *series.labels;
  return head_.index.labels(*head_.index.page(series.head >> kSeriesPageBits), index_in_page(series.head));
}

Result<void> HeadFeed::tell_all(const Moment& now, storage::FeedBatch& batch) {
  ByLabels in_head;
  SeriesReader reader(head_, *now.view);
  for (const Slot slot : now.fresh) {
    Series& series = series_[slot];
    reader.take(series.head);
    series.came = reader.overlaps(storage::kOldestTime, storage::kNewestTime);
    series.told = std::max(series.told, reader.newest_in_order());
    model::Labels labels = reader.labels();
    if (series.came) batch.came.emplace_back(series.id, labels);
    if (!now.blocks->blocks.empty()) in_head.emplace(std::move(labels), slot);
  }
  if (now.blocks->blocks.empty()) return {};
  const Timestamp until = end_of(*now.blocks, now.floor());
  MergeQuerier querier = querier_of(now.blocks->blocks);
  const auto set = querier.select(kAllTimes, matchers_);
  while (set->next()) {
    const auto known = in_head.find(set->labels());
    const Slot slot = known == in_head.end() ? take_slot() : known->second;
    Series& series = series_[slot];
    if (!std::exchange(series.came, true)) batch.came.emplace_back(series.id, set->labels());
    if (known != in_head.end()) continue;
    series.told = std::max(now.floor() - 1, storage::kOldestTime);
    depart(slot, set->labels(), until);
  }
  return set->status();
}

Result<void> HeadFeed::tell_changes(Moment& now, storage::FeedBatch& batch) {
  std::vector<Slot> slots = now.fresh;
  slots.insert(slots.end(), now.box.changed.begin(), now.box.changed.end());
  BySlot in_blocks;
  if (now.floor() > seen_floor_) {
    TOCSIN_TRY(in_blocks, read_blocks(now, slots));
  }
  SeriesReader reader(head_, *now.view);
  for (const Slot slot : now.fresh) {
    if (series_[slot].came) TOCSIN_OK(tell_late(reader, now, slot, now.box.rewritten));
  }
  for (const Slot slot : slots) TOCSIN_OK(tell_series(reader, slot, in_blocks, batch));
  for (const FeedBox::Gone& gone : now.box.gone) {
    if (series_[gone.slot].head == kNoId && !series_[gone.slot].came) free_slot(gone.slot);
  }
  return {};
}

Result<HeadFeed::BySlot> HeadFeed::read_blocks(const Moment& now, const std::vector<Slot>& slots) {
  BySlot found;
  std::vector<BlockPtr> blocks;
  std::ranges::copy_if(now.blocks->blocks, std::back_inserter(blocks), [this](const BlockPtr& one) {
    return !std::ranges::binary_search(seen_blocks_, one->meta().ulid);
  });
  ByLabels wanted;
  for (const Slot slot : slots) {
    if (series_[slot].told < now.floor() - 1) wanted.emplace(labels_of(slot), slot);
  }
  if (blocks.empty() || wanted.empty()) return found;
  MergeQuerier querier = querier_of(blocks);
  const auto set = querier.select(kAllTimes, matchers_);
  while (set->next()) {
    const auto one = wanted.find(set->labels());
    if (one == wanted.end()) continue;
    const Series& series = series_[one->second];
    const Timestamp from = series.came ? series.told + 1 : storage::kOldestTime;
    storage::SampleColumns samples;
    TOCSIN_OK(set->read(from, storage::kNewestTime, samples));
    if (samples.size() != 0) found.emplace(one->second, std::move(samples));
  }
  TOCSIN_OK(set->status());
  return found;
}

/// A series that is seen for the first time, with all of its samples; or what came in order since the last time.
Result<void> HeadFeed::tell_series(SeriesReader& reader, Slot slot, BySlot& in_blocks, storage::FeedBatch& batch) {
  Series& series = series_[slot];
  storage::FeedBatch::Points points{series.id, {}};
  const auto stored = in_blocks.find(slot);
  if (stored != in_blocks.end()) points.samples = std::move(stored->second);
  storage::SampleColumns recent;
  if (series.head != kNoId) {
    reader.take(series.head);
    const bool is_new = !series.came;
    TOCSIN_OK(is_new ? reader.read(storage::kOldestTime, storage::kNewestTime, recent)
                     : reader.read_in_order(series.told + 1, storage::kNewestTime, recent));
    series.told = std::max(series.told, reader.newest_in_order());
  }
  if (stored != in_blocks.end()) {
    series.told = std::max(series.told, points.samples.times.back());
    in_blocks.erase(stored);
  }
  merge_samples(recent, points.samples, scratch_);
  if (points.samples.size() == 0) return {};
  if (!std::exchange(series.came, true)) batch.came.emplace_back(series.id, labels_of(slot));
  batch.appended.push_back(std::move(points));
  return {};
}

/// Nobody watched when they were committed.
Result<void> HeadFeed::tell_late(SeriesReader& reader, const Moment& now, Slot slot, Ranges& rewritten) {
  const Series& series = series_[slot];
  storage::SampleColumns late;
  reader.take(series.head);
  TOCSIN_OK(reader.read_late(storage::kOldestTime, storage::kNewestTime, late));
  for (const Timestamp t : late.times) rewritten.push_back({t, t});
  if (now.floor() <= seen_floor_) return {};
  // Some may be in blocks already.
  const std::int64_t window = std::max(seen_window_ms_, head_.out_of_order_window_ms.load(std::memory_order_relaxed));
  const Timestamp from = seen_max_ - window;
  if (window > 0 && from < now.floor()) rewritten.push_back({from, now.floor() - 1});
  return {};
}

/// Those that departed, and no block can have a sample of them any more.
void HeadFeed::tell_gone(const BlockSet& blocks, storage::FeedBatch& batch) {
  const Timestamp oldest = blocks.blocks.empty() ? kMaxTimestamp : blocks.blocks.front()->meta().min_time;
  for (; !leaving_.empty() && leaving_.front().until <= oldest; leaving_.pop_front()) {
    const Departed& one = leaving_.front();
    const Series& series = series_[one.slot];
    if (series.id != one.id || series.head != kNoId || series.until != one.until) continue;
    if (series.came) batch.went.push_back(series.id);
    free_slot(one.slot);
  }
}

}  // namespace tocsin::tsdb
