#pragma once
// The life of samples behind the head: cut into blocks, compacted, deleted, dropped.
//
//   open()      what is in the folder; where the head begins
//   maintain()  looks at the folder, cuts the head while it spans half a block more than a block, compacts while there
//               is something to compact, drops what is beyond the retention
// All of it works one thing after the other; queries and commits go on meanwhile. A failure leaves the store as it was,
// and the next round tries again. Source: Prometheus tsdb/db.go (Compact, compactHead, reloadBlocks, Delete,
// CleanTombstones, Snapshot).

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "model/matcher.hpp"
#include "tsdb/block_set.hpp"
#include "tsdb/block_stats.hpp"
#include "tsdb/head.hpp"

namespace tocsin::tsdb {

/// How long samples are kept, in force from the next round on. 0: no limit.
struct Retention {
  std::int64_t time_ms = 0;
  std::uint64_t bytes = 0;
  double percentage = 0;  // of the file system; before `bytes`
  bool operator==(const Retention&) const = default;
};

/// Thread: any, as said; maintain(), remove(), clean_tombstones() and snapshot() wait for each other.
class BlockKeeper {
 public:
  BlockKeeper(Head& head, std::function<void(std::string)> tell);

  /// Before the head is loaded. @return kIo
  Result<void> open();
  /// @return kIo, kCorrupt: the round ended there; kCanceled after stop().
  Result<void> maintain();
  /// Looks at the folder now, for blocks that a tool put there. @return kIo
  Result<void> reload();
  /// Ends what is being written, unfinished. Thread: any.
  void stop() { stop_.store(true, std::memory_order_relaxed); }

  /// Deletes samples of the series that match, in start <= t <= end, from blocks. @return kIo, kCorrupt: some blocks
  /// may have done it.
  Result<void> remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers);
  /// Rewrites every block that has tombstones without what they delete. @return kIo, kCorrupt
  Result<void> clean_tombstones();
  /// All blocks, by hard links, and the head as a block of its own, in `folder`. @return kIo, kInvalid for the folder.
  Result<void> snapshot(const std::string& folder, bool with_head);

  void set_retention(const Retention& retention);
  BlockFolder& folder() { return folder_; }
  const BlockFolder& folder() const { return folder_; }
  BlockStats stats() const;

 private:
  Result<void> reload_locked(const BlockFolder::WithSwap& with_swap) TOCSIN_REQUIRES(work_mutex_);
  Result<void> read_all_blocks() TOCSIN_REQUIRES(work_mutex_);
  std::set<block::Ulid> beyond(const std::vector<BlockPtr>& blocks) TOCSIN_REQUIRES(work_mutex_);
  std::uint64_t size_limit(const Retention& retention);
  std::uint64_t head_bytes() const;
  Result<void> check_loaded(const block::Ulid& ulid) TOCSIN_REQUIRES(work_mutex_);

  Result<bool> cut_next() TOCSIN_REQUIRES(work_mutex_);
  Result<void> cut(Timestamp begin, Timestamp end) TOCSIN_REQUIRES(work_mutex_);
  Result<block::Meta> write_cut(const block::Meta& meta) TOCSIN_REQUIRES(work_mutex_);
  Timestamp end_of_gap(Timestamp begin) TOCSIN_REQUIRES(work_mutex_);
  void drop_late_in_blocks() TOCSIN_REQUIRES(work_mutex_);
  Result<void> write_floor_file() TOCSIN_REQUIRES(work_mutex_);
  Result<bool> compact_next() TOCSIN_REQUIRES(work_mutex_);
  Result<void> compact(const std::vector<block::Meta>& from, const block::Meta& to) TOCSIN_REQUIRES(work_mutex_);
  void mark_failed(const std::vector<block::Meta>& blocks) TOCSIN_REQUIRES(work_mutex_);
  block::Meta new_meta(Timestamp min, Timestamp max) TOCSIN_REQUIRES(work_mutex_);
  Result<block::Meta> timed(const std::function<Result<block::Meta>()>& write);

  Head& head_;
  BlockFolder folder_;
  const std::string floor_path_;
  const std::function<void(std::string)> tell_;
  std::atomic<bool> stop_ = false;
  SharedBlockStats stats_;

  mutable Mutex retention_mutex_;
  Retention retention_ TOCSIN_GUARDED_BY(retention_mutex_);

  Mutex work_mutex_;  // before the locks of the head
  Rng rng_ TOCSIN_GUARDED_BY(work_mutex_);
  LateCut late_cut_ TOCSIN_GUARDED_BY(work_mutex_);           // of late samples, what is in blocks
  bool late_dropped_ TOCSIN_GUARDED_BY(work_mutex_) = true;   // and is not in the head any more
  bool floor_written_ TOCSIN_GUARDED_BY(work_mutex_) = true;  // the file says what the head says
  std::set<block::Ulid> failed_
      TOCSIN_GUARDED_BY(work_mutex_);  // could not be compacted, beside those whose meta says so
  std::set<block::Ulid> finished_ TOCSIN_GUARDED_BY(work_mutex_);  // nothing is left of them: to be removed
};

}  // namespace tocsin::tsdb
