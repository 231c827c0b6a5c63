// Tables of the performance schema.

#include "exporters/mysql/table.hpp"

namespace tocsin::exporters::mysql {
namespace {

/// Of all digests together; a column SUM_X is the sum of X.
constexpr ValueColumn kStatementsSum[] = {
    {"SUM_COUNT_STAR", "mysql_perf_schema_events_statements_sum_total", "The total count of events statements.",
     MetricType::kCounter},
    {"SUM_SUM_CREATED_TMP_DISK_TABLES", "mysql_perf_schema_events_statements_sum_created_tmp_disk_tables",
     "The number of on-disk temporary tables created.", MetricType::kCounter},
    {"SUM_SUM_CREATED_TMP_TABLES", "mysql_perf_schema_events_statements_sum_created_tmp_tables",
     "The number of temporary tables created.", MetricType::kCounter},
    {"SUM_SUM_ERRORS", "mysql_perf_schema_events_statements_sum_errors", "Number of errors.", MetricType::kCounter},
    {"SUM_SUM_LOCK_TIME", "mysql_perf_schema_events_statements_sum_lock_time",
     "Time in picoseconds spent waiting for locks.", MetricType::kCounter},
    {"SUM_SUM_NO_GOOD_INDEX_USED", "mysql_perf_schema_events_statements_sum_no_good_index_used",
     "Number of times no good index was found.", MetricType::kCounter},
    {"SUM_SUM_NO_INDEX_USED", "mysql_perf_schema_events_statements_sum_no_index_used",
     "Number of times no index was found.", MetricType::kCounter},
    {"SUM_SUM_ROWS_AFFECTED", "mysql_perf_schema_events_statements_sum_rows_affected",
     "Number of rows affected by statements.", MetricType::kCounter},
    {"SUM_SUM_ROWS_EXAMINED", "mysql_perf_schema_events_statements_sum_rows_examined",
     "Number of rows read during statements' execution.", MetricType::kCounter},
    {"SUM_SUM_ROWS_SENT", "mysql_perf_schema_events_statements_sum_rows_sent", "Number of rows returned.",
     MetricType::kCounter},
    {"SUM_SUM_SELECT_FULL_JOIN", "mysql_perf_schema_events_statements_sum_select_full_join",
     "Number of joins performed by statements which did not use an index.", MetricType::kCounter},
    {"SUM_SUM_SELECT_FULL_RANGE_JOIN", "mysql_perf_schema_events_statements_sum_select_full_range_join",
     "Number of joins performed by statements which used a range search of the first table.", MetricType::kCounter},
    {"SUM_SUM_SELECT_RANGE", "mysql_perf_schema_events_statements_sum_select_range",
     "Number of joins performed by statements which used a range of the first table.", MetricType::kCounter},
    {"SUM_SUM_SELECT_RANGE_CHECK", "mysql_perf_schema_events_statements_sum_select_range_check",
     "Number of joins without keys performed by statements that check for key usage after each row.",
     MetricType::kCounter},
    {"SUM_SUM_SELECT_SCAN", "mysql_perf_schema_events_statements_sum_select_scan",
     "Number of joins performed by statements which used a full scan of the first table.", MetricType::kCounter},
    {"SUM_SUM_SORT_MERGE_PASSES", "mysql_perf_schema_events_statements_sum_sort_merge_passes",
     "Number of merge passes by the sort algorithm performed by statements.", MetricType::kCounter},
    {"SUM_SUM_SORT_RANGE", "mysql_perf_schema_events_statements_sum_sort_range",
     "Number of sorts performed by statements which used a range.", MetricType::kCounter},
    {"SUM_SUM_SORT_ROWS", "mysql_perf_schema_events_statements_sum_sort_rows", "Number of rows sorted.",
     MetricType::kCounter},
    {"SUM_SUM_SORT_SCAN", "mysql_perf_schema_events_statements_sum_sort_scan",
     "Number of sorts performed by statements which used a full table scan.", MetricType::kCounter},
    {"SUM_SUM_TIMER_WAIT", "mysql_perf_schema_events_statements_sum_timer_wait",
     "Total wait time of the summarized events that are timed.", MetricType::kCounter, kPicoseconds},
    {"SUM_SUM_WARNINGS", "mysql_perf_schema_events_statements_sum_warnings", "Number of warnings.",
     MetricType::kCounter},
};

/// A family with a label that tells its columns apart.
struct Split {
  std::string_view name, help, label;
  double scale = 1;
  constexpr ValueColumn of(std::string_view column, std::string_view value) const {
    return {column, name, help, MetricType::kCounter, scale, {label, value}};
  }
};

constexpr Split kFileEventsTotal{"mysql_perf_schema_file_events_total", "The total file events by event name/mode.",
                                 "mode"};
constexpr Split kFileEventsSeconds{"mysql_perf_schema_file_events_seconds_total",
                                   "The total seconds of file events by event name/mode.", "mode", kPicoseconds};
constexpr Split kFileEventsBytes{"mysql_perf_schema_file_events_bytes_total",
                                 "The total bytes of file events by event name/mode.", "mode"};
constexpr Split kFileInstancesTotal{"mysql_perf_schema_file_instances_total",
                                    "The total number of file read/write operations.", "mode"};
constexpr Split kFileInstancesBytes{"mysql_perf_schema_file_instances_bytes",
                                    "The number of bytes processed by file read/write operations.", "mode"};
constexpr Split kTableWaitsTotal{"mysql_perf_schema_table_io_waits_total",
                                 "The total number of table I/O wait events for each table and operation.",
                                 "operation"};
constexpr Split kTableWaitsSeconds{"mysql_perf_schema_table_io_waits_seconds_total",
                                   "The total time of table I/O wait events for each table and operation.", "operation",
                                   kPicoseconds};
constexpr Split kIndexWaitsTotal{"mysql_perf_schema_index_io_waits_total",
                                 "The total number of index I/O wait events for each index and operation.",
                                 "operation"};
constexpr Split kIndexWaitsSeconds{"mysql_perf_schema_index_io_waits_seconds_total",
                                   "The total time of index I/O wait events for each index and operation.", "operation",
                                   kPicoseconds};
constexpr Split kSqlLockWaitsTotal{"mysql_perf_schema_sql_lock_waits_total",
                                   "The total number of SQL lock wait events for each table and operation.",
                                   "operation"};
constexpr Split kExternalLockWaitsTotal{"mysql_perf_schema_external_lock_waits_total",
                                        "The total number of external lock wait events for each table and operation.",
                                        "operation"};
constexpr Split kSqlLockWaitsSeconds{"mysql_perf_schema_sql_lock_waits_seconds_total",
                                     "The total time of SQL lock wait events for each table and operation.",
                                     "operation", kPicoseconds};
constexpr Split kExternalLockWaitsSeconds{"mysql_perf_schema_external_lock_waits_seconds_total",
                                          "The total time of external lock wait events for each table and operation.",
                                          "operation", kPicoseconds};

constexpr LabelColumn kEvent[] = {{"EVENT_NAME", "event_name"}};

constexpr ValueColumn kEventsWaits[] = {
    {"COUNT_STAR", "mysql_perf_schema_events_waits_total", "The total events waits by event name."},
    {"SUM_TIMER_WAIT", "mysql_perf_schema_events_waits_seconds_total",
     "The total seconds of events waits by event name.", MetricType::kCounter, kPicoseconds},
};

constexpr ValueColumn kFileEvents[] = {
    kFileEventsTotal.of("COUNT_READ", "read"),
    kFileEventsSeconds.of("SUM_TIMER_READ", "read"),
    kFileEventsBytes.of("SUM_NUMBER_OF_BYTES_READ", "read"),
    kFileEventsTotal.of("COUNT_WRITE", "write"),
    kFileEventsSeconds.of("SUM_TIMER_WRITE", "write"),
    kFileEventsBytes.of("SUM_NUMBER_OF_BYTES_WRITE", "write"),
    kFileEventsTotal.of("COUNT_MISC", "misc"),
    kFileEventsSeconds.of("SUM_TIMER_MISC", "misc"),
};

constexpr LabelColumn kFileLabels[] = {{"FILE_NAME", "file_name"}, {"EVENT_NAME", "event_name"}};
constexpr ValueColumn kFileInstances[] = {
    kFileInstancesTotal.of("COUNT_READ", "read"),
    kFileInstancesTotal.of("COUNT_WRITE", "write"),
    kFileInstancesBytes.of("SUM_NUMBER_OF_BYTES_READ", "read"),
    kFileInstancesBytes.of("SUM_NUMBER_OF_BYTES_WRITE", "write"),
};

constexpr ValueColumn kMemoryEvents[] = {
    {"SUM_NUMBER_OF_BYTES_ALLOC", "mysql_perf_schema_memory_events_alloc_bytes_total",
     "The total number of bytes allocated by events."},
    {"SUM_NUMBER_OF_BYTES_FREE", "mysql_perf_schema_memory_events_free_bytes_total",
     "The total number of bytes freed by events."},
    {"CURRENT_NUMBER_OF_BYTES_USED", "mysql_perf_schema_memory_events_used_bytes",
     "The number of bytes currently allocated by events.", MetricType::kGauge},
};

constexpr LabelColumn kObject[] = {{"OBJECT_SCHEMA", "schema"}, {"OBJECT_NAME", "name"}};
constexpr LabelColumn kIndex[] = {{"OBJECT_SCHEMA", "schema"}, {"OBJECT_NAME", "name"}, {"INDEX_NAME", "index"}};

constexpr ValueColumn kTableWaits[] = {
    kTableWaitsTotal.of("COUNT_FETCH", "fetch"),         kTableWaitsTotal.of("COUNT_INSERT", "insert"),
    kTableWaitsTotal.of("COUNT_UPDATE", "update"),       kTableWaitsTotal.of("COUNT_DELETE", "delete"),
    kTableWaitsSeconds.of("SUM_TIMER_FETCH", "fetch"),   kTableWaitsSeconds.of("SUM_TIMER_INSERT", "insert"),
    kTableWaitsSeconds.of("SUM_TIMER_UPDATE", "update"), kTableWaitsSeconds.of("SUM_TIMER_DELETE", "delete"),
};

constexpr ValueColumn kIndexWaits[] = {
    kIndexWaitsTotal.of("COUNT_FETCH", "fetch"),         kIndexWaitsTotal.of("COUNT_INSERT", "insert"),
    kIndexWaitsTotal.of("COUNT_UPDATE", "update"),       kIndexWaitsTotal.of("COUNT_DELETE", "delete"),
    kIndexWaitsSeconds.of("SUM_TIMER_FETCH", "fetch"),   kIndexWaitsSeconds.of("SUM_TIMER_INSERT", "insert"),
    kIndexWaitsSeconds.of("SUM_TIMER_UPDATE", "update"), kIndexWaitsSeconds.of("SUM_TIMER_DELETE", "delete"),
};

constexpr ValueColumn kTableLocks[] = {
    kSqlLockWaitsTotal.of("COUNT_READ_NORMAL", "read_normal"),
    kSqlLockWaitsTotal.of("COUNT_READ_WITH_SHARED_LOCKS", "read_with_shared_locks"),
    kSqlLockWaitsTotal.of("COUNT_READ_HIGH_PRIORITY", "read_high_priority"),
    kSqlLockWaitsTotal.of("COUNT_READ_NO_INSERT", "read_no_insert"),
    kSqlLockWaitsTotal.of("COUNT_WRITE_NORMAL", "write_normal"),
    kSqlLockWaitsTotal.of("COUNT_WRITE_ALLOW_WRITE", "write_allow_write"),
    kSqlLockWaitsTotal.of("COUNT_WRITE_CONCURRENT_INSERT", "write_concurrent_insert"),
    kSqlLockWaitsTotal.of("COUNT_WRITE_LOW_PRIORITY", "write_low_priority"),
    kExternalLockWaitsTotal.of("COUNT_READ_EXTERNAL", "read"),
    kExternalLockWaitsTotal.of("COUNT_WRITE_EXTERNAL", "write"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_READ_NORMAL", "read_normal"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_READ_WITH_SHARED_LOCKS", "read_with_shared_locks"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_READ_HIGH_PRIORITY", "read_high_priority"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_READ_NO_INSERT", "read_no_insert"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_WRITE_NORMAL", "write_normal"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_WRITE_ALLOW_WRITE", "write_allow_write"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_WRITE_CONCURRENT_INSERT", "write_concurrent_insert"),
    kSqlLockWaitsSeconds.of("SUM_TIMER_WRITE_LOW_PRIORITY", "write_low_priority"),
    kExternalLockWaitsSeconds.of("SUM_TIMER_READ_EXTERNAL", "read"),
    kExternalLockWaitsSeconds.of("SUM_TIMER_WRITE_EXTERNAL", "write"),
};

/// The four first ones are there since MySQL 5.7.
constexpr ValueColumn kGroupMember[] = {
    {"COUNT_TRANSACTIONS_IN_QUEUE", "mysql_perf_schema_transactions_in_queue",
     "The number of transactions in the queue pending conflict detection checks.", MetricType::kGauge},
    {"COUNT_TRANSACTIONS_CHECKED", "mysql_perf_schema_transactions_checked_total",
     "The number of transactions that have been checked for conflicts.", MetricType::kCounter},
    {"COUNT_CONFLICTS_DETECTED", "mysql_perf_schema_conflicts_detected_total",
     "The number of transactions that have not passed the conflict detection check.", MetricType::kCounter},
    {"COUNT_TRANSACTIONS_ROWS_VALIDATING", "mysql_perf_schema_transactions_rows_validating_total",
     "Number of transaction rows which can be used for certification, but have not been garbage collected.",
     MetricType::kCounter},
    {"COUNT_TRANSACTIONS_REMOTE_IN_APPLIER_QUEUE", "mysql_perf_schema_transactions_remote_in_applier_queue",
     "The number of transactions that this member has received from the replication group which are waiting to be "
     "applied.",
     MetricType::kGauge},
    {"COUNT_TRANSACTIONS_REMOTE_APPLIED", "mysql_perf_schema_transactions_remote_applied_total",
     "Number of transactions this member has received from the group and applied.", MetricType::kCounter},
    {"COUNT_TRANSACTIONS_LOCAL_PROPOSED", "mysql_perf_schema_transactions_local_proposed_total",
     "Number of transactions which originated on this member and were sent to the group.", MetricType::kCounter},
    {"COUNT_TRANSACTIONS_LOCAL_ROLLBACK", "mysql_perf_schema_transactions_local_rollback_total",
     "Number of transactions which originated on this member and were rolled back by the group.", MetricType::kCounter},
};

/// Takes the prefix from the label at the first place.
LabelEdit without_prefix(const std::string& prefix) {
  return [&prefix](std::size_t place, std::string& value) {
    if (place == 0 && value.starts_with(prefix)) value.erase(0, prefix.size());
  };
}

}  // namespace

Result<void> collect_statements_sum(const Round& round) {
  std::string sql = "SELECT ";
  for (const ValueColumn& column : kStatementsSum) {
    if (&column != kStatementsSum) sql += ", ";
    sql += fmt::format("SUM({}) AS {}", column.column.substr(4), column.column);
  }
  sql += " FROM performance_schema.events_statements_summary_by_digest";
  return collect_table(round, sql, {}, kStatementsSum);
}

Result<void> collect_events_waits(const Round& round) {
  return collect_table(round,
                       "SELECT EVENT_NAME, COUNT_STAR, SUM_TIMER_WAIT "
                       "FROM performance_schema.events_waits_summary_global_by_event_name",
                       kEvent, kEventsWaits);
}

Result<void> collect_file_events(const Round& round) {
  return collect_table(round,
                       "SELECT EVENT_NAME, COUNT_READ, SUM_TIMER_READ, SUM_NUMBER_OF_BYTES_READ, COUNT_WRITE, "
                       "SUM_TIMER_WRITE, SUM_NUMBER_OF_BYTES_WRITE, COUNT_MISC, SUM_TIMER_MISC "
                       "FROM performance_schema.file_summary_by_event_name",
                       kEvent, kFileEvents);
}

Result<void> collect_file_instances(const Round& round) {
  const std::string sql = fmt::format(
      "SELECT FILE_NAME, EVENT_NAME, COUNT_READ, COUNT_WRITE, SUM_NUMBER_OF_BYTES_READ, SUM_NUMBER_OF_BYTES_WRITE "
      "FROM performance_schema.file_summary_by_instance WHERE FILE_NAME REGEXP {}",
      quote(round.options.file_instances_filter));
  return collect_table(round, sql, kFileLabels, kFileInstances,
                       without_prefix(round.options.file_instances_remove_prefix));
}

Result<void> collect_memory_events(const Round& round) {
  return collect_table(round,
                       "SELECT EVENT_NAME, SUM_NUMBER_OF_BYTES_ALLOC, SUM_NUMBER_OF_BYTES_FREE, "
                       "CURRENT_NUMBER_OF_BYTES_USED FROM performance_schema.memory_summary_global_by_event_name "
                       "WHERE COUNT_ALLOC > 0",
                       kEvent, kMemoryEvents, without_prefix(round.options.memory_events_remove_prefix));
}

Result<void> collect_table_io_waits(const Round& round) {
  return collect_table(round,
                       "SELECT OBJECT_SCHEMA, OBJECT_NAME, COUNT_FETCH, COUNT_INSERT, COUNT_UPDATE, COUNT_DELETE, "
                       "SUM_TIMER_FETCH, SUM_TIMER_INSERT, SUM_TIMER_UPDATE, SUM_TIMER_DELETE "
                       "FROM performance_schema.table_io_waits_summary_by_table "
                       "WHERE OBJECT_SCHEMA NOT IN ('mysql', 'performance_schema')",
                       kObject, kTableWaits);
}

Result<void> collect_index_io_waits(const Round& round) {
  // Rows are inserted into the table, not into an index: those columns count where there is no index.
  return collect_table(round,
                       "SELECT OBJECT_SCHEMA, OBJECT_NAME, ifnull(INDEX_NAME, 'NONE') AS INDEX_NAME, COUNT_FETCH, "
                       "IF(INDEX_NAME IS NULL, COUNT_INSERT, NULL) AS COUNT_INSERT, COUNT_UPDATE, COUNT_DELETE, "
                       "SUM_TIMER_FETCH, IF(INDEX_NAME IS NULL, SUM_TIMER_INSERT, NULL) AS SUM_TIMER_INSERT, "
                       "SUM_TIMER_UPDATE, SUM_TIMER_DELETE "
                       "FROM performance_schema.table_io_waits_summary_by_index_usage "
                       "WHERE OBJECT_SCHEMA NOT IN ('mysql', 'performance_schema')",
                       kIndex, kIndexWaits);
}

Result<void> collect_table_lock_waits(const Round& round) {
  std::string sql = "SELECT OBJECT_SCHEMA, OBJECT_NAME";
  for (const ValueColumn& column : kTableLocks) sql += fmt::format(", {}", column.column);
  sql +=
      " FROM performance_schema.table_lock_waits_summary_by_table "
      "WHERE OBJECT_SCHEMA NOT IN ('mysql', 'performance_schema', 'information_schema')";
  return collect_table(round, sql, kObject, kTableLocks);
}

Result<void> collect_group_member_stats(const Round& round) {
  return collect_table(round,
                       "SELECT * FROM performance_schema.replication_group_member_stats WHERE MEMBER_ID=@@server_uuid",
                       {}, kGroupMember);
}

}  // namespace tocsin::exporters::mysql
