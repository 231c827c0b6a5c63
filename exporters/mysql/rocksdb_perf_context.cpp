// MyRocks' counters by table, from information_schema.rocksdb_perf_context.

#include <algorithm>

#include "exporters/mysql/table.hpp"

namespace tocsin::exporters::mysql {
namespace {

/// By STAT_TYPE.
constexpr ValueColumn kStats[] = {
    {"USER_KEY_COMPARISON_COUNT", "mysql_info_schema_rocksdb_perf_context_user_key_comparison_count",
     "Total number of user key comparisons performed in binary search.", MetricType::kCounter},
    {"BLOCK_CACHE_HIT_COUNT", "mysql_info_schema_rocksdb_perf_context_block_cache_hit_count",
     "Total number of block read operations from cache.", MetricType::kCounter},
    {"BLOCK_READ_COUNT", "mysql_info_schema_rocksdb_perf_context_block_read_count",
     "Total number of block read operations from disk.", MetricType::kCounter},
    {"BLOCK_READ_BYTE", "mysql_info_schema_rocksdb_perf_context_block_read_byte",
     "Total number of bytes read from disk.", MetricType::kCounter},
    {"GET_READ_BYTES", "mysql_info_schema_rocksdb_perf_context_get_read_bytes",
     "Number of bytes read during Get operations.", MetricType::kCounter},
    {"MULTIGET_READ_BYTES", "mysql_info_schema_rocksdb_perf_context_multiget_read_bytes",
     "Number of bytes read during MultiGet operations.", MetricType::kCounter},
    {"ITER_READ_BYTES", "mysql_info_schema_rocksdb_perf_context_iter_read_bytes",
     "Number of bytes read during iterator operations.", MetricType::kCounter},
    {"INTERNAL_KEY_SKIPPED_COUNT", "mysql_info_schema_rocksdb_perf_context_internal_key_skipped_count",
     "Count of internal keys skipped during operations.", MetricType::kCounter},
    {"INTERNAL_DELETE_SKIPPED_COUNT", "mysql_info_schema_rocksdb_perf_context_internal_delete_skipped_count",
     "Count of internal delete operations that were skipped.", MetricType::kCounter},
    {"INTERNAL_RECENT_SKIPPED_COUNT", "mysql_info_schema_rocksdb_perf_context_internal_recent_skipped_count",
     "Count of recently skipped internal operations.", MetricType::kCounter},
    {"INTERNAL_MERGE_COUNT", "mysql_info_schema_rocksdb_perf_context_internal_merge_count",
     "Total number of internal merge operations.", MetricType::kCounter},
    {"GET_FROM_MEMTABLE_COUNT", "mysql_info_schema_rocksdb_perf_context_get_from_memtable_count",
     "Number of Get operations served from the memtable.", MetricType::kCounter},
    {"SEEK_ON_MEMTABLE_COUNT", "mysql_info_schema_rocksdb_perf_context_seek_on_memtable_count",
     "Count of seek operations in the memtable.", MetricType::kCounter},
    {"NEXT_ON_MEMTABLE_COUNT", "mysql_info_schema_rocksdb_perf_context_next_on_memtable_count",
     "Count of next operations in the memtable.", MetricType::kCounter},
    {"PREV_ON_MEMTABLE_COUNT", "mysql_info_schema_rocksdb_perf_context_prev_on_memtable_count",
     "Count of previous operations in the memtable.", MetricType::kCounter},
    {"SEEK_CHILD_SEEK_COUNT", "mysql_info_schema_rocksdb_perf_context_seek_child_seek_count",
     "Count of child seek operations in RocksDB.", MetricType::kCounter},
    {"BLOOM_MEMTABLE_HIT_COUNT", "mysql_info_schema_rocksdb_perf_context_bloom_memtable_hit_count",
     "Count of successful hits in the bloom filter for memtable searches.", MetricType::kCounter},
    {"BLOOM_MEMTABLE_MISS_COUNT", "mysql_info_schema_rocksdb_perf_context_bloom_memtable_miss_count",
     "Count of misses in the bloom filter for memtable searches.", MetricType::kCounter},
    {"BLOOM_SST_HIT_COUNT", "mysql_info_schema_rocksdb_perf_context_bloom_sst_hit_count",
     "Count of successful hits in the bloom filter for SSTable searches.", MetricType::kCounter},
    {"BLOOM_SST_MISS_COUNT", "mysql_info_schema_rocksdb_perf_context_bloom_sst_miss_count",
     "Count of misses in the bloom filter for SSTable searches.", MetricType::kCounter},
    {"KEY_LOCK_WAIT_COUNT", "mysql_info_schema_rocksdb_perf_context_key_lock_wait_count",
     "Count of key lock wait events in RocksDB.", MetricType::kCounter},
    {"IO_BYTES_WRITTEN", "mysql_info_schema_rocksdb_perf_context_io_bytes_written",
     "Total number of bytes written by I/O operations in RocksDB.", MetricType::kCounter},
    {"IO_BYTES_READ", "mysql_info_schema_rocksdb_perf_context_io_bytes_read",
     "Total number of bytes read by I/O operations in RocksDB.", MetricType::kCounter},
};

}  // namespace

Result<void> collect_rocksdb_perf_context(const Round& round) {
  return round.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME, ifnull(PARTITION_NAME, ''), STAT_TYPE, VALUE "
      "FROM information_schema.rocksdb_perf_context",
      [&](const Row& row) -> Result<void> {
        const auto* const stat = std::ranges::find(kStats, row.text(3), &ValueColumn::column);
        const auto value = number(row.text(4));
        if (stat == std::end(kStats) || !value) return {};
        round.put(stat->name, stat->help, stat->type,
                  {{"schema", row.text(0)}, {"table", row.text(1)}, {"part", row.text(2)}}, *value);
        return {};
      });
}

}  // namespace tocsin::exporters::mysql
