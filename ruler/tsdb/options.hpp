#pragma once
// What tsdb is told by the one who opens it.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/fs.hpp"
#include "base/time.hpp"
#include "tsdb/series_budget.hpp"

namespace tocsin::tsdb {

struct TsdbOptions {
  /// The data folder; made if it is not there. One process has it at a time.
  std::string path;
  /// What is older than the newest sample by more than this is dropped, whole files at a time. 0: nothing is.
  Duration retention = std::chrono::hours(24 * 32);
  /// The oldest blocks go when all of the store takes more than this, or more than this share of the file system in
  /// percent, which goes before the other. 0: no limit.
  std::uint64_t retention_bytes = 0;
  double retention_percentage = 0;
  /// The head is cut into blocks of this length, and they are compacted up to the other one. 0: it is never cut.
  Duration min_block_duration = std::chrono::hours(2);
  Duration max_block_duration = std::chrono::hours(24) * 31;
  /// A power cut loses at most this; the death of the process loses nothing. 0: every commit syncs.
  Duration wal_sync_interval = std::chrono::milliseconds(200);
  /// Samples older than the newest one of the store by more than this are refused (kTooOld), as in Prometheus.
  Duration max_age = std::chrono::hours(1);
  /// Samples older than the newest one of their series are taken if they are not older than the newest one of the store
  /// by more than this; 0: none are. May be changed later (Db::set_out_of_order_window).
  Duration out_of_order_window{0};
  /// So many of a series are kept in memory before they go to a chunk file.
  std::size_t out_of_order_cap_max = 32;
  /// Whether start timestamps of samples are stored. Without, they are as if they were not given.
  bool store_starts = true;
  /// Whether a sample whose start is newer than all of its series gets a sample of zero at that start before it, so
  /// that rate() and increase() see the whole of it. Source: Prometheus tsdb/head_append_v2.go, EnableSTAsZeroSample.
  bool start_zeros = false;
  /// Greatest number of series, in all and of a job.
  SeriesLimits series_limits;
  /// Greatest number of exemplars kept; 0: none are.
  std::size_t exemplars = 10'000;
  /// Greatest number of series whose metadata is kept.
  std::size_t metadata_series = 100'000;

  /// Segments of the log, and files of completed chunks: bytes, and data time in one.
  std::uint64_t wal_segment_bytes = 64U << 20U;
  Duration wal_segment_time = std::chrono::minutes(15);
  std::uint32_t chunk_file_bytes = 512U << 20U;
  Duration chunk_file_time = std::chrono::hours(2);
  std::uint32_t chunk_piece_bytes = 1U << 20U;
  /// A chunk that is open for longer (data time) is completed as it is, so that the log can be cut.
  Duration open_chunk_time = std::chrono::hours(2);

  /// Whether the store runs its own threads (group sync, upkeep). Without, its owner calls sync() and maintain().
  bool threads = true;
  /// Without own threads, open() replays the log before it returns, unless the owner says that it calls replay().
  bool owner_replays = false;
  Duration maintain_interval = std::chrono::seconds(10);
  /// How often the folder is looked at for blocks that came or went, and for work on them.
  Duration block_interval = std::chrono::minutes(1);

  Fs* fs = nullptr;  // the operating system's if null; outlives the store
};

}  // namespace tocsin::tsdb
