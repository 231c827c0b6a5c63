#include "tsdb/committer.hpp"

#include <algorithm>

#include "tsdb/series_reader.hpp"
#include "tsdb/xor_chunk.hpp"

namespace tocsin::tsdb {
namespace {

/// Sample i of a batch; `special` walks along the special ones as i grows.
SampleIn sample_of(const Batch& batch, std::size_t i, std::size_t& special) {
  SampleIn sample{batch.time(i), batch.values[i], 0, nullptr};
  while (special < batch.specials.size() && batch.specials[special].index < i) ++special;
  if (special < batch.specials.size() && batch.specials[special].index == i) [[unlikely]] {
    const Batch::Special& one = batch.specials[special];
    sample.start = one.start;
    if (one.histogram) sample.histogram = &one.histogram;
  }
  return sample;
}

}  // namespace

Result<void> Committer::commit(std::uint16_t slot, Batch& batch) {
  head_.commits_waiting.fetch_add(1, std::memory_order_relaxed);
  const MutexLock lock(head_.commit_mutex);
  head_.commits_waiting.fetch_sub(1, std::memory_order_release);
  auto done = commit_locked(slot, batch);
  count(done ? head_.counters.commits : head_.counters.commits_failed);
  return done;
}

Result<void> Committer::commit_locked(std::uint16_t slot, Batch& batch) {
  if (head_.closed) return fail(Errc::kUnavailable, "the store is closed");
  if (batch.empty()) return {};
  ahead_ = !head_.whole.load(std::memory_order_relaxed);
  if (ahead_) return commit_ahead(batch);
  judge(slot, batch);
  const Timestamp time = main_time(batch);
  if (auto logged = log(batch, time); !logged) {
    clear_pending(batch);
    forget_definitions();
    return logged;
  }
  apply(slot, batch, time);
  apply_exemplars(batch);
  apply_metadata(batch);
  return {};
}

Timestamp Committer::main_time(const Batch& batch) const {
  return batch.size() > 0 ? batch.main_time() : std::max(head_.max_time(), storage::kOldestTime);
}

/// Before the head is whole: nobody knows yet which samples clash with what is in the log, so all are logged.
Result<void> Committer::commit_ahead(Batch& batch) {
  accepted_ = 0;
  for (SeriesId& id : batch.ids) {
    if (page_for(id)) {
      ++accepted_;
    } else {
      id = kNoId;
    }
  }
  late_ = 0;
  for (Batch::Late& late : batch.late) {
    if (page_for(late.id)) {
      ++late_;
    } else {
      late.id = kNoId;
    }
  }
  if (auto logged = log(batch, main_time(batch)); !logged) {
    forget_definitions();
    return logged;
  }
  if (accepted_ > 0) saw_times(batch);
  count(head_.counters.samples, accepted_ + late_);
  count(head_.counters.exemplars, batch.exemplars.size());
  apply_metadata(batch);
  return {};
}

/// Decides which samples are taken: the others get kNoId. A series of the batch is marked in its page until apply().
void Committer::judge(std::uint16_t slot, Batch& batch) {
  repeats_ = takes_over_ = false;
  accepted_ = special_ = 0;
  if (!latest_.empty()) latest_ = {};  // clear() would walk the buckets of the largest batch each time
  turned_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    SeriesPage* const page = page_for(batch.ids[i]);
    const Verdict verdict = page ? judge_one(batch, i, *page) : Verdict::kDropped;
    if (verdict == Verdict::kLate) {
      turned_.push_back({batch.ids[i], i, row_of(sample_of(batch, i, special_))});
    }
    if (verdict != Verdict::kTaken) {
      batch.ids[i] = kNoId;
      continue;
    }
    ++accepted_;
    const unsigned index = index_in_page(batch.ids[i]);
    const HotSeries& series = page->hot_for_writer(index);
    takes_over_ |= series.owner != slot && series.last_time != kMinTimestamp;
    page->pending.set(index);
  }
  late_ = 0;
  if (!batch.late.empty() || !turned_.empty()) judge_late_ones(batch);
}

Committer::Verdict Committer::judge_one(const Batch& batch, std::size_t i, SeriesPage& page) {
  const SeriesId id = batch.ids[i];
  const unsigned index = index_in_page(id);
  const HotSeries& series = page.hot_for_writer(index);
  const Timestamp t = batch.time(i);
  // It may be that a block was begun since append() said yes.
  if (t < head_.refuse_before.load(std::memory_order_relaxed)) return judge_late(t);
  if (series.has_extra != 0) [[unlikely]] {
    const SeriesExtra* const extra = page.extra_for_writer(index);
    if (extra->late && t <= extra->late->newest) return judge_late(t);
  }
  Timestamp last = series.last_time;
  if (page.pending.test(index)) {
    repeats_ = true;
    last = batch.times.empty() ? batch.first_time : latest_.at(id);
  }
  if (t > last) {
    if (!batch.times.empty()) latest_[id] = t;
    return Verdict::kTaken;
  }
  if (t < last) return judge_late(t);
  count(head_.counters.duplicates);
  return Verdict::kDropped;
}

Committer::Verdict Committer::judge_late(Timestamp t) {
  const storage::AppendStatus status = head_.judge_late(t);
  if (status == storage::AppendStatus::kOk) return Verdict::kLate;
  count(status == storage::AppendStatus::kTooOld ? head_.counters.too_old : head_.counters.out_of_order);
  return Verdict::kDropped;
}

/// Late samples that clash with what is there by now, or with another of the batch, get kNoId: the log must not have
/// them. A start could not tell them from others when what they clashed with is in a block.
void Committer::judge_late_ones(Batch& batch) {
  if (!turned_.empty()) {
    std::vector<Batch::Late> all;
    std::ranges::merge(batch.late, turned_, std::back_inserter(all), {}, &Batch::Late::before, &Batch::Late::before);
    batch.late = std::move(all);
  }
  for (Batch::Late& late : batch.late) {
    if (!page_for(late.id)) late.id = kNoId;
  }
  std::set<std::pair<SeriesId, Timestamp>> taken = times_of_late_series(batch);
  const ReadView view(head_);
  SeriesReader reader(head_, view);
  storage::SampleColumns found;
  for (Batch::Late& late : batch.late) {
    if (late.id == kNoId) continue;
    reader.take(late.id);
    const bool is_there = reader.read(late.row.t, late.row.t, found) && found.size() != 0;
    if (!is_there && taken.emplace(late.id, late.row.t).second) {
      ++late_;
      continue;
    }
    count(head_.counters.duplicates);
    late.id = kNoId;
  }
}

/// Of the samples in order that were taken, those of series that have late ones in the batch too.
std::set<std::pair<SeriesId, Timestamp>> Committer::times_of_late_series(const Batch& batch) {
  std::set<SeriesId> ids;
  for (const Batch::Late& late : batch.late) ids.insert(late.id);
  std::set<std::pair<SeriesId, Timestamp>> taken;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch.ids[i] != kNoId && ids.contains(batch.ids[i])) taken.emplace(batch.ids[i], batch.time(i));
  }
  return taken;
}

/// The page of a live series. One that was collected since it was appended to is made again, under a new id.
SeriesPage* Committer::page_for(SeriesId& id) {
  if (SeriesPage* const page = head_.index.page_of(id)) [[likely]] {
    return page;
  }
  const SeriesPage* const dead = head_.index.page(id >> kSeriesPageBits);
  if (!dead) return nullptr;
  id = head_.index.find_or_create(head_.index.labels(*dead, index_in_page(id)), 0).id;
  return id == kNoId ? nullptr : head_.index.page_of(id);
}

Result<void> Committer::log(Batch& batch, Timestamp time) {
  defined_series_.clear();
  defined_pairs_.clear();
  // Exemplars of samples that were dropped are kept: their series exist.
  for (auto& [id, exemplar] : batch.exemplars) {
    if (!page_for(id)) id = kNoId;
  }
  if (accepted_ + late_ == 0 && batch.exemplars.empty()) return {};
  TOCSIN_OK(begin_record(time));
  encode(batch, time);
  if (record_.empty()) return {};
  payload_.clear();
  record_.finish(payload_);
  TOCSIN_OK(head_.wal.append(payload_));
  head_.logged_since.insert(head_.logged_since.end(), defined_series_.begin(), defined_series_.end());
  if (head_.options.wal_sync_interval.count() == 0) {
    // The record is written, so it will be replayed: a failed sync is told by the counter, not by the commit.
    count(head_.wal.sync() ? head_.counters.syncs : head_.counters.sync_failures);
  }
  return {};
}

/// The next record goes to the segment that code_ names.
Result<void> Committer::begin_record(Timestamp time) {
  TOCSIN_TRY(const std::uint32_t segment, head_.wal.begin(time));
  code_ = segment_code(segment);
  if (head_.segment_times.empty() || head_.segment_times.back().first != segment) {
    head_.segment_times.emplace_back(segment, time);
    if (!ahead_) head_.sweep_if_overdue(segment);
  }
  return {};
}

void Committer::encode(const Batch& batch, Timestamp time) {
  record_.clear();
  record_.set_time(time);
  special_ = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const SeriesId id = batch.ids[i];
    if (id == kNoId) continue;
    SeriesPage& page = *head_.index.page_of(id);
    const unsigned index = index_in_page(id);
    if (!page.logged.test(index)) define(page, id);
    const SampleIn sample = sample_of(batch, i, special_);
    if (ahead_) {
      // Whether it may be late is judged now; whether it is, when the series has its samples.
      record_.ahead(id, head_.judge_late(sample.t) == storage::AppendStatus::kOk, row_of(sample));
      continue;
    }
    if (repeats_ || sample.t != time || sample.needs_rows()) {
      encode_row(page, index, id, sample);
      continue;
    }
    const HotSeries& series = page.hot_for_writer(index);
    record_.sample(id, series.wal_seen == code_ ? series.last_value : 0.0, sample.value);
  }
  for (const Batch::Late& late : batch.late) {
    if (late.id == kNoId) continue;
    SeriesPage& page = *head_.index.page_of(late.id);
    if (!page.logged.test(index_in_page(late.id))) define(page, late.id);
    record_.late(late.id, late.row);
  }
  for (const auto& [id, exemplar] : batch.exemplars) {
    if (id == kNoId) continue;
    SeriesPage& page = *head_.index.page_of(id);
    if (!page.logged.test(index_in_page(id))) define(page, id);
    record_.exemplar(id, exemplar);
  }
}

void Committer::encode_row(SeriesPage& page, unsigned index, SeriesId id, const SampleIn& sample) {
  const Row row{sample.t, sample.value, sample.start, sample.histogram ? *sample.histogram : nullptr};
  std::optional<model::FloatHistogram> last;
  // A series that has several samples in the batch is not changed between them.
  if (sample.histogram && !repeats_) last = head_.logged_histogram(page, index, code_);
  record_.row(id, row, last ? &*last : nullptr);
}

/// Puts the labels of a series into the record, and those of its pairs that are not in the log yet.
void Committer::define(SeriesPage& page, SeriesId id) {
  const unsigned index = index_in_page(id);
  for (const PairId pair : page.pairs(index)) {
    PairPage& pair_page = head_.index.pair_page(pair);
    const std::uint32_t at = pair % (1U << kPairPageBits);
    if (pair_page.logged.test(at)) continue;
    const PairRecord& record = pair_page.records[at];
    record_.pair(pair, record.name->text(), record.value());
    pair_page.logged.set(at);
    defined_pairs_.push_back(pair);
  }
  record_.series(id, page.pairs(index));
  page.logged.set(index);
  defined_series_.push_back(id);
}

void Committer::forget_definitions() {
  for (const SeriesId id : defined_series_) head_.index.page_of(id)->logged.reset(index_in_page(id));
  for (const PairId pair : defined_pairs_) head_.index.pair_page(pair).logged.reset(pair % (1U << kPairPageBits));
}

void Committer::apply(std::uint16_t slot, const Batch& batch, Timestamp time) {
  if (accepted_ + late_ == 0) return;
  Visibility::Commit commit = head_.visibility.begin(accepted_ > 0 ? slot : kNoSlot, time, takes_over_);
  special_ = 0;
  for (std::size_t i = 0; i < batch.size();) {
    if (batch.ids[i] == kNoId) {
      ++i;
      continue;
    }
    i = apply_run(commit, batch, i, *head_.index.page_of(batch.ids[i]));
  }
  if (accepted_ > 0) saw_times(batch);
  count(head_.counters.samples, accepted_);
  apply_late(commit, batch);
  head_.visibility.publish(commit);
}

void Committer::saw_times(const Batch& batch) {
  const auto [least, greatest] = batch.times.empty()
                                     ? std::pair(batch.first_time, batch.first_time)
                                     : std::pair(std::ranges::min(batch.times), std::ranges::max(batch.times));
  head_.saw_time(least, greatest);
}

/// Samples from `from` on that lie in one page. @return the first that does not.
std::size_t Committer::apply_run(Visibility::Commit& commit, const Batch& batch, std::size_t from, SeriesPage& page) {
  const MutexLock lock(page.mutex);
  const std::uint32_t number = batch.ids[from] >> kSeriesPageBits;
  std::size_t i = from;
  for (; i < batch.size(); ++i) {
    const SeriesId id = batch.ids[i];
    if (id == kNoId) continue;
    if (id >> kSeriesPageBits != number) break;
    if (i + kPrefetchAhead < batch.size() && batch.ids[i + kPrefetchAhead] >> kSeriesPageBits == number) {
      xor_prefetch(page.hot[index_in_page(batch.ids[i + kPrefetchAhead])], head_.arena);
    }
    const unsigned index = index_in_page(id);
    const SampleIn sample = sample_of(batch, i, special_);
    if (sample.histogram) count(head_.counters.histograms);
    if (head_.visibility.note(commit, page, index, sample.t)) {
      head_.tracked.push_back(id);
      count(head_.counters.tracked_series);
    }
    head_.append_sample(page, index, id, sample, code_);
    if (page.watched.test(index)) [[unlikely]] {
      head_.feeds.changed(id);
    }
    page.pending.reset(index);
  }
  return i;
}

void Committer::apply_late(const Visibility::Commit& commit, const Batch& batch) {
  for (const Batch::Late& late : batch.late) {
    if (late.id == kNoId) continue;
    SeriesPage& page = *head_.index.page_of(late.id);
    const MutexLock lock(page.mutex);
    const bool added = head_.append_late(page, index_in_page(late.id), late.id, late.row, commit.number, code_);
    count(added ? head_.counters.samples : head_.counters.duplicates);
    if (added) count(head_.counters.late_samples);
    if (added && page.watched.test(index_in_page(late.id))) {
      head_.feeds.changed(late.id);
      head_.feeds.rewrote(late.id, late.row.t, late.row.t);
    }
    if (!added || !late.row.histogram) continue;
    count(head_.counters.histograms);
    count(head_.counters.late_histograms);
  }
}

void Committer::apply_exemplars(const Batch& batch) {
  for (const auto& [id, exemplar] : batch.exemplars) {
    if (id == kNoId) continue;
    head_.exemplars.add(id, exemplar);
    count(head_.counters.exemplars);
  }
}

/// It is in memory alone.
void Committer::apply_metadata(const Batch& batch) {
  for (const auto& [id, metadata] : batch.metadata) {
    if (head_.index.page_of(id)) head_.metadata.set(id, metadata);
  }
}

Result<void> Committer::remove(std::span<const SeriesId> ids, Timestamp start, Timestamp end) {
  constexpr std::size_t kSlice = 1000;
  for (std::size_t at = 0; at < ids.size(); at += kSlice) {
    const MutexLock lock(head_.commit_mutex);
    if (head_.closed) return fail(Errc::kUnavailable, "the store is closed");
    TOCSIN_OK(remove_slice(ids.subspan(at, std::min(kSlice, ids.size() - at)), start, end));
  }
  return head_.wal.sync();
}

Result<void> Committer::remove_slice(std::span<const SeriesId> ids, Timestamp start, Timestamp end) {
  const Timestamp time = std::max(head_.max_time(), storage::kOldestTime);
  TOCSIN_OK(begin_record(time));
  record_.clear();
  Deletion deletion;
  deletion.chunks_end = head_.files.end();
  std::vector<std::pair<SeriesId, Deletion>> all;
  for (const SeriesId id : ids) {
    SeriesPage* const page = head_.index.page_of(id);
    if (!page) continue;
    const unsigned index = index_in_page(id);
    const HotSeries& series = page->hot_for_writer(index);
    const SeriesExtra* const extra = series.has_extra != 0 ? page->extra_for_writer(index) : nullptr;
    // Only what is there: samples in order that come later are later than this.
    Timestamp newest = series.last_time;
    if (extra && extra->late) newest = std::max(newest, extra->late->newest);
    deletion.start = start;
    deletion.end = std::min(end, newest);
    if (deletion.start > deletion.end) continue;
    record_.deletion(id, deletion.start, deletion.end, deletion.chunks_end);
    all.emplace_back(id, deletion);
  }
  if (all.empty()) return {};
  payload_.clear();
  record_.finish(payload_);
  TOCSIN_OK(head_.wal.append(payload_));
  const Visibility::Commit commit = head_.visibility.begin(kNoSlot, time, false);
  for (auto& [id, one] : all) {
    SeriesPage& page = *head_.index.page_of(id);
    const MutexLock lock(page.mutex);
    one.commit = commit.number;
    page.make_extra(index_in_page(id)).deletions.push_back(one);
    if (page.watched.test(index_in_page(id))) head_.feeds.rewrote(id, one.start, one.end);
  }
  head_.visibility.publish(commit);
  return {};
}

void Committer::clear_pending(const Batch& batch) {
  for (const SeriesId id : batch.ids) {
    if (id != kNoId) head_.index.page_of(id)->pending.reset(index_in_page(id));
  }
}

}  // namespace tocsin::tsdb
