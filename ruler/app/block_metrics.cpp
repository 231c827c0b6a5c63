// Metrics of blocks, under Prometheus' names. Source: Prometheus tsdb/db.go, tsdb/compact.go.
#include "app/metrics.hpp"

namespace tocsin::app {
namespace {

using telemetry::Sink;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void put_durations(Sink& sink, std::string_view name, std::string_view help, const tsdb::DurationCounts& counts) {
  std::vector<expo::Bucket> buckets;
  for (std::size_t i = 0; i < counts.kBounds; ++i) {
    buckets.push_back({number(std::uint64_t{1} << i), number(counts.up_to[i])});
  }
  sink.histogram(name, help, {}, buckets, counts.sum_seconds, number(counts.count));
}

}  // namespace

void put_block_metrics(Sink& sink, const tsdb::BlockStats& blocks, const tsdb::TsdbStats& head) {
  sink.gauge("prometheus_tsdb_blocks_loaded", "Number of currently loaded data blocks", number(blocks.blocks));
  sink.gauge("prometheus_tsdb_storage_blocks_bytes",
             "The number of bytes that are currently used for local storage by all blocks.", number(blocks.bytes));
  sink.counter("prometheus_tsdb_reloads_total", "Number of times the database reloaded block data from disk.",
               number(blocks.reloads));
  sink.counter("prometheus_tsdb_reloads_failures_total",
               "Number of times the database failed to reloadBlocks block data from disk.",
               number(blocks.reload_failures));
  sink.counter("prometheus_tsdb_compactions_total", "Total number of compactions that were executed for the partition.",
               number(blocks.compactions));
  sink.counter("prometheus_tsdb_compactions_failed_total", "Total number of compactions that failed for the partition.",
               number(blocks.compactions_failed));
  sink.counter("prometheus_tsdb_compactions_triggered_total",
               "Total number of triggered compactions for the partition.", number(blocks.compactions_triggered));
  sink.counter("prometheus_tsdb_vertical_compactions_total", "Total number of compactions done on overlapping blocks.",
               number(blocks.vertical_compactions));
  sink.gauge("prometheus_tsdb_compaction_populating_block",
             "Set to 1 when a block is currently being written to the disk.", blocks.writing ? 1 : 0);
  put_durations(sink, "prometheus_tsdb_compaction_duration_seconds", "Duration of compaction runs",
                blocks.compaction_seconds);
  put_durations(sink, "prometheus_tsdb_tombstone_cleanup_seconds",
                "The time taken to recompact blocks to remove tombstones.", blocks.tombstone_cleanup_seconds);
  sink.counter("prometheus_tsdb_time_retentions_total",
               "The number of times that blocks were deleted because the maximum time limit was exceeded.",
               number(blocks.time_retentions));
  sink.counter("prometheus_tsdb_size_retentions_total",
               "The number of times that blocks were deleted because the maximum number of bytes was exceeded.",
               number(blocks.size_retentions));
  sink.gauge("prometheus_tsdb_retention_limit_bytes",
             "Max number of bytes to be retained in the tsdb blocks, configured 0 means disabled",
             number(blocks.retention_bytes));
  sink.gauge("prometheus_tsdb_retention_limit_percentage",
             "Max percentage of total storage space to be retained in the tsdb blocks, configured 0 means disabled",
             blocks.retention_percentage);
  sink.gauge("prometheus_tsdb_retention_limit_seconds", "How long to retain samples in storage.",
             static_cast<double>(blocks.retention_ms) / 1000);
  const bool head_is_empty = head.min_time > head.max_time;
  const Timestamp lowest = blocks.blocks > 0 ? blocks.min_time : head.min_time;
  if (blocks.blocks > 0 || !head_is_empty) {
    sink.gauge("prometheus_tsdb_lowest_timestamp",
               "Lowest timestamp value stored in the database. The unit is decided by the library consumer.",
               static_cast<double>(lowest));
    sink.gauge("prometheus_tsdb_lowest_timestamp_seconds", "Lowest timestamp value stored in the database.",
               static_cast<double>(lowest) / 1000);
  }
  if (!head_is_empty) {
    sink.gauge("prometheus_tsdb_head_min_time",
               "Minimum time bound of the head block. The unit is decided by the library consumer.",
               static_cast<double>(head.min_time));
    sink.gauge("prometheus_tsdb_head_max_time",
               "Maximum timestamp of the head block. The unit is decided by the library consumer.",
               static_cast<double>(head.max_time));
  }
  sink.gauge("tocsin_tsdb_block_restart_points_bytes",
             "Memory for places within chunks of blocks from which decoding can go on.",
             number(blocks.restart_points_bytes));
  sink.counter("tocsin_tsdb_head_cuts_total", "Blocks made of the head.", number(blocks.cuts));
}

}  // namespace tocsin::app
