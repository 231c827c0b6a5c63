#pragma once
// Figures of the life of blocks.

#include <array>
#include <cstdint>

#include "base/thread_annotations.hpp"
#include "base/time.hpp"

namespace tocsin::tsdb {

/// Durations in seconds, counted up to bounds of 1, 2, 4 … 8192, as prometheus_tsdb_compaction_duration_seconds is.
struct DurationCounts {
  static constexpr std::size_t kBounds = 14;
  std::array<std::uint64_t, kBounds> up_to{};  // cumulative
  std::uint64_t count = 0;
  double sum_seconds = 0;
  void add(double seconds) {
    for (std::size_t i = 0; i < kBounds; ++i) {
      if (seconds <= static_cast<double>(std::uint64_t{1} << i)) ++up_to[i];
    }
    ++count;
    sum_seconds += seconds;
  }
};

struct BlockStats {
  std::uint64_t blocks = 0, bytes = 0;
  std::uint64_t restart_points_bytes = 0;  // in memory, that readers of their chunks left behind
  Timestamp min_time = kMaxTimestamp;      // of the oldest block; kMaxTimestamp if there is none
  std::uint64_t reloads = 0, reload_failures = 0;
  std::uint64_t compactions = 0, compactions_failed = 0, compactions_triggered = 0, vertical_compactions = 0;
  std::uint64_t cuts = 0;  // blocks made of the head
  std::uint64_t time_retentions = 0, size_retentions = 0;
  bool writing = false;  // a block is being written
  std::int64_t retention_ms = 0;
  std::uint64_t retention_bytes = 0;
  double retention_percentage = 0;
  DurationCounts compaction_seconds, tombstone_cleanup_seconds;
};

/// BlockStats that several threads see. Thread: any.
class SharedBlockStats {
 public:
  template <typename Change>
  void change(Change&& change) {
    const MutexLock lock(mutex_);
    change(stats_);
  }
  BlockStats get() const {
    const MutexLock lock(mutex_);
    return stats_;
  }

 private:
  mutable Mutex mutex_;
  BlockStats stats_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::tsdb
