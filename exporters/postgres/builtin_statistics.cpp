// Statistics of the server and its databases, and its settings.

#include "exporters/postgres/builtin.hpp"

namespace tocsin::exporters::postgres {

namespace {

std::vector<Column> database_columns() {
  return {
      label("datid"),
      label("datname"),
      gauge(
          "numbackends",
          "Number of backends currently connected to this database. This is the only column in this view that returns "
          "a value reflecting current state; all other columns return the accumulated values since the last reset."),
      counter("xact_commit", "Number of transactions in this database that have been committed"),
      counter("xact_rollback", "Number of transactions in this database that have been rolled back"),
      counter("blks_read", "Number of disk blocks read in this database"),
      counter("blks_hit",
              "Number of times disk blocks were found already in the buffer cache, so that a read was not necessary "
              "(this only includes hits in the PostgreSQL buffer cache, not the operating system's file system cache)"),
      counter("tup_returned", "Number of rows returned by queries in this database"),
      counter("tup_fetched", "Number of rows fetched by queries in this database"),
      counter("tup_inserted", "Number of rows inserted by queries in this database"),
      counter("tup_updated", "Number of rows updated by queries in this database"),
      counter("tup_deleted", "Number of rows deleted by queries in this database"),
      counter("conflicts",
              "Number of queries canceled due to conflicts with recovery in this database. (Conflicts occur only on "
              "standby servers; see pg_stat_database_conflicts for details.)"),
      counter("temp_files",
              "Number of temporary files created by queries in this database. All temporary files are counted, "
              "regardless of why the temporary file was created (e.g., sorting or hashing), and regardless of the "
              "log_temp_files setting."),
      counter(
          "temp_bytes",
          "Total amount of data written to temporary files by queries in this database. All temporary files are "
          "counted, regardless of why the temporary file was created, and regardless of the log_temp_files setting."),
      counter("deadlocks", "Number of deadlocks detected in this database"),
      counter("blk_read_time", "Time spent reading data file blocks by backends in this database, in milliseconds"),
      counter("blk_write_time", "Time spent writing data file blocks by backends in this database, in milliseconds"),
      counter("stats_reset", "Time at which these statistics were last reset"),
      counter("active_time_seconds_total", "Time spent executing SQL statements in this database, in seconds"),
  };
}

/// 0.11.1 shows every column of the view, and the row of shared objects, which has no name.
Query stat_database(Style style, int version) {
  Query query{.collector = "stat_database"};
  query.mapping = {.prefix = "pg_stat_database", .columns = database_columns()};
  const std::string_view active = version >= 140000 ? ", active_time / 1000 AS active_time_seconds_total" : "";
  if (style == Style::k011) {
    query.counted = true;
    query.mapping.unknown_columns = true;
    query.sql = fmt::format("SELECT *{} FROM pg_stat_database", active);
    return query;
  }
  query.mapping.null = NullValue::kZero;
  query.mapping.rows_need_labels = true;
  query.mapping.server_label = false;
  std::vector<Column> plain = database_columns();
  plain.pop_back();
  query.sql = fmt::format("SELECT {}{} FROM pg_stat_database", sql_names(plain), active);
  return query;
}

Query database_conflicts() {
  return {.sql = "SELECT * FROM pg_stat_database_conflicts",
          .mapping = {.prefix = "pg_stat_database_conflicts",
                      .columns = {label("datid"), label("datname"),
                                  counter("confl_tablespace",
                                          "Number of queries in this database that have been "
                                          "canceled due to dropped tablespaces"),
                                  counter("confl_lock",
                                          "Number of queries in this database that have been canceled due "
                                          "to lock timeouts"),
                                  counter("confl_snapshot",
                                          "Number of queries in this database that have been canceled "
                                          "due to old snapshots"),
                                  counter("confl_bufferpin",
                                          "Number of queries in this database that have been canceled "
                                          "due to pinned buffers"),
                                  counter("confl_deadlock",
                                          "Number of queries in this database that have been canceled "
                                          "due to deadlocks")},
                      .unknown_columns = true},
          .counted = true};
}

Query bgwriter(Style style, int version) {
  Query query{.collector = "stat_bgwriter"};
  query.mapping = {.prefix = "pg_stat_bgwriter",
                   .columns = {counter("buffers_clean_total", "Number of buffers written by the background writer"),
                               counter("maxwritten_clean_total",
                                       "Number of times the background writer stopped a cleaning scan because it had "
                                       "written too many buffers"),
                               counter("buffers_alloc_total", "Number of buffers allocated"),
                               counter("stats_reset_total", "Time at which these statistics were last reset")},
                   .null = NullValue::kZero,
                   .server_label = style == Style::k011};
  std::string more;
  if (version < 170000) {
    for (Column& column : std::vector<Column>{
             counter("checkpoints_timed_total", "Number of scheduled checkpoints that have been performed"),
             counter("checkpoints_req_total", "Number of requested checkpoints that have been performed"),
             counter("checkpoint_write_time_total",
                     "Total amount of time that has been spent in the portion of checkpoint processing where files are "
                     "written to disk, in milliseconds"),
             counter("checkpoint_sync_time_total",
                     "Total amount of time that has been spent in the portion of checkpoint processing where files are "
                     "synchronized to disk, in milliseconds"),
             counter("buffers_checkpoint_total", "Number of buffers written during checkpoints"),
             counter("buffers_backend_total", "Number of buffers written directly by a backend"),
             counter("buffers_backend_fsync_total",
                     "Number of times a backend had to execute its own fsync call (normally the background writer "
                     "handles those even when the backend does its own write)")}) {
      const std::string_view name = column.name;
      more += fmt::format(", {} AS {}", name.substr(0, name.size() - std::string_view("_total").size()), name);
      query.mapping.columns.push_back(std::move(column));
    }
  }
  query.sql = fmt::format(
      "SELECT buffers_clean AS buffers_clean_total, maxwritten_clean AS maxwritten_clean_total, buffers_alloc AS "
      "buffers_alloc_total, stats_reset AS stats_reset_total{} FROM pg_stat_bgwriter",
      more);
  return query;
}

Query checkpointer() {
  Query query{.collector = "stat_checkpointer"};
  query.mapping = {
      .prefix = "pg_stat_checkpointer",
      .columns = {counter("num_timed_total", "Number of scheduled checkpoints due to timeout"),
                  counter("num_requested_total", "Number of requested checkpoints that have been performed"),
                  counter("restartpoints_timed_total",
                          "Number of scheduled restartpoints due to timeout or after a "
                          "failed attempt to perform it"),
                  counter("restartpoints_req_total", "Number of requested restartpoints"),
                  counter("restartpoints_done_total", "Number of restartpoints that have been performed"),
                  counter("write_time_total",
                          "Total amount of time that has been spent in the portion of processing checkpoints and "
                          "restartpoints where files are written to disk, in milliseconds"),
                  counter("sync_time_total",
                          "Total amount of time that has been spent in the portion of processing checkpoints and "
                          "restartpoints where files are synchronized to disk, in milliseconds"),
                  counter("buffers_written_total", "Number of buffers written during checkpoints and restartpoints"),
                  counter("stats_reset_total", "Time at which these statistics were last reset")},
      .null = NullValue::kZero,
      .server_label = false};
  std::string names;
  for (const Column& column : query.mapping.columns) {
    const std::string_view name = column.name;
    names += fmt::format("{}{} AS {}", names.empty() ? "" : ", ",
                         name.substr(0, name.size() - std::string_view("_total").size()), name);
  }
  query.sql = fmt::format("SELECT {} FROM pg_stat_checkpointer", names);
  return query;
}

Query archiver(Style style) {
  const bool old = style == Style::k011;
  return {.collector = "stat_archiver",
          .sql =
              "SELECT archived_count, failed_count, EXTRACT(EPOCH FROM now() - last_archived_time) AS "
              "last_archive_age FROM pg_stat_archiver",
          .mapping = {.prefix = "pg_stat_archiver",
                      .columns = {counter("archived_count", "Number of WAL files that have been successfully archived"),
                                  counter("failed_count", "Number of failed attempts for archiving WAL files"),
                                  gauge("last_archive_age",
                                        "Time in seconds since last WAL segment was successfully archived")},
                      .null = old ? NullValue::kNaN : NullValue::kNothing,
                      .server_label = old},
          .counted = old};
}

/// statement_timeout of our own session says nothing about the server.
Query settings(Style style) {
  return {.collector = "settings",
          .sql =
              "SELECT name, CASE name WHEN 'statement_timeout' THEN reset_val ELSE setting END, COALESCE(unit, ''), "
              "COALESCE(short_desc, ''), vartype FROM pg_settings WHERE vartype IN ('bool', 'integer', 'real') AND "
              "name NOT IN ('sync_commit_cancel_wait', 'google_dataplex.max_messages')",
          .settings = true,
          .counted = style == Style::k011};
}

void add_databases(std::vector<Query>& out, const Options& options, int version) {
  const std::string where = " FROM pg_database d WHERE true" + sql_not_in("d.datname", options.exclude_databases);
  out.push_back(
      {.collector = "database",
       .sql = "SELECT d.datname, d.datconnlimit AS connection_limit" + where,
       .mapping = {.prefix = "pg_database",
                   .columns = {label("datname"), gauge("connection_limit", "Connection limit set for the database")},
                   .null = NullValue::kZero,
                   .rows_need_labels = true,
                   .server_label = false}});
  // Of those whose size we may see; one more would be an error for all.
  const std::string_view seen = version >= 100000 ? " AND (has_database_privilege(d.oid, 'CONNECT') OR "
                                                    "pg_has_role('pg_read_all_stats', 'USAGE'))"
                                                  : " AND has_database_privilege(d.oid, 'CONNECT')";
  out.push_back({.collector = "database",
                 .sql = fmt::format("SELECT d.datname, pg_database_size(d.oid) AS size_bytes{}{}", where, seen),
                 .mapping = {.prefix = "pg_database",
                             .columns = {label("datname"), gauge("size_bytes", "Disk space used by the database")},
                             .null = NullValue::kZero,
                             .rows_need_labels = true,
                             .server_label = options.style == Style::k011}});
}

Query wraparound() {
  return {.collector = "database_wraparound",
          .sql =
              "SELECT d.datname, age(d.datfrozenxid) AS age_datfrozenxid_seconds, mxid_age(d.datminmxid) AS "
              "age_datminmxid_seconds FROM pg_database d WHERE d.datallowconn",
          .mapping = {.prefix = "pg_database_wraparound",
                      .columns = {label("datname"),
                                  gauge("age_datfrozenxid_seconds",
                                        "Age of the oldest transaction ID that has not been frozen."),
                                  gauge("age_datminmxid_seconds",
                                        "Age of the oldest multi-transaction ID that has been replaced with a "
                                        "transaction ID.")},
                      .null = NullValue::kNothing,
                      .rows_need_labels = true,
                      .server_label = false}};
}

}  // namespace

void add_statistics_queries(std::vector<Query>& out, const Options& options, int version) {
  out.push_back(stat_database(options.style, version));
  out.push_back(database_conflicts());
  out.push_back(bgwriter(options.style, version));
  if (version >= 170000) out.push_back(checkpointer());
  out.push_back(archiver(options.style));
  out.push_back(settings(options.style));
  add_databases(out, options, version);
  if (version >= 90500) out.push_back(wraparound());
  out.push_back({.collector = "postmaster",
                 .sql = "SELECT EXTRACT(EPOCH FROM pg_postmaster_start_time()) AS start_time_seconds",
                 .mapping = {.prefix = "pg_postmaster",
                             .columns = {gauge("start_time_seconds", "Time at which postmaster started")},
                             .null = NullValue::kZero,
                             .server_label = false}});
  out.push_back(
      {.collector = "roles",
       .sql = "SELECT rolname, rolconnlimit AS connection_limit FROM pg_roles",
       .mapping = {.prefix = "pg_roles",
                   .columns = {label("rolname"), gauge("connection_limit", "Connection limit set for the role")},
                   .null = NullValue::kNothing,
                   .rows_need_labels = true,
                   .server_label = false}});
  if (version >= 160000) {
    out.push_back({.collector = "buffercache_summary",
                   .sql = "SELECT buffers_used, buffers_unused, buffers_dirty, buffers_pinned, usagecount_avg FROM "
                          "pg_buffercache_summary()",
                   .mapping = {.prefix = "pg_buffercache_summary",
                               .columns = {gauge("buffers_used", "Number of used shared buffers"),
                                           gauge("buffers_unused", "Number of unused shared buffers"),
                                           gauge("buffers_dirty", "Number of dirty shared buffers"),
                                           gauge("buffers_pinned", "Number of pinned shared buffers"),
                                           gauge("usagecount_avg", "Average usage count of used shared buffers")},
                               .null = NullValue::kZero,
                               .server_label = false}});
  }
}

}  // namespace tocsin::exporters::postgres
