#pragma once
// Reading one series as a snapshot sees it: its completed chunks, newest first along their links, and a copy of the
// open one.

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
  /// See storage::SeriesSet::read().
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out);
  /// See storage::ChunkSummarySet::summaries().
  void summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out);
  model::Labels labels() const;

 private:
  void copy(bool with_samples);
  /// Completed chunks that have something in [start, end], into chunks_, newest first.
  void walk(Timestamp start, Timestamp end);
  std::string_view find(ChunkRef ref);
  void report_corrupt(ChunkRef ref, std::string_view what);
  void read_chunk(const ChunkView& chunk, Timestamp start, Timestamp end, storage::SampleColumns& out);
  void read_open(Timestamp start, Timestamp end, storage::SampleColumns& out);
  void add_decoded(Timestamp start, Timestamp end, storage::SampleColumns& out);
  static void add_rows(std::span<const Row> rows, Timestamp start, Timestamp end, storage::SampleColumns& out);

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

  /// Files that were begun after the view was made, or pieces that it does not have; the last one is asked.
  std::vector<std::shared_ptr<const ChunkFileSet>> newer_files_;
  std::vector<std::pair<ChunkRef, ChunkView>> chunks_;
  std::vector<Timestamp> times_;
  std::vector<double> values_;
  std::vector<Row> rows_;
};

}  // namespace tocsin::tsdb
