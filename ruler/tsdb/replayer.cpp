#include "tsdb/replayer.hpp"

#include <algorithm>
#include <array>
#include <semaphore>
#include <thread>

#include <fmt/format.h>

#include "tsdb/xor_chunk.hpp"

namespace tocsin::tsdb {
namespace {

/// So few records that are new since the last look are read under the commit lock; twice as many after each look, so
/// that commits that come without a pause do not put the end off for ever.
constexpr std::size_t kFewRecords = 8;
/// How often the applier steps back before it takes the lock for a page of series, at most.
constexpr int kMostYields = 64;

/// The commit lock, unless the caller has it already.
class TOCSIN_SCOPED_CAPABILITY MaybeLock {
 public:
  MaybeLock(Mutex& mutex, bool has) TOCSIN_ACQUIRE(mutex) TOCSIN_NO_THREAD_SAFETY_ANALYSIS : mutex_(mutex), has_(has) {
    if (!has_) mutex_.lock();
  }
  ~MaybeLock() TOCSIN_RELEASE() TOCSIN_NO_THREAD_SAFETY_ANALYSIS {
    if (!has_) mutex_.unlock();
  }
  MaybeLock(const MaybeLock&) = delete;
  MaybeLock& operator=(const MaybeLock&) = delete;

 private:
  Mutex& mutex_;
  const bool has_;
};

/// The least time of its samples in order.
Timestamp time_of(const WalRecord& record) {
  if (record.samples > 0) return record.time;
  Timestamp least = kMaxTimestamp;
  for (const auto& [id, row] : record.rows) least = std::min(least, row.t);
  for (const auto& one : record.ahead) least = std::min(least, one.row.t);
  return least == kMaxTimestamp ? 0 : least;
}

}  // namespace

/// The second thread of the replay. Records go to it in a ring; when it is destroyed, all that went in is applied.
class Replayer::Applier {
 public:
  explicit Applier(Replayer& replayer) : replayer_(replayer), thread_([this] { run(); }) {}
  ~Applier() {
    free_.acquire();
    ring_[next_].last = true;
    full_.release();
    thread_.join();
  }
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  WalSeen take(WalPosition position, std::string_view payload) {
    if (payload.size() > kLargeBytes) wait_until_idle();
    free_.acquire();
    if (!replayer_.decoder_.decode(position, payload, ring_[next_].record)) {
      free_.release();
      return WalSeen::kDamaged;
    }
    next_ = (next_ + 1) % kSlots;
    full_.release();
    return WalSeen::kTaken;
  }

 private:
  static constexpr std::size_t kSlots = 32;
  /// Of records that are larger there is one at a time, and its memory does not stay.
  static constexpr std::size_t kLargeBytes = 1U << 20U;
  struct Slot {
    ReplayRecord record;
    bool last = false;
  };
  void wait_until_idle() {
    for (std::size_t i = 0; i < kSlots; ++i) free_.acquire();
    free_.release(kSlots);
  }
  void run() {
    for (std::size_t at = 0;; at = (at + 1) % kSlots) {
      full_.acquire();
      if (ring_[at].last) return;
      ReplayRecord& record = ring_[at].record;
      replayer_.apply(record);
      if (record.payload.size() > kLargeBytes) record = {};
      free_.release();
    }
  }

  Replayer& replayer_;
  std::array<Slot, kSlots> ring_;
  std::size_t next_ = 0;  // the reader's
  std::counting_semaphore<> free_{kSlots}, full_{0};
  std::thread thread_;
};

Replayer::Replayer(Head& head, ReplayPlan plan)
    : head_(head), plan_(std::move(plan)), at_(plan_.from), decoder_(head.index) {
  current_ = plan_.from.segment;
  last_ = plan_.own_segment - 1;
}

Replayer::Progress Replayer::progress() const {
  return {plan_.from.segment, last_.load(std::memory_order_relaxed), current_.load(std::memory_order_relaxed)};
}

Result<bool> Replayer::run(const std::function<bool()>& stop) {
  TOCSIN_TRY(const bool all, read_all(stop));
  if (!all) return false;
  TOCSIN_OK(finish());
  return true;
}

/// Until only few records are new since the last look. @return false if it was stopped.
Result<bool> Replayer::read_all(const std::function<bool()>& stop) {
  std::unique_ptr<Applier> applier;
  if (head_.options.threads) applier = std::make_unique<Applier>(*this);
  std::size_t records = kFewRecords;
  for (std::size_t few = kFewRecords; records >= few; few *= 2) {
    records = 0;
    bool stopped = false;
    TOCSIN_OK(head_.wal.read(
        at_,
        [&](WalPosition position, std::string_view payload) {
          stopped = stop();
          if (stopped) return WalSeen::kStop;
          ++records;
          return applier ? applier->take(position, payload) : take(position, payload);
        },
        [this](std::string text) { messages_.push_back(std::move(text)); }));
    if (stopped) return false;
  }
  return true;
}

/// What was committed since the last look, and then the head is whole.
Result<void> Replayer::finish() {
  const MutexLock lock(head_.commit_mutex);
  locked_ = true;
  auto read = head_.wal.read(
      at_, [this](WalPosition position, std::string_view payload) { return take(position, payload); },
      [this](std::string text) { messages_.push_back(std::move(text)); });
  locked_ = false;
  if (!read) return read;
  if (unknown_samples_ > 0) {
    messages_.push_back(
        fmt::format("{} samples of {} series in the log are passed over: what named those series is lost",
                    unknown_samples_, unknown_series_.size()));
  }
  view_ = nullptr;
  decoder_.forget();
  // From here on values are coded against the last ones, which those of this segment are not.
  head_.wal.end_segment();
  std::ranges::sort(head_.segment_times);
  if (head_.swept_segment == 0) head_.swept_segment = head_.wal.position().segment;
  head_.whole.store(true, std::memory_order_release);
  return {};
}

WalSeen Replayer::take(WalPosition position, std::string_view payload) {
  if (!decoder_.decode(position, payload, record_)) return WalSeen::kDamaged;
  apply(record_);
  return WalSeen::kTaken;
}

void Replayer::apply(const ReplayRecord& decoded) {
  if (decoded.position.segment != segment_) begin_segment(decoded);
  for (std::size_t i = 0; i < decoded.ids.size();) i = apply_run(decoded, i);
  const WalRecord& record = decoded.record;
  const auto row_at = [&](std::size_t i) { return RowOf{record.rows[i].first, &record.rows[i].second}; };
  for (std::size_t i = 0; i < record.rows.size();) i = apply_rows(i, record.rows.size(), row_at);
  apply_ahead(record.ahead);
  for (const auto& [id, row] : record.late) apply_late(id, row);
  for (const auto& deletion : record.deletions) apply_deletion(deletion, record.deletions_chunks_end);
  for (const auto& [id, exemplar] : record.exemplars) {
    if (head_.index.page_of(id)) head_.exemplars.add(id, exemplar);
  }
}

void Replayer::begin_segment(const ReplayRecord& record) {
  segment_ = record.position.segment;
  code_ = segment_code(segment_);
  current_.store(segment_, std::memory_order_relaxed);
  last_.store(std::max(segment_, last_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  const MaybeLock lock(head_.commit_mutex, locked_);
  if (head_.swept_segment == 0) head_.swept_segment = segment_;
  if (segment_ < plan_.own_segment) head_.segment_times.emplace_back(segment_, time_of(record.record));
  head_.sweep_if_overdue(segment_);
}

/// Samples from `from` on that lie in one page. @return the first that does not.
std::size_t Replayer::apply_run(const ReplayRecord& record, std::size_t from) {
  const Ids& ids = record.ids;
  SeriesPage* const page = head_.index.page(ids[from] >> kSeriesPageBits);
  if (!page) {
    note_unknown(ids[from]);
    return from + 1;
  }
  let_commits_pass();
  const std::uint32_t number = ids[from] >> kSeriesPageBits;
  const MaybeLock commit_lock(head_.commit_mutex, locked_);
  const MutexLock lock(page->mutex);
  std::size_t i = from;
  for (; i < ids.size() && ids[i] >> kSeriesPageBits == number; ++i) {
    if (i + kPrefetchAhead < ids.size() && ids[i + kPrefetchAhead] >> kSeriesPageBits == number) {
      xor_prefetch(page->hot[index_in_page(ids[i + kPrefetchAhead])], head_.arena);
    }
    if (page->is_live(index_in_page(ids[i]))) {
      apply_locked(*page, ids[i], {record.record.time, record.values[i], 0, nullptr});
    } else {
      note_unknown(ids[i]);
    }
  }
  head_.saw_time(record.record.time, record.record.time);
  return i;
}

/// Rows from `from` on that lie in one page, under one hold of the locks.
/// @param at  row i of `count`, which is null if it cannot be applied as it is.
/// @return the first that was not.
template <typename At>
std::size_t Replayer::apply_rows(std::size_t from, std::size_t count, At&& at) {
  const RowOf first = at(from);
  if (!first.row) return from;
  SeriesPage* const page = head_.index.page_of(first.id);
  if (!page) {
    note_unknown(first.id);
    return from + 1;
  }
  let_commits_pass();
  const MaybeLock commit_lock(head_.commit_mutex, locked_);
  const MutexLock lock(page->mutex);
  std::size_t i = from;
  for (; i < count; ++i) {
    const auto [id, row] = at(i);
    if (!row || head_.index.page_of(id) != page) break;
    apply_locked(*page, id, {row->t, row->value, row->start, row->histogram ? &row->histogram : nullptr});
    head_.saw_time(row->t, row->t);
  }
  return i;
}

void Replayer::apply_ahead(std::span<const WalRecord::Ahead> all) {
  const auto in_order = [&](std::size_t i) {
    SeriesPage* const page = head_.index.page_of(all[i].id);
    const bool good = !page || !is_behind(*page, all[i].id, all[i].row.t);
    return RowOf{all[i].id, good ? &all[i].row : nullptr};
  };
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t end = apply_rows(i, all.size(), in_order);
    if (end == i) apply_behind(all[i]);
    i = std::max(end, i + 1);
  }
}

/// It is in a completed chunk, or late, or it clashes with what was in the log before it.
void Replayer::apply_behind(const WalRecord::Ahead& one) {
  if (!one.may_be_late) return count(head_.counters.out_of_order);
  // What was there and was deleted since does not come back.
  if (!is_deleted(*head_.index.page_of(one.id), one.id, one.row.t)) apply_late(one.id, one.row);
}

/// A late sample that is in a chunk file already is found there by its time.
void Replayer::apply_late(SeriesId id, const Row& row) {
  SeriesPage* const page = head_.index.page_of(id);
  if (!page) return note_unknown(id);
  if (is_there(id, row.t)) return;
  let_commits_pass();
  const MaybeLock commit_lock(head_.commit_mutex, locked_);
  const MutexLock lock(page->mutex);
  head_.append_late(*page, index_in_page(id), id, row, 0, code_);
}

/// Late samples that were replayed before it go; those in chunk files are told apart by their place.
void Replayer::apply_deletion(const WalRecord::Deletion& deletion, ChunkRef chunks_end) {
  SeriesPage* const page = head_.index.page_of(deletion.id);
  if (!page) return;
  const MaybeLock commit_lock(head_.commit_mutex, locked_);
  const MutexLock lock(page->mutex);
  SeriesExtra& extra = page->make_extra(index_in_page(deletion.id));
  const Deletion& added = extra.deletions.emplace_back(deletion.start, deletion.end, 0, chunks_end);
  if (extra.late) std::erase_if(extra.late->open, [&](const auto& sample) { return added.covers(sample.row.t); });
}

/// Whether the series has newer samples, or one at `t`.
bool Replayer::is_behind(SeriesPage& page, SeriesId id, Timestamp t) {
  const HotSeries& series = page.hot_for_writer(index_in_page(id));
  if (t <= series.last_time) return true;
  const SeriesExtra* const extra = series.has_extra != 0 ? page.extra_for_writer(index_in_page(id)) : nullptr;
  return extra && extra->late && t <= extra->late->newest;
}

bool Replayer::is_deleted(SeriesPage& page, SeriesId id, Timestamp t) {
  const SeriesExtra* const extra = page.extra_for_writer(index_in_page(id));
  return extra && std::ranges::any_of(extra->deletions, [t](const Deletion& one) { return one.covers(t); });
}

bool Replayer::is_there(SeriesId id, Timestamp t) {
  if (!view_) view_ = std::make_unique<ReadView>(head_);
  SeriesReader reader(head_, *view_);
  reader.take(id);
  storage::SampleColumns found;
  return reader.read(t, t, found) && found.size() != 0;
}

void Replayer::apply_locked(SeriesPage& page, SeriesId id, const SampleIn& sample) {
  const unsigned index = index_in_page(id);
  HotSeries& series = page.hot[index];
  if (sample.t > series.last_time) {
    series.owner = Visibility::kHistorySlot;
    head_.append_sample(page, index, id, sample, code_);
    return;
  }
  // It is in a completed chunk. The next value is coded against it all the same; the open chunk, which would be too, is
  // empty if all is well.
  if (series.count > 0) head_.complete_chunk(page, index, id);
  series.last_value = sample.value;
  series.wal_seen = code_;
  series.value_unknown = sample.t == series.last_time ? 0 : 1;
}

/// Either its definition is lost, or it was collected before the checkpoint and its rows are not cut off yet.
void Replayer::note_unknown(SeriesId id) {
  if (id < plan_.collected_below && !plan_.lost.contains(id)) return;
  ++unknown_samples_;
  unknown_series_.insert(id);
}

/// A commit takes the lock for some ten microseconds, the replay for a second in slices: it must not be served last.
void Replayer::let_commits_pass() const {
  for (int i = 0; i < kMostYields && !locked_; ++i) {
    if (head_.commits_waiting.load(std::memory_order_acquire) == 0) return;
    std::this_thread::yield();
  }
}

}  // namespace tocsin::tsdb
