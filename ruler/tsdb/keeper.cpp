#include "tsdb/keeper.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "tsdb/return_memory.hpp"

namespace tocsin::tsdb {
namespace {

/// Pages that are looked through under one hold of the commit lock: 512 series.
constexpr std::uint32_t kSlicePages = 2;
/// Bytes of one record of the index file, about.
constexpr std::size_t kIndexRecordBytes = 4U << 20U;
/// Memory is returned when so many series were collected: ten megabytes, about.
constexpr std::size_t kReturnFrom = 50'000;

std::uint64_t bytes_of(const SeriesExtra& extra) {
  std::uint64_t bytes = sizeof extra + extra.rows_size + extra.runs.capacity() * sizeof(SeriesExtra::Run) +
                        extra.deletions.capacity() * sizeof(Deletion);
  if (extra.histograms) bytes += extra.histograms->bytes();
  if (!extra.late) return bytes;
  bytes += sizeof *extra.late + extra.late->open.capacity() * sizeof(LateSamples::Sample);
  for (const auto& sample : extra.late->open) {
    if (sample.row.histogram) bytes += row_bytes(sample.row) - sizeof(Row);
  }
  return bytes;
}

}  // namespace

Result<void> Keeper::maintain() {
  // A round after the collection: by then readers have let go of what it took out.
  if (collected_ >= kReturnFrom) {
    return_freed_memory();
    collected_ = 0;
  }
  tidy();
  head_.budget.tidy(system_clock().mono());
  if (head_.files.has_full_piece()) TOCSIN_OK(write_chunks(false));
  TOCSIN_OK(drop_old_files());
  if (head_.wal.position().segment == checkpoint_segment_) return {};
  return checkpoint();
}

Result<void> Keeper::write_chunks(bool sync) {
  return head_.files.write_out(sync, [this] { return head_.wal.sync(); });
}

void Keeper::tidy() {
  std::vector<SeriesId> tracked;
  {
    const MutexLock lock(head_.commit_mutex);
    tracked.swap(head_.tracked);
  }
  if (tracked.empty()) return;
  std::ranges::sort(tracked);
  const std::size_t all = tracked.size();
  tracked.erase(std::ranges::unique(tracked).begin(), tracked.end());
  std::size_t left = 0;
  constexpr std::size_t kSlice = 500;
  for (std::size_t at = 0; at < tracked.size(); at += kSlice) {
    const MutexLock lock(head_.commit_mutex);
    const Visibility::Floor floor = head_.visibility.floor();
    for (std::size_t i = at; i < std::min(tracked.size(), at + kSlice); ++i) {
      SeriesPage* const page = head_.index.page_of(tracked[i]);
      if (!page) continue;
      const MutexLock page_lock(page->mutex);
      if (!Visibility::tidy(floor, *page, index_in_page(tracked[i]))) continue;
      head_.tracked.push_back(tracked[i]);
      ++left;
    }
  }
  head_.counters.tracked_series.fetch_sub(all - left, std::memory_order_relaxed);
}

Result<void> Keeper::drop_old_files() {
  const Timestamp newest = head_.max_time();
  const std::int64_t retention = head_.retention_ms.load(std::memory_order_relaxed);
  if (newest != kMinTimestamp && retention != 0) {
    const auto dropped = head_.files.drop_before(newest - retention);
    if (!dropped) return fail(dropped.error());
    count(head_.counters.files_dropped, *dropped);
  }
  const auto dropped = head_.files.drop_in_blocks(head_.floor.oldest_held(), head_.late_in_blocks_before_file);
  if (!dropped) return fail(dropped.error());
  count(head_.counters.files_dropped, *dropped);
  return {};
}

Result<void> Keeper::checkpoint() {
  Pass pass;
  begin(pass);
  auto done = run(pass);
  if (!done) {
    // Those series are not in a checkpoint: they stay to be written.
    const MutexLock lock(head_.commit_mutex);
    head_.logged_since.insert(head_.logged_since.end(), pass.defined.begin(), pass.defined.end());
    count(head_.counters.checkpoint_failures);
    return fail(std::move(done).error().wrap("checkpoint"));
  }
  count(head_.counters.checkpoints);
  checkpoint_segment_ = pass.current;
  TOCSIN_OK(index_files_.remove_others());
  return head_.wal.remove_before(pass.checkpoint.first_segment);
}

/// From here on commits are after the checkpoint; what they change in the tables below is no harm: the log has it.
void Keeper::begin(Pass& pass) {
  const auto files = head_.files.files();
  pass.oldest_file = files.empty() ? chunk_file(head_.files.end()) : files.front().number;
  pass.floor = head_.floor.oldest_held();
  head_.index.set_round(++round_);
  const MutexLock lock(head_.commit_mutex);
  Checkpoint& to = pass.checkpoint;
  to.defined = head_.wal.position();
  to.chunks_end = head_.files.end();
  pass.current = to.defined.segment;
  pass.complete_up_to = complete_up_to(pass.current);
  to.first_segment = pass.current;
  pass.defined.swap(head_.logged_since);
}

/// Chunks that were opened in segments up to this have been open for long enough.
std::uint32_t Keeper::complete_up_to(std::uint32_t current) {
  const Timestamp limit =
      head_.max_time() == kMinTimestamp ? kMinTimestamp : head_.max_time() - to_ms(head_.options.open_chunk_time);
  std::uint32_t segment = 0;
  for (const auto& [number, time] : head_.segment_times) {
    if (number != current && time <= limit) segment = number;
  }
  std::erase_if(head_.segment_times, [&](const auto& one) { return one.first < segment; });
  return std::max(segment, current > 150 ? current - 150 : 0);
}

Result<void> Keeper::run(Pass& pass) {
  const std::uint32_t pages = head_.index.page_count();
  for (std::uint32_t number = 0; number < pages; number += kSlicePages) {
    const MutexLock lock(head_.commit_mutex);
    for (std::uint32_t i = number; i < std::min(pages, number + kSlicePages); ++i) {
      SeriesPage* const page = head_.index.page(i);
      if (!page) continue;
      head_.sweep(*page, i, head_.wal.position().segment, pass.complete_up_to);
      look_at(pass, *page, i);
    }
  }
  {
    const MutexLock lock(head_.commit_mutex);
    head_.swept_segment = pass.current;
  }
  extra_bytes_.store(pass.extra_bytes, std::memory_order_relaxed);
  collect(pass);
  TOCSIN_OK(write_chunks(true));  // all that the table names
  pass.checkpoint.files = head_.files.files();
  pass.checkpoint.min_time = head_.min_time();
  pass.checkpoint.max_time = head_.max_time();
  pass.checkpoint.next_series = head_.index.next_series();
  pass.checkpoint.next_pair = head_.index.next_pair();
  TOCSIN_OK(write_index(pass));
  return head_.fs.write_file_atomic(head_.folder + "/checkpoint", encode_checkpoint(pass.checkpoint));
}

/// Puts the series of a page into the table, or among the dead.
void Keeper::look_at(Pass& pass, SeriesPage& page, std::uint32_t number) {
  const MutexLock lock(page.mutex);
  const std::uint32_t current = head_.wal.position().segment;
  const bool old_page = page.born_round.load(std::memory_order_relaxed) + 2 <= round_;
  for (unsigned i = 0; i < kSeriesPage; ++i) {
    if (!page.is_live(i)) continue;
    const SeriesId id = number << kSeriesPageBits | i;
    const HotSeries& series = page.hot[i];
    const ChunkRef tail = chunk_file(page.tail[i]) >= pass.oldest_file ? page.tail[i] : 0;
    bool late = false;
    if (series.has_extra != 0) {
      late = look_at_late(pass, page, i, id);
      look_at_deletions(pass, page, i, id, late);
      page.tidy_extra(i);
    }
    const bool in_blocks = series.last_time < pass.floor;
    if (series.count == 0 && (tail == 0 || in_blocks) && !late && old_page && !page.pending.test(i)) {
      page.live[i / 64].fetch_and(~(std::uint64_t{1} << (i % 64)), std::memory_order_release);
      pass.dead.push_back(id);
      if (page.watched.test(i)) head_.feeds.went(id, head_.index.labels(page, i));
      continue;
    }
    if (!page.logged.test(i)) continue;
    Timestamp last_time = series.last_time;
    if (series.count > 0) {
      last_time = head_.open_chunk_time(page, i) - 1;
      pass.checkpoint.first_segment = std::min(pass.checkpoint.first_segment, segment_of(series.open_segment, current));
    }
    pass.checkpoint.series.push_back({id, tail, last_time});
  }
  for (const auto& [i, extra] : page.extras) pass.extra_bytes += bytes_of(*extra);
}

/// @return whether it has late samples still.
bool Keeper::look_at_late(Pass& pass, SeriesPage& page, unsigned i, SeriesId id) {
  SeriesExtra& extra = *page.extra(i);
  if (!extra.late) return false;
  LateSamples& late = *extra.late;
  if (chunk_file(late.tail) < pass.oldest_file) late.tail = 0;
  if (late.open.empty() && late.tail == 0) {
    extra.late = nullptr;
    head_.late_series.erase(id);
    return false;
  }
  if (late.tail != 0 && page.logged.test(i)) pass.checkpoint.late.push_back({id, late.tail, late.newest});
  if (!late.open.empty()) {
    const std::uint32_t needed = segment_of(late.open_segment, head_.wal.position().segment);
    pass.checkpoint.first_segment = std::min(pass.checkpoint.first_segment, needed);
  }
  return true;
}

/// Below the floor are blocks, with deletions of their own, and late samples.
void Keeper::look_at_deletions(Pass& pass, SeriesPage& page, unsigned i, SeriesId id, bool late) {
  auto& deletions = page.extra(i)->deletions;
  if (deletions.empty()) return;
  tidy_deletions(deletions, head_.visibility.seen_by_all(), late ? kMinTimestamp : head_.floor.oldest_held());
  if (!page.logged.test(i)) return;
  for (const Deletion& one : deletions) {
    pass.checkpoint.deletions.push_back({id, one.start, one.end, one.chunks_end});
  }
}

void Keeper::collect(Pass& pass) {
  if (pass.dead.empty()) return;
  head_.metadata.remove(pass.dead);
  count(head_.counters.series_removed, pass.dead.size());
  head_.index.remove(pass.dead);
  collected_ += pass.dead.size();
}

Result<void> Keeper::write_index(Pass& pass) {
  const bool mostly_dead =
      indexed_series_ > 10'000 && (indexed_series_ + pass.defined.size()) / 2 > pass.checkpoint.series.size();
  if (index_files_.size() == 0 || mostly_dead || index_failed_) {
    index_files_.begin_new();
    forget_indexed();
    indexed_series_ = 0;
    pass.defined.clear();
    for (const auto& series : pass.checkpoint.series) pass.defined.push_back(series.id);
  }
  std::ranges::sort(pass.defined);
  index_failed_ = true;  // until all is in it
  TOCSIN_OK(define_all(pass.defined));
  index_failed_ = false;
  pass.checkpoint.index_file = index_files_.number();
  pass.checkpoint.index_bytes = index_files_.size();
  return {};
}

/// Writes the labels of those that live still.
Result<void> Keeper::define_all(const std::vector<SeriesId>& ids) {
  WalRecordWriter record;
  std::size_t bytes = 0;
  const auto flush = [&]() -> Result<void> {
    std::string payload;
    record.finish(payload);
    record.clear();
    bytes = 0;
    return payload.empty() ? Result<void>() : index_files_.append(payload);
  };
  for (const SeriesId id : ids) {
    const SeriesPage* const page = head_.index.page_of(id);
    if (!page) continue;
    for (const PairId pair : page->pairs(index_in_page(id))) {
      PairPage& pair_page = head_.index.pair_page(pair);
      if (pair_page.indexed.test(pair % (1U << kPairPageBits))) continue;
      const PairRecord& known = head_.index.pair(pair);
      record.pair(pair, known.name->text(), known.value());
      pair_page.indexed.set(pair % (1U << kPairPageBits));
      bytes += 16 + known.value().size();
    }
    record.series(id, page->pairs(index_in_page(id)));
    ++indexed_series_;
    bytes += 32;
    if (bytes >= kIndexRecordBytes) TOCSIN_OK(flush());
  }
  return flush();
}

void Keeper::forget_indexed() {
  head_.index.for_each_name([this](std::string_view, const std::vector<PairId>& pairs) {
    for (const PairId pair : pairs) head_.index.pair_page(pair).indexed.reset(pair % (1U << kPairPageBits));
  });
}

}  // namespace tocsin::tsdb
