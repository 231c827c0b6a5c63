#pragma once
// The recent part of the store, in memory: its parts, the locks between them, and what is done to one series.
//
//   appender (any thread)   gathers a Batch; looks series up, judges times without a lock          appender.hpp
//   committer               log record, then samples into open chunks, then the watermark         committer.hpp
//   querier (any thread)    snapshot, ids by the label index, then one series after the other     querier.hpp
//   keeper (background)     completes idle chunks, checkpoint, cuts the log, retention, collection keeper.hpp
//   loader (start)          index file, chunk files, definitions in the log                       loader.hpp
//   replayer (background)   at start: values in the log, while commits are logged and not applied replayer.hpp
//
// Locks, in the order in which they are taken: commit_mutex → page → parts (index, files, log, visibility, each alone).
//   commit_mutex  one commit at a time, for some ten nanoseconds a sample: the log then has one order, in which values
//   can
//                 be coded against their predecessors, and commits have one order, which is what snapshots see
//   page          readers of a series against its writer; a commit takes it once for a run of series, not for each
//   index         creation of series against selections; an append to a known series does not take it

#include <atomic>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/fs.hpp"
#include "base/thread_annotations.hpp"
#include "tsdb/batch.hpp"
#include "tsdb/block_arena.hpp"
#include "tsdb/chunk_files.hpp"
#include "tsdb/exemplar_store.hpp"
#include "tsdb/feed_hub.hpp"
#include "tsdb/floor.hpp"
#include "tsdb/label_index.hpp"
#include "tsdb/metadata_store.hpp"
#include "tsdb/options.hpp"
#include "tsdb/reclaimer.hpp"
#include "tsdb/series_budget.hpp"
#include "tsdb/series_page.hpp"
#include "tsdb/visibility.hpp"
#include "tsdb/wal.hpp"

namespace tocsin::tsdb {

/// Counted by whoever meets it. Relaxed: figures only.
struct HeadCounters {
  std::atomic<std::uint64_t> series_created = 0, series_removed = 0;
  std::atomic<std::uint64_t> samples = 0, histograms = 0, exemplars = 0, commits = 0, commits_failed = 0;
  std::atomic<std::uint64_t> late_samples = 0, late_histograms = 0, late_chunks = 0;
  std::atomic<std::uint64_t> out_of_order = 0, too_old = 0, duplicates = 0, out_of_bounds = 0, series_limit_hits = 0;
  std::atomic<std::uint64_t> chunks_open = 0, chunks_completed = 0, chunks_corrupt = 0;
  std::atomic<std::uint64_t> syncs = 0, sync_failures = 0, checkpoints = 0, checkpoint_failures = 0;
  std::atomic<std::uint64_t> files_dropped = 0, tracked_series = 0;
};
inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

/// Where a segment of the log is named in one byte: 1..255, 0 is none. Two segments with one code are 255 apart; the
/// keeper sees to it that no series names one that old.
inline std::uint8_t segment_code(std::uint32_t segment) {
  return static_cast<std::uint8_t>(1 + segment % 255);
}
/// The newest segment up to `current` that has the code.
inline std::uint32_t segment_of(std::uint8_t code, std::uint32_t current) {
  return current - (current + 255 - (code - 1U)) % 255;
}

/// One sample on its way into a series.
struct SampleIn {
  Timestamp t = 0;
  double value = 0;
  Timestamp start = 0;
  const model::HistogramPtr* histogram = nullptr;
  bool needs_rows() const { return start != 0 || histogram != nullptr; }
};
inline Row row_of(const SampleIn& sample) {
  return {sample.t, sample.value, sample.start, sample.histogram ? *sample.histogram : model::HistogramPtr()};
}
/// Whether they have the same value: a float to the bit, a histogram but for its hint and empty buckets.
bool same_sample(const Row& row, const SampleIn& sample);
bool same_sample(const storage::SampleColumns& columns, std::size_t index, const SampleIn& sample);

class Head {
 public:
  Head(const TsdbOptions& options, Fs& fs);
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  /// Appends to the open chunk, completing it before or after as needed. The time is after that of the last sample.
  /// @param code  of the segment that the sample was logged in.
  void append_sample(SeriesPage& page, unsigned index, SeriesId id, const SampleIn& sample, std::uint8_t code)
      TOCSIN_REQUIRES(commit_mutex, page.mutex);
  /// The last sample of the series, if it is a histogram that was logged in the segment of `code` with the layout of
  /// its open chunk: what the next row of the log may be a change to.
  std::optional<model::FloatHistogram> logged_histogram(SeriesPage& page, unsigned index, std::uint8_t code)
      TOCSIN_REQUIRES(commit_mutex);
  /// Moves the open chunk, which is not empty, to the chunk files.
  void complete_chunk(SeriesPage& page, unsigned index, SeriesId id) TOCSIN_REQUIRES(commit_mutex, page.mutex);
  /// Adds a late sample. @return false if there is one at its time among those in memory.
  bool append_late(SeriesPage& page, unsigned index, SeriesId id, Row row, std::uint64_t commit, std::uint8_t code)
      TOCSIN_REQUIRES(commit_mutex, page.mutex);
  /// Moves the late samples that all snapshots see to a chunk of their own.
  void spill_late(SeriesPage& page, unsigned index, SeriesId id) TOCSIN_REQUIRES(commit_mutex, page.mutex);
  /// Time of the first sample of the open chunk, which is not empty.
  Timestamp open_chunk_time(SeriesPage& page, unsigned index) TOCSIN_REQUIRES(page.mutex);
  /// Looks through the series of a page: values logged in other segments than `current` are forgotten, chunks that were
  /// opened in segments up to `complete_up_to` are completed.
  void sweep(SeriesPage& page, std::uint32_t page_number, std::uint32_t current, std::uint32_t complete_up_to)
      TOCSIN_REQUIRES(commit_mutex);
  /// Sweeps all, if that was not done for so many segments that their codes would run out.
  void sweep_if_overdue(std::uint32_t current) TOCSIN_REQUIRES(commit_mutex);
  /// Whether this is the last sample of the series once more.
  bool equals_last(SeriesPage& page, unsigned index, const SampleIn& sample);

  /// Samples before this are refused, or late.
  Timestamp oldest_accepted() const;
  /// Whether a sample that is older than the newest of its series, or than oldest_accepted(), is taken as a late one;
  /// else why not: kTooOld or kOutOfOrder.
  /// Source: Prometheus tsdb/head_append.go, memSeries.appendable.
  storage::AppendStatus judge_late(Timestamp t) const;
  void saw_time(Timestamp least, Timestamp greatest);
  /// Counts a damaged chunk; true the first time that it is met, for a line in the log.
  bool first_sight_of_damage(ChunkRef ref);
  /// Of the samples, as far as they are read from the head; kMaxTimestamp and kMinTimestamp if there are none.
  Timestamp min_time() const;
  Timestamp max_time() const { return max_time_.load(std::memory_order_relaxed); }

  const TsdbOptions options;
  std::atomic<std::int64_t> retention_ms;            // of the options, until set_retention()
  std::atomic<std::int64_t> out_of_order_window_ms;  // and set_out_of_order_window()
  /// While the head of another program is taken over: samples of any age are taken, late ones too, and as they are.
  std::atomic<bool> takes_any_age = false;
  Fs& fs;
  const std::string folder;  // of our own files, below options.path

  Floor floor;
  /// Samples in order before this are refused: they belong to blocks that are cut, or are being cut. Rises under the
  /// commit lock, before the floor does.
  std::atomic<Timestamp> refuse_before = kMinTimestamp;
  /// Whether there are late samples that are not in blocks, or were a short while ago: they may lie before the floor.
  std::atomic<bool> may_have_late = false;
  /// Of chunk files before this one all late samples of before the floor are in blocks.
  std::atomic<std::uint32_t> late_in_blocks_before_file = 0;

  Mutex commit_mutex;
  Reclaimer reclaimer;
  LabelIndex index;
  BlockArena arena;
  ChunkFiles files;
  Wal wal;
  Visibility visibility;
  BatchPool batches;
  SeriesBudget budget;
  ExemplarStore exemplars;
  MetadataStore metadata;
  HeadCounters counters;

  /// The log is replayed. Until then commits are written to it and not applied, nobody but the replayer touches
  /// samples, and there are no queriers and no upkeep. Set once, under the commit lock.
  std::atomic<bool> whole = false;
  /// Commits that wait for the commit lock: the replayer lets them pass.
  std::atomic<int> commits_waiting = 0;

  // For the keeper, under the commit lock.
  /// Series that got into the log since the last checkpoint.
  std::vector<SeriesId> logged_since TOCSIN_GUARDED_BY(commit_mutex);
  /// Series that have a SeriesExtra with tracks_commits, some of them twice or no more.
  std::vector<SeriesId> tracked TOCSIN_GUARDED_BY(commit_mutex);
  /// Series with a SeriesExtra::late.
  std::set<SeriesId> late_series TOCSIN_GUARDED_BY(commit_mutex);
  FeedHub feeds TOCSIN_GUARDED_BY(commit_mutex);
  /// Data time at which each segment of the log began, oldest first.
  std::vector<std::pair<std::uint32_t, Timestamp>> segment_times TOCSIN_GUARDED_BY(commit_mutex);
  /// All series were swept when this was the current segment.
  std::uint32_t swept_segment TOCSIN_GUARDED_BY(commit_mutex) = 0;
  bool closed TOCSIN_GUARDED_BY(commit_mutex) = false;

 private:
  void append_float(SeriesPage& page, unsigned index, SeriesId id, const SampleIn& sample, std::uint8_t code)
      TOCSIN_REQUIRES(commit_mutex, page.mutex);
  void append_histogram(SeriesPage& page, unsigned index, SeriesId id, const SampleIn& sample,
                        const model::FloatHistogram& histogram, std::uint8_t code)
      TOCSIN_REQUIRES(commit_mutex, page.mutex);
  void begin_chunk(HotSeries& series, bool in_extra, std::uint8_t code);
  bool must_cut(const HotSeries& series, const SeriesExtra* extra, const SampleIn& sample) const;
  unsigned target_samples(const HotSeries& series, SeriesId id) const;
  void encode_open(SeriesPage& page, unsigned index, ChunkHeader& header) TOCSIN_REQUIRES(commit_mutex, page.mutex);
  bool equals_stored(SeriesPage& page, unsigned index, const SampleIn& sample) TOCSIN_REQUIRES(page.mutex);

  Mutex damage_mutex_;
  std::unordered_set<ChunkRef> damaged_ TOCSIN_GUARDED_BY(damage_mutex_);
  std::atomic<Timestamp> min_time_ = kMaxTimestamp;
  std::atomic<Timestamp> max_time_ = kMinTimestamp;
  std::string data_ TOCSIN_GUARDED_BY(commit_mutex);  // encode_open()
  std::vector<Timestamp> times_ TOCSIN_GUARDED_BY(commit_mutex);
  std::vector<double> values_ TOCSIN_GUARDED_BY(commit_mutex);
  std::vector<Row> rows_ TOCSIN_GUARDED_BY(commit_mutex);  // spill_late()
};

}  // namespace tocsin::tsdb
