// Tables and indexes of the database that is asked, and its vacuums.

#include "exporters/postgres/builtin.hpp"

namespace tocsin::exporters::postgres {

namespace {

Query user_tables() {
  Query query{.collector = "stat_user_tables", .per_database = true};
  query.mapping = {
      .prefix = "pg_stat_user_tables",
      .columns =
          {label("schemaname"),
           label("relname"),
           counter("seq_scan", "Number of sequential scans initiated on this table"),
           counter("seq_tup_read", "Number of live rows fetched by sequential scans"),
           counter("idx_scan", "Number of index scans initiated on this table"),
           counter("idx_tup_fetch", "Number of live rows fetched by index scans"),
           counter("n_tup_ins", "Number of rows inserted"),
           counter("n_tup_upd", "Number of rows updated"),
           counter("n_tup_del", "Number of rows deleted"),
           counter("n_tup_hot_upd", "Number of rows HOT updated (i.e., with no separate index update required)"),
           gauge("n_live_tup", "Estimated number of live rows"),
           gauge("n_dead_tup", "Estimated number of dead rows"),
           gauge("n_mod_since_analyze", "Estimated number of rows changed since last analyze"),
           gauge("last_vacuum", "Last time at which this table was manually vacuumed (not counting VACUUM FULL)"),
           gauge("last_autovacuum", "Last time at which this table was vacuumed by the autovacuum daemon"),
           gauge("last_analyze", "Last time at which this table was manually analyzed"),
           gauge("last_autoanalyze", "Last time at which this table was analyzed by the autovacuum daemon"),
           counter("vacuum_count", "Number of times this table has been manually vacuumed (not counting VACUUM FULL)"),
           counter("autovacuum_count", "Number of times this table has been vacuumed by the autovacuum daemon"),
           counter("analyze_count", "Number of times this table has been manually analyzed"),
           counter("autoanalyze_count", "Number of times this table has been analyzed by the autovacuum daemon")},
      .null = NullValue::kZero,
      .null_label = "unknown",
      .server_label = false};
  query.sql = fmt::format("SELECT current_database() AS datname, {} FROM pg_stat_user_tables",
                          sql_names(query.mapping.columns));
  query.mapping.columns.push_back(label("datname"));
  return query;
}

/// Sizes wait for whoever rebuilds or alters a table, so that such tables are left out; and they are a question of
/// their own, which takes nothing else along when it waits all the same.
Query sizes_of_tables() {
  return {.collector = "stat_user_tables",
          .sql =
              "SELECT current_database() AS datname, schemaname, relname, pg_indexes_size(relid) AS index_size_bytes, "
              "pg_table_size(relid) AS table_size_bytes FROM pg_stat_user_tables WHERE relid NOT IN (SELECT "
              "COALESCE(i.indrelid, l.relation) FROM pg_locks l LEFT JOIN pg_index i ON i.indexrelid = l.relation "
              "WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL AND l.database = (SELECT oid FROM "
              "pg_database WHERE datname = current_database()))",
          .mapping = {.prefix = "pg_stat_user_tables",
                      .columns = {label("datname"), label("schemaname"), label("relname"),
                                  gauge("index_size_bytes", "Total disk space used by this index, in bytes"),
                                  gauge("table_size_bytes", "Total disk space used by this table, in bytes")},
                      .null = NullValue::kNothing,  // dropped meanwhile
                      .null_label = "unknown",
                      .server_label = false},
          .per_database = true};
}

Query io_of_tables() {
  return {
      .collector = "statio_user_tables",
      .sql =
          "SELECT current_database() AS datname, schemaname, relname, heap_blks_read AS heap_blocks_read, "
          "heap_blks_hit "
          "AS heap_blocks_hit, idx_blks_read AS idx_blocks_read, idx_blks_hit AS idx_blocks_hit, toast_blks_read AS "
          "toast_blocks_read, toast_blks_hit AS toast_blocks_hit, tidx_blks_read AS tidx_blocks_read, tidx_blks_hit AS "
          "tidx_blocks_hit FROM pg_statio_user_tables",
      .mapping = {.prefix = "pg_statio_user_tables",
                  .columns = {label("datname"), label("schemaname"), label("relname"),
                              counter("heap_blocks_read", "Number of disk blocks read from this table"),
                              counter("heap_blocks_hit", "Number of buffer hits in this table"),
                              counter("idx_blocks_read", "Number of disk blocks read from all indexes on this table"),
                              counter("idx_blocks_hit", "Number of buffer hits in all indexes on this table"),
                              counter("toast_blocks_read",
                                      "Number of disk blocks read from this table's TOAST table (if any)"),
                              counter("toast_blocks_hit", "Number of buffer hits in this table's TOAST table (if any)"),
                              counter("tidx_blocks_read",
                                      "Number of disk blocks read from this table's TOAST table indexes (if any)"),
                              counter("tidx_blocks_hit",
                                      "Number of buffer hits in this table's TOAST table indexes (if any)")},
                  .null = NullValue::kZero,
                  .null_label = "unknown",
                  .server_label = false},
      .per_database = true};
}

Query io_of_indexes() {
  return {.collector = "statio_user_indexes",
          .sql =
              "SELECT schemaname, relname, indexrelname, idx_blks_read AS idx_blks_read_total, idx_blks_hit AS "
              "idx_blks_hit_total FROM pg_statio_user_indexes",
          .mapping = {.prefix = "pg_statio_user_indexes",
                      .columns = {label("schemaname"), label("relname"), label("indexrelname"),
                                  counter("idx_blks_read_total", "Number of disk blocks read from this index"),
                                  counter("idx_blks_hit_total", "Number of buffer hits in this index")},
                      .null = NullValue::kZero,
                      .null_label = "unknown",
                      .server_label = false}};
}

/// The view's own numbers, from the function behind it: the numeric phase, whatever the version calls it.
constexpr std::string_view kVacuums =
    "pg_stat_get_progress_info('VACUUM') AS s(pid, datid, relid, param1, param2, param3, param4, param5, param6, "
    "param7, "
    "param8, param9, param10{}) LEFT JOIN pg_database d ON s.datid = d.oid";
constexpr std::string_view kVacuumedTable =
    "d.datname, COALESCE(CASE WHEN d.datname = current_database() THEN s.relid::regclass::text END, s.relid::text) AS "
    "relname";

void add_vacuums(std::vector<Query>& out, int version) {
  const std::string from = fmt::format(
      kVacuums, version >= 120000
                    ? ", param11, param12, param13, param14, param15, param16, param17, param18, param19, param20"
                    : "");
  Query phase{.collector = "stat_progress_vacuum"};
  Column one = gauge("one", "Current vacuum phase (1 = active, 0 = inactive). Label 'phase' is human-readable.");
  one.family = "pg_stat_progress_vacuum_phase";
  phase.mapping = {.prefix = "pg_stat_progress_vacuum",
                   .columns = {label("datname"), label("relname"), label("phase"), std::move(one)},
                   .null = NullValue::kZero,
                   .null_label = "unknown",
                   .server_label = false};
  phase.sql = fmt::format(
      "SELECT {}, p.phase, (p.number = s.param1)::int AS one FROM {} CROSS JOIN (VALUES (0, 'initializing'), (1, "
      "'scanning heap'), (2, 'vacuuming indexes'), (3, 'vacuuming heap'), (4, 'cleaning up indexes'), (5, 'truncating "
      "heap'), (6, 'performing final cleanup')) AS p(number, phase)",
      kVacuumedTable, from);
  out.push_back(std::move(phase));

  Query progress{.collector = "stat_progress_vacuum"};
  progress.mapping = {
      .prefix = "pg_stat_progress_vacuum",
      .columns = {label("datname"), label("relname"),
                  gauge("heap_blks", "Total number of heap blocks in the table being vacuumed."),
                  gauge("heap_blks_scanned", "Number of heap blocks scanned so far."),
                  gauge("heap_blks_vacuumed", "Number of heap blocks vacuumed so far."),
                  gauge("index_vacuums", "Number of completed index vacuum cycles."),
                  gauge("max_dead_tuples",
                        "Maximum number of dead tuples that can be stored before cleanup is performed."),
                  gauge("num_dead_tuples", "Current number of dead tuples found so far.")},
      .null = NullValue::kZero,
      .null_label = "unknown",
      .server_label = false};
  progress.sql = fmt::format(
      "SELECT {}, s.param2 AS heap_blks, s.param3 AS heap_blks_scanned, s.param4 AS heap_blks_vacuumed, s.param5 AS "
      "index_vacuums, s.param6 AS max_dead_tuples, s.param7 AS num_dead_tuples FROM {}",
      kVacuumedTable, from);
  out.push_back(std::move(progress));
}

}  // namespace

void add_table_queries(std::vector<Query>& out, const Options&, int version) {
  if (version >= 90600) add_vacuums(out, version);
  out.push_back(io_of_indexes());
  out.push_back(io_of_tables());
  out.push_back(user_tables());
  out.push_back(sizes_of_tables());
}

}  // namespace tocsin::exporters::postgres
