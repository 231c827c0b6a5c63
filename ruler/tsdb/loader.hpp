#pragma once
// The start: checkpoint, index file, chunk files, log. What is damaged is told and passed over; only an error of the
// disk itself fails.
//
// Without a checkpoint (the first start, or it was damaged) all series of the index file are taken, all chunk files are
// read for where each series stands, and all of the log is replayed.

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "tsdb/checkpoint.hpp"
#include "tsdb/head.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

/// Thread: one, before any other knows the head.
class Loader {
 public:
  Loader(Head& head, IndexFiles& index_files) : head_(head), index_files_(index_files) {}

  Result<void> load();

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
  struct Value {
    SeriesId id;
    double value;
  };

  Result<void> read_checkpoint();
  Result<void> read_index();
  void take_index(const std::vector<WalRecord::Pair>& pairs, const std::vector<WalRecord::Series>& series);
  void recover_index(std::vector<WalRecord::Pair> pairs, std::vector<WalRecord::Series> series);
  Result<void> read_chunks();
  Result<void> replay();
  bool replay_record(WalPosition position, std::string_view payload);
  void replay_definitions();
  bool decode_values(std::uint32_t segment);
  bool decode_changes();
  void replay_sample(SeriesId id, const SampleIn& sample);
  void replay_late(SeriesId id, const Row& row);
  void replay_deletion(const WalRecord::Deletion& deletion);
  void stands_at(SeriesId id, const Stand& stand);
  /// Late samples and deletions of a series.
  void stands_late(SeriesId id, const Stand& stand);
  void adopt(SeriesId id);
  void saw(SeriesId id);
  void note_unknown(SeriesId id);

  Head& head_;
  IndexFiles& index_files_;
  std::vector<std::string> messages_;
  std::optional<Checkpoint> checkpoint_;
  std::size_t indexed_series_ = 0;
  SeriesId above_series_ = 0;  // numbers from here on are free
  std::uint32_t above_pair_ = 0;
  std::unordered_map<SeriesId, Stand> waiting_;  // series that the log will define

  // Of the record that is replayed.
  WalRecord record_;
  std::vector<double> values_;
  std::uint8_t code_ = 0;
  std::uint32_t segment_ = 0;
  std::unordered_map<SeriesId, double> stray_values_;                  // last values of unknown series, in this segment
  std::unordered_map<SeriesId, model::HistogramPtr> last_histograms_;  // of each series, in this segment
  std::unordered_set<SeriesId> unknown_series_;
  std::unique_ptr<ReadView> late_view_;  // to see which late samples are in chunk files
  std::uint64_t unknown_samples_ = 0;
};

}  // namespace tocsin::tsdb
