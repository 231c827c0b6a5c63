#pragma once
// The queries of postgres_exporter's collectors, of its older default metrics, and a few of our own.
// Source: postgres_exporter 0.20.1 collector/*.go; 0.11.1 cmd/postgres_exporter; PostgreSQL docs, "The Statistics
// System".

#include <array>
#include <string_view>
#include <vector>

#include "exporters/postgres/mapping.hpp"
#include "exporters/postgres/options.hpp"

namespace tocsin::exporters::postgres {

struct Query {
  std::string_view collector;  // "": none, as the default metrics that postgres_exporter never moved to one
  std::string sql;
  Mapping mapping = {};
  bool settings = false;      // the rows are pg_settings: settings.hpp
  bool per_database = false;  // asked in every database that is found
  bool counted = false;       // its failure is in pg_exporter_last_scrape_error
};

struct CollectorDefault {
  std::string_view name;
  bool enabled;
};
/// Every name that `collectors` takes, with its default: those of postgres_exporter 0.20, and behind them ours.
inline constexpr CollectorDefault kCollectors[] = {
    {"buffercache_summary", false},
    {"database", true},
    {"database_wraparound", false},
    {"locks", true},
    {"long_running_transactions", false},
    {"postmaster", false},
    {"process_idle", false},
    {"replication", true},
    {"replication_slots", true},
    {"roles", true},
    {"settings", true},
    {"stat_activity", true},
    {"stat_activity_autovacuum", false},
    {"stat_archiver", true},
    {"stat_bgwriter", true},
    {"stat_checkpointer", false},
    {"stat_database", true},
    {"stat_progress_vacuum", true},
    {"stat_replication", true},
    {"stat_statements", false},
    {"stat_user_tables", true},
    {"stat_wal_receiver", false},
    {"statio_user_indexes", false},
    {"statio_user_tables", true},
    {"wal", true},
    {"xlog_location", false},
    {"lock_waits", true},
    {"slow_queries", true},
    {"slow_statements", false},
};

/// What a server of that version (PQserverVersion's form, 90400 or newer) is asked, cheap questions first.
std::vector<Query> builtin_queries(const Options& options, int version);

// By subject.
void add_activity_queries(std::vector<Query>& out, const Options& options, int version);
void add_statistics_queries(std::vector<Query>& out, const Options& options, int version);
void add_replication_queries(std::vector<Query>& out, const Options& options, int version);
void add_table_queries(std::vector<Query>& out, const Options& options, int version);
void add_statement_queries(std::vector<Query>& out, const Options& options, int version);

// For the tables of columns.
inline Column label(std::string name) {
  return {.name = std::move(name), .usage = Usage::kLabel};
}
inline Column counter(std::string name, std::string help) {
  return {.name = std::move(name), .usage = Usage::kCounter, .help = std::move(help)};
}
inline Column gauge(std::string name, std::string help) {
  return {.name = std::move(name), .usage = Usage::kGauge, .help = std::move(help)};
}
/// A text as a literal of SQL.
std::string sql_literal(std::string_view text);
/// " AND <what> NOT IN ('a', 'b')", or nothing.
std::string sql_not_in(std::string_view what, const std::vector<std::string>& names);
/// "a, b, c" of the columns' names.
std::string sql_names(const std::vector<Column>& columns);

}  // namespace tocsin::exporters::postgres
