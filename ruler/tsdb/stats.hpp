#pragma once
// Figures of the store, for /metrics and /api/v1/status/tsdb.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "tsdb/series_budget.hpp"

namespace tocsin::tsdb {

struct TsdbStats {
  std::uint64_t series = 0;  // live
  std::uint64_t series_created = 0, series_removed = 0;
  std::uint64_t samples_appended = 0, histograms_appended = 0, exemplars_appended = 0;
  std::uint64_t commits = 0, commits_failed = 0;
  std::uint64_t late_samples = 0, late_histograms = 0, late_chunks = 0;  // out of order, taken; chunks of such
  // Samples that were refused or dropped.
  std::uint64_t out_of_order = 0, too_old = 0, duplicates = 0, out_of_bounds = 0, series_limit_hits = 0;
  std::uint64_t chunks_open = 0, chunks_completed = 0, chunks_corrupt = 0;
  /// Of the samples; kMaxTimestamp and kMinTimestamp if there are none.
  Timestamp min_time = kMaxTimestamp, max_time = kMinTimestamp;
  std::uint64_t wal_bytes = 0, wal_segments = 0, wal_syncs = 0, wal_sync_failures = 0;
  std::uint64_t chunk_bytes_written = 0, chunk_files = 0, chunk_file_bytes = 0;
  std::uint64_t checkpoints = 0, checkpoint_failures = 0, retention_files_dropped = 0;
  std::uint64_t snapshots = 0, tracked_series = 0;  // queriers now; series on the slow way of visibility
  double replay_seconds = 0;

  /// Memory, by component (docs/internals/head.md).
  struct Bytes {
    std::uint64_t records = 0;       // series records; with every SeriesExtra, as of the last checkpoint
    std::uint64_t labels = 0;        // pair ids of series
    std::uint64_t tables = 0;        // hash tables
    std::uint64_t pairs = 0;         // pair records
    std::uint64_t postings = 0;      // their lists
    std::uint64_t texts = 0;         // symbols
    std::uint64_t open_chunks = 0;   // blocks, those that are free included
    std::uint64_t chunk_pieces = 0;  // completed chunks that are not written yet
    std::uint64_t total() const {
      return records + labels + tables + pairs + postings + texts + open_chunks + chunk_pieces;
    }
  };
  Bytes bytes;
};

/// The series budget: of all, and of each job that has a limit or was refused series. The `limit` jobs are those that
/// are refused series now, then those nearest to their limit.
struct BudgetStatus {
  std::uint64_t series = 0, limit = 0, limit_per_job = 0, shed = 0;
  std::vector<JobBudget> jobs;
};

/// What there is most of. Source of the shape: Prometheus web/api/v1 (TSDBStatus).
struct Cardinality {
  struct Item {
    std::string name;
    std::uint64_t value = 0;
  };
  std::vector<Item> series_by_metric;      // __name__ → series
  std::vector<Item> values_by_label;       // label name → values
  std::vector<Item> bytes_by_label;        // label name → bytes of its values
  std::vector<Item> series_by_label_pair;  // name=value → series
  std::uint64_t label_pairs = 0;
};

}  // namespace tocsin::tsdb
