#pragma once
// Reading one series as a snapshot sees it: its completed chunks, newest first along their links, and a copy of the
// open one; late samples put in between (series_reader_late.cpp), what is deleted left out.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "storage/storage.hpp"
#include "tsdb/chunk_files.hpp"
#include "tsdb/head.hpp"

namespace tocsin::tsdb {

/// What a querier holds while it lives. The parts are destroyed in the order that readers need.
struct ReadView {
  explicit ReadView(Head& head);
  Pin pin;  // first: what the snapshot sees must be findable
  std::unique_ptr<Snapshot> snapshot;
  std::shared_ptr<const ChunkFileSet> files;
  FloorHold floor;  // samples in order before it are not read
};

/// Thread: one at a time. Owns: buffers, reused from series to series.
class SeriesReader {
 public:
  SeriesReader(Head& head, const ReadView& view) : head_(head), view_(view) {}

  /// Makes it the one that the functions below are about.
  void take(SeriesId id);
  /// Whether a chunk with something that is seen lies in this time, or around it.
  bool overlaps(Timestamp start, Timestamp end);
  /// Time of its first sample at or after `from`, or the time of a chunk that may have one: not above that of the
  /// sample. kMaxTimestamp if it has none.
  Timestamp first_time_from(Timestamp from);
  /// See storage::SeriesSet::read().
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out);
  /// See storage::ChunkSummarySet::summaries().
  void summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                 std::vector<storage::TimeRange>& rest);
  /// As read(), without late samples: for a reader that goes on from newest_in_order().
  Result<void> read_in_order(Timestamp start, Timestamp end, storage::SampleColumns& out);
  /// Time of the newest sample in order that is seen, as of the last call; kMinTimestamp if there is none.
  Timestamp newest_in_order() const { return std::min(hot_.last_time, limit_); }
  /// As read(), late samples alone, below the floor too: for the blocks that they are cut into.
  /// @param cut  if given, without those that were cut then.
  Result<void> read_late(Timestamp start, Timestamp end, storage::SampleColumns& out, const LateCut* cut = nullptr);
  model::Labels labels() const;

 private:
  void copy(bool with_samples);
  bool overlaps_in_order(Timestamp start, Timestamp end);
  /// Completed chunks in order that have something in [start, end], into chunks_, newest first.
  void walk(Timestamp start, Timestamp end);
  void walk_late(Timestamp start, Timestamp end);
  /// The chunk of the series at `ref`. @return false at the end of what is kept.
  bool look_up(ChunkRef ref, bool late, ChunkView& chunk);
  std::string_view find(ChunkRef ref);
  void report_corrupt(ChunkRef ref, std::string_view what);
  void read_chunk(const ChunkView& chunk, Timestamp start, Timestamp end, storage::SampleColumns& out);
  void read_open(Timestamp start, Timestamp end, storage::SampleColumns& out);
  void add_decoded(Timestamp start, Timestamp end, storage::SampleColumns& out);
  /// Of histograms_, which is then empty.
  void add_histograms(Timestamp start, Timestamp end, storage::SampleColumns& out);
  static void add_rows(std::span<const Row> rows, Timestamp start, Timestamp end, storage::SampleColumns& out);
  static void add_row(const Row& row, storage::SampleColumns& out);
  static void pad(storage::SampleColumns& out);

  void summaries_in_order(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                          std::vector<storage::TimeRange>& rest);
  /// What lies between the summaries, into `rest`.
  static void all_but(const std::vector<storage::ChunkSummary>& summaries, Timestamp start, Timestamp end,
                      std::vector<storage::TimeRange>& rest);

  void copy_late(const SeriesExtra& extra) TOCSIN_REQUIRES(page_->mutex);
  bool has_late() const { return late_tail_ != 0 || !late_open_.empty(); }
  bool overlaps_late(Timestamp start, Timestamp end);
  /// What is seen of late samples in [start, end] into late_: in order of time, each time once.
  void gather_late(Timestamp start, Timestamp end);
  void merge_late(storage::SampleColumns& out);
  /// Whether something of this time is deleted, or late (as gathered).
  bool is_touched(Timestamp first, Timestamp last) const;
  void erase_deleted(storage::SampleColumns& out) const;

  /// `start` as far as samples in order go.
  Timestamp above_floor(Timestamp start) const { return std::max(start, *view_.floor); }

  Head& head_;
  const ReadView& view_;
  SeriesId id_ = kNoId;
  SeriesPage* page_ = nullptr;

  // The copy, as of the last call.
  HotSeries hot_;
  ChunkRef tail_ = 0;
  Timestamp limit_ = kMinTimestamp;  // what the snapshot sees of it
  std::string open_bytes_;
  std::vector<Row> open_rows_;
  ChunkRef late_tail_ = 0;
  const LateCut* late_cut_ = nullptr;  // of read_late()
  std::vector<Row> late_open_;         // those that are seen
  std::vector<Deletion> deletions_;    // those that are seen
  ChunkEncoding open_encoding_ = ChunkEncoding::kXor;

  /// Files that were begun after the view was made, or pieces that it does not have; the last one is asked.
  std::vector<std::shared_ptr<const ChunkFileSet>> newer_files_;
  std::vector<std::pair<ChunkRef, ChunkView>> chunks_;
  std::vector<Timestamp> times_;
  std::vector<double> values_;
  std::vector<Row> rows_;
  struct Gathered {
    Row row;
    std::size_t order = 0;  // of commits
  };
  std::vector<Gathered> late_;
  storage::SampleColumns merged_, scratch_;
  storage::SampleColumns histograms_;
};

}  // namespace tocsin::tsdb
