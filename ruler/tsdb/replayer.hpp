#pragma once
// The second half of the start: the values in the log. It runs in the background while scrapes go on.
//
// Until it is through, a commit is written to the log and not applied (committer.hpp), so the log itself is the queue
// of what waits: nothing of it is held in memory, nothing has to be refused because a queue is full, and it is durable
// as any other commit. The replayer reads the segments of earlier lives, then those that grow beside it, until it has
// caught up; the last records it reads under the commit lock, and then the head is whole. A process that dies in
// between has lost nothing: the next start reads the same log.
//
// Commits that are not applied are coded as rows, which need no value before them, in segments of their own.
//
//   reader   bytes of the log → checksum → parts → values (replay_decoder.hpp) ──┐ a ring of records
//   applier  values → open chunks, under the commit lock for a page of series at a time ◀┘
// Both are one thread if the store has no threads of its own, and for the last records.

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "tsdb/head.hpp"
#include "tsdb/replay_decoder.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

/// What the loader leaves to be done.
struct ReplayPlan {
  WalPosition from;
  std::uint32_t own_segment = 0;      // the log of this life begins with it
  SeriesId collected_below = 0;       // unknown series below this were collected before the checkpoint,
  std::unordered_set<SeriesId> lost;  // but for these
};

/// Thread: run() one at a time; progress() any.
class Replayer {
 public:
  Replayer(Head& head, ReplayPlan plan);

  /// Goes on with the replay until the head is whole, or `stop` says so before a record.
  /// @return whether it is whole. On an error of the disk, the next call goes on where this one stood.
  Result<bool> run(const std::function<bool()>& stop);

  /// What was said since the last call. Thread: that of run().
  std::vector<std::string> take_messages() { return std::exchange(messages_, {}); }

  /// Segments of the log: the first and the last that are to be read, and the one that is read now.
  struct Progress {
    std::uint32_t first = 0, last = 0, current = 0;
  };
  Progress progress() const;

 private:
  class Applier;
  Result<bool> read_all(const std::function<bool()>& stop);
  Result<void> finish();
  WalSeen take(WalPosition position, std::string_view payload);
  void apply(const ReplayRecord& record);
  void begin_segment(const ReplayRecord& record);
  std::size_t apply_run(const ReplayRecord& record, std::size_t from);
  struct RowOf {
    SeriesId id;
    const Row* row;
  };
  template <typename At>
  std::size_t apply_rows(std::size_t from, std::size_t count, At&& at);
  void apply_ahead(std::span<const WalRecord::Ahead> all);
  void apply_behind(const WalRecord::Ahead& one);
  void apply_late(SeriesId id, const Row& row);
  void apply_deletion(const WalRecord::Deletion& deletion, ChunkRef chunks_end);
  bool is_behind(SeriesPage& page, SeriesId id, Timestamp t);
  static bool is_deleted(SeriesPage& page, SeriesId id, Timestamp t);
  bool is_there(SeriesId id, Timestamp t);
  void apply_locked(SeriesPage& page, SeriesId id, const SampleIn& sample)
      TOCSIN_REQUIRES(head_.commit_mutex, page.mutex);
  void note_unknown(SeriesId id);
  void let_commits_pass() const;

  Head& head_;
  const ReplayPlan plan_;
  std::atomic<std::uint32_t> current_ = 0, last_ = 0;

  // Of the reader.
  WalPosition at_;
  std::vector<std::string> messages_;
  ReplayDecoder decoder_;
  ReplayRecord record_;  // when it is the applier too

  // Of the applier.
  bool locked_ = false;    // the commit lock is held by finish()
  std::uint8_t code_ = 0;  // of the segment
  std::uint32_t segment_ = 0;
  std::unordered_set<SeriesId> unknown_series_;
  std::uint64_t unknown_samples_ = 0;
  std::unique_ptr<ReadView> view_;  // to see which late samples are there already
};

}  // namespace tocsin::tsdb
