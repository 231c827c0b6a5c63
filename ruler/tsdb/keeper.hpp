#pragma once
// Upkeep in the background: what is done while scrapes go on, in slices that hold the commit lock for less than a
// millisecond each.

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tsdb/checkpoint.hpp"
#include "tsdb/head.hpp"

namespace tocsin::tsdb {

/// Thread: one at a time.
class Keeper {
 public:
  Keeper(Head& head, IndexFiles index_files) : head_(head), index_files_(std::move(index_files)) {}

  /// See Db::maintain().
  Result<void> maintain();
  Result<void> checkpoint();
  /// Ends the tracking of commits where it can.
  void tidy();
  /// Completed chunks to their files, `sync`: durable.
  Result<void> write_chunks(bool sync);
  /// Tells the keeper of a store that was loaded how many series the index file holds; their pairs are marked in it.
  void loaded(std::size_t indexed_series) { indexed_series_ = indexed_series; }
  /// What all SeriesExtra took at the last checkpoint. Thread: any.
  std::uint64_t extra_bytes() const { return extra_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Pass {
    Checkpoint checkpoint;
    std::uint32_t current = 0;         // segment
    std::uint32_t complete_up_to = 0;  // segment
    std::vector<SeriesId> defined;     // series that go to the index file
    Ids dead;
    std::uint64_t extra_bytes = 0;
    std::uint32_t oldest_file = 0;
    Timestamp floor = kMinTimestamp;  // what was in order before it is in blocks, and nobody reads it here
  };
  Result<void> run(Pass& pass);
  void begin(Pass& pass);
  std::uint32_t complete_up_to(std::uint32_t current) TOCSIN_REQUIRES(head_.commit_mutex);
  void look_at(Pass& pass, SeriesPage& page, std::uint32_t number) TOCSIN_REQUIRES(head_.commit_mutex);
  bool look_at_late(Pass& pass, SeriesPage& page, unsigned index, SeriesId id)
      TOCSIN_REQUIRES(head_.commit_mutex, page.mutex);
  void look_at_deletions(Pass& pass, SeriesPage& page, unsigned index, SeriesId id, bool late)
      TOCSIN_REQUIRES(head_.commit_mutex, page.mutex);
  void collect(Pass& pass);
  Result<void> write_index(Pass& pass);
  Result<void> define_all(const std::vector<SeriesId>& ids);
  void forget_indexed();
  Result<void> drop_old_files();

  Head& head_;
  IndexFiles index_files_;
  std::uint32_t checkpoint_segment_ = 0;  // current when the last one was written
  std::uint32_t round_ = 2;
  std::size_t indexed_series_ = 0;  // in the index file, dead ones included
  std::atomic<std::uint64_t> extra_bytes_ = 0;
  std::size_t collected_ = 0;  // series, since memory was returned
  bool index_failed_ = false;  // what is in the index file is not what is marked
};

}  // namespace tocsin::tsdb
