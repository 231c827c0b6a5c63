#pragma once
// One commit: judge, log, apply, publish. Until the head is whole: log alone; the replayer judges and applies what it
// finds in the log (replayer.hpp).

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "tsdb/head.hpp"
#include "tsdb/wal_record.hpp"

namespace tocsin::tsdb {

/// Thread: any; one commit at a time, by the commit lock of the head. Owns: buffers.
class Committer {
 public:
  explicit Committer(Head& head) : head_(head) {}

  /// On an error nothing of the batch is seen, now or after a restart.
  /// @param slot  of the appender (visibility.hpp).
  Result<void> commit(std::uint16_t slot, Batch& batch);
  /// Deletes what these series have in start <= t <= end, as it is committed now. Durable at return. In slices, each
  /// a commit; on an error the first ones may be done.
  Result<void> remove(std::span<const SeriesId> ids, Timestamp start, Timestamp end);

 private:
  Result<void> commit_locked(std::uint16_t slot, Batch& batch) TOCSIN_REQUIRES(head_.commit_mutex);
  Result<void> commit_ahead(Batch& batch) TOCSIN_REQUIRES(head_.commit_mutex);
  Timestamp main_time(const Batch& batch) const;
  void judge(std::uint16_t slot, Batch& batch) TOCSIN_REQUIRES(head_.commit_mutex);
  enum class Verdict : std::uint8_t { kTaken, kLate, kDropped };
  Verdict judge_one(const Batch& batch, std::size_t i, SeriesPage& page) TOCSIN_REQUIRES(head_.commit_mutex);
  Verdict judge_late(Timestamp t);
  void judge_late_ones(Batch& batch) TOCSIN_REQUIRES(head_.commit_mutex);
  std::set<std::pair<SeriesId, Timestamp>> times_of_late_series(const Batch& batch);
  SeriesPage* page_for(SeriesId& id);
  Result<void> log(Batch& batch, Timestamp time) TOCSIN_REQUIRES(head_.commit_mutex);
  Result<void> begin_record(Timestamp time) TOCSIN_REQUIRES(head_.commit_mutex);
  Result<void> remove_slice(std::span<const SeriesId> ids, Timestamp start, Timestamp end)
      TOCSIN_REQUIRES(head_.commit_mutex);
  void encode(const Batch& batch, Timestamp time) TOCSIN_REQUIRES(head_.commit_mutex);
  void encode_row(SeriesPage& page, unsigned index, SeriesId id, const SampleIn& sample)
      TOCSIN_REQUIRES(head_.commit_mutex);
  void saw_times(const Batch& batch);
  void define(SeriesPage& page, SeriesId id) TOCSIN_REQUIRES(head_.commit_mutex);
  void forget_definitions();
  void apply(std::uint16_t slot, const Batch& batch, Timestamp time) TOCSIN_REQUIRES(head_.commit_mutex);
  std::size_t apply_run(Visibility::Commit& commit, const Batch& batch, std::size_t from, SeriesPage& page)
      TOCSIN_REQUIRES(head_.commit_mutex);
  void apply_late(const Visibility::Commit& commit, const Batch& batch) TOCSIN_REQUIRES(head_.commit_mutex);
  void apply_exemplars(const Batch& batch);
  void apply_metadata(const Batch& batch);
  void clear_pending(const Batch& batch);

  Head& head_;
  WalRecordWriter record_;
  std::string payload_;
  std::uint8_t code_ = 0;    // of the segment that the record goes to
  bool ahead_ = false;       // of the replay: samples are not applied, nor coded against those before them
  bool repeats_ = false;     // a series has several samples in the batch
  bool takes_over_ = false;  // a series belongs to another slot
  std::size_t accepted_ = 0, late_ = 0;
  std::vector<Batch::Late> turned_;                 // in order when they were appended, late now
  std::unordered_map<SeriesId, Timestamp> latest_;  // in a batch of several times: of each series
  std::vector<SeriesId> defined_series_;
  std::vector<std::uint32_t> defined_pairs_;
  std::size_t special_ = 0;  // the next of batch.specials
};

}  // namespace tocsin::tsdb
