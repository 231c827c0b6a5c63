#pragma once
// The first half of the start, which a store that opens waits for: who the series are and where each stands, from the
// checkpoint, the index file, the newest chunks and the definitions in the log. The second half, the values in the log,
// is the Replayer's. What is damaged is told and passed over; only an error of the disk itself fails.
//
// Without a checkpoint (the first start, or it was damaged) all series of the index file are taken, all chunk files are
// read for where each series stands, and all of the log is read.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "tsdb/checkpoint.hpp"
#include "tsdb/head.hpp"
#include "tsdb/replayer.hpp"

namespace tocsin::tsdb {

/// Thread: one, before any other knows the head.
class Loader {
 public:
  Loader(Head& head, IndexFiles& index_files) : head_(head), index_files_(index_files) {}

  /// Then the log takes commits.
  /// @return what is to be replayed.
  Result<ReplayPlan> load();

  /// What was said on the way.
  std::vector<std::string>& messages() { return messages_; }
  std::size_t indexed_series() const { return indexed_series_; }

 private:
  struct Stand {
    ChunkRef tail = 0;
    Timestamp last_time = kMinTimestamp;
    ChunkRef late_tail = 0;
    Timestamp newest_late = kMinTimestamp;
    std::vector<Deletion> deletions;
  };
  /// Of the index file, when all of it is needed at once.
  struct Definition {
    SeriesId id;
    std::vector<std::uint32_t> pairs;
  };

  Result<void> read_checkpoint();
  Result<void> read_index();
  void take_index(const WalRecord& record);
  void recover_index(std::vector<WalRecord::Pair> pairs, std::vector<Definition> series);
  Result<void> read_chunks();
  Result<void> read_definitions();
  void take_definitions();
  void stands_at(SeriesId id, const Stand& stand);
  /// Late samples and deletions of a series.
  void stands_late(SeriesId id, const Stand& stand);
  void adopt(SeriesId id);
  void saw(SeriesId id);
  bool was_collected(SeriesId id) const;

  Head& head_;
  IndexFiles& index_files_;
  std::vector<std::string> messages_;
  std::optional<Checkpoint> checkpoint_;
  std::size_t indexed_series_ = 0;
  std::size_t table_at_ = 0;   // in checkpoint_->series, near the last series that was looked up
  SeriesId above_series_ = 0;  // numbers from here on are free
  std::uint32_t above_pair_ = 0;
  std::unordered_map<SeriesId, Stand> waiting_;  // series that the log will define
  WalRecord record_;
  std::vector<SeriesDefinition> definitions_;  // of the record in hand
};

}  // namespace tocsin::tsdb
