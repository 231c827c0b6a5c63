// Tables of information_schema and sys.

#include "exporters/mysql/table.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr LabelColumn kPageSize[] = {{"page_size", "page_size"}};
constexpr ValueColumn kInnodbCmp[] = {
    {"compress_ops", "mysql_info_schema_innodb_cmp_compress_ops_total",
     "Number of times a B-tree page of the size PAGE_SIZE has been compressed."},
    {"compress_ops_ok", "mysql_info_schema_innodb_cmp_compress_ops_ok_total",
     "Number of times a B-tree page of the size PAGE_SIZE has been successfully compressed."},
    {"compress_time", "mysql_info_schema_innodb_cmp_compress_time_seconds_total",
     "Total time in seconds spent in attempts to compress B-tree pages."},
    {"uncompress_ops", "mysql_info_schema_innodb_cmp_uncompress_ops_total",
     "Number of times a B-tree page of the size PAGE_SIZE has been uncompressed."},
    {"uncompress_time", "mysql_info_schema_innodb_cmp_uncompress_time_seconds_total",
     "Total time in seconds spent in uncompressing B-tree pages."},
};

constexpr LabelColumn kBufferPool[] = {{"page_size", "page_size"}, {"buffer_pool_instance", "buffer_pool"}};
constexpr ValueColumn kInnodbCmpmem[] = {
    {"pages_used", "mysql_info_schema_innodb_cmpmem_pages_used_total",
     "Number of blocks of the size PAGE_SIZE that are currently in use."},
    {"pages_free", "mysql_info_schema_innodb_cmpmem_pages_free_total",
     "Number of blocks of the size PAGE_SIZE that are currently available for allocation."},
    {"relocation_ops", "mysql_info_schema_innodb_cmpmem_relocation_ops_total",
     "Number of times a block of the size PAGE_SIZE has been relocated."},
    {"relocation_time", "mysql_info_schema_innodb_cmpmem_relocation_time_seconds_total",
     "Total time in seconds spent in relocating blocks.", MetricType::kCounter, 1e-3},
};

constexpr LabelColumn kColumn[] = {{"table_schema", "schema"}, {"table_name", "table"}, {"column_name", "column"}};
constexpr ValueColumn kAutoIncrement[] = {
    {"auto_increment", "mysql_info_schema_auto_increment_column",
     "The current value of an auto_increment column from information_schema.", MetricType::kGauge},
    {"max_int", "mysql_info_schema_auto_increment_column_max",
     "The max value of an auto_increment column from information_schema.", MetricType::kGauge},
};

constexpr LabelColumn kUser[] = {{"user", "user"}};
constexpr ValueColumn kUserSummary[] = {
    {"statements", "mysql_sys_statements_total", " The total number of statements for the user", MetricType::kCounter},
    {"statement_latency", "mysql_sys_statement_latency", "The total wait time of timed statements for the user",
     MetricType::kCounter, kPicoseconds},
    {"table_scans", "mysql_sys_table_scans_total", "The total number of table scans for the user",
     MetricType::kCounter},
    {"file_ios", "mysql_sys_file_ios_total", "The total number of file I/O events for the user", MetricType::kCounter},
    {"file_io_latency", "mysql_sys_file_io_seconds_total", "The total wait time of timed file I/O events for the user",
     MetricType::kCounter, kPicoseconds},
    {"current_connections", "mysql_sys_current_connections", "The current number of connections for the user",
     MetricType::kGauge},
    {"total_connections", "mysql_sys_connections_total", "The total number of connections for the user",
     MetricType::kCounter},
    {"unique_hosts", "mysql_sys_unique_hosts_total",
     "The number of distinct hosts from which connections for the user have originated", MetricType::kCounter},
    {"current_memory", "mysql_sys_current_memory_bytes", "The current amount of allocated memory for the user",
     MetricType::kGauge},
    {"total_memory_allocated", "mysql_sys_memory_allocated_bytes_total",
     "The total amount of allocated memory for the user", MetricType::kCounter},
};

constexpr LabelColumn kReplica[] = {{"SERVER_ID", "server_id"}, {"ROLE", "role"}};
constexpr ValueColumn kReplicaHost[] = {
    {"CPU", "mysql_info_schema_replica_host_cpu_percent", "The CPU usage as a percentage.", MetricType::kGauge},
    {"MASTER_SLAVE_LATENCY_IN_MICROSECONDS", "mysql_info_schema_replica_host_replica_latency_seconds",
     "The source-replica latency in seconds.", MetricType::kGauge, 1e-6},
    {"REPLICA_LAG_IN_MILLISECONDS", "mysql_info_schema_replica_host_lag_seconds", "The replica lag in seconds.",
     MetricType::kGauge, 1e-3},
    {"LOG_STREAM_SPEED_IN_KiB_PER_SECOND", "mysql_info_schema_replica_host_log_stream_speed",
     "The log stream speed in kilobytes per second.", MetricType::kGauge},
    {"CURRENT_REPLAY_LATENCY_IN_MICROSECONDS", "mysql_info_schema_replica_host_replay_latency_seconds",
     "The current replay latency in seconds.", MetricType::kGauge, 1e-6},
};

constexpr unsigned kUnknownTable = 1109;  // ER_UNKNOWN_TABLE, of information_schema

}  // namespace

Result<void> collect_innodb_cmp(const Round& round) {
  return collect_table(round,
                       "SELECT page_size, compress_ops, compress_ops_ok, compress_time, uncompress_ops, "
                       "uncompress_time FROM information_schema.innodb_cmp",
                       kPageSize, kInnodbCmp);
}

Result<void> collect_innodb_cmpmem(const Round& round) {
  return collect_table(round,
                       "SELECT page_size, buffer_pool_instance, pages_used, pages_free, relocation_ops, "
                       "relocation_time FROM information_schema.innodb_cmpmem",
                       kBufferPool, kInnodbCmpmem);
}

Result<void> collect_auto_increment(const Round& round) {
  return collect_table(round,
                       "SELECT c.table_schema, c.table_name, column_name, auto_increment, "
                       "pow(2, CASE data_type WHEN 'tinyint' THEN 7 WHEN 'smallint' THEN 15 WHEN 'mediumint' THEN 23 "
                       "WHEN 'int' THEN 31 WHEN 'bigint' THEN 63 END + (column_type LIKE '% unsigned')) - 1 AS max_int "
                       "FROM information_schema.columns c STRAIGHT_JOIN information_schema.tables t "
                       "ON (BINARY c.table_schema = t.table_schema AND BINARY c.table_name = t.table_name) "
                       "WHERE c.extra = 'auto_increment' AND t.auto_increment IS NOT NULL",
                       kColumn, kAutoIncrement);
}

Result<void> collect_user_summary(const Round& round) {
  return collect_table(round,
                       "SELECT user, statements, statement_latency, table_scans, file_ios, file_io_latency, "
                       "current_connections, total_connections, unique_hosts, current_memory, "
                       "total_memory_allocated FROM sys.x$user_summary",
                       kUser, kUserSummary);
}

Result<void> collect_replica_host(const Round& round) {
  auto result = collect_table(
      round,
      "SELECT SERVER_ID, IF(SESSION_ID='MASTER_SESSION_ID', 'writer', 'reader') AS ROLE, CPU, "
      "MASTER_SLAVE_LATENCY_IN_MICROSECONDS, REPLICA_LAG_IN_MILLISECONDS, LOG_STREAM_SPEED_IN_KiB_PER_SECOND, "
      "CURRENT_REPLAY_LATENCY_IN_MICROSECONDS FROM information_schema.replica_host_status",
      kReplica, kReplicaHost);
  // Only Amazon Aurora has it.
  if (!result && round.connection.refused() == kUnknownTable) return {};
  return result;
}

}  // namespace tocsin::exporters::mysql
