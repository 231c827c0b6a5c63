// The extension pg_stat_statements. Names of its columns changed with versions 13 and 17.

#include "exporters/postgres/builtin.hpp"

namespace tocsin::exporters::postgres {

namespace {

struct Names {
  std::string_view total, mean, longest, read, write;
};
Names statement_names(int version) {
  Names names{.total = "total_time",
              .mean = "mean_time",
              .longest = "max_time",
              .read = "blk_read_time",
              .write = "blk_write_time"};
  if (version >= 130000) {
    names.total = "total_exec_time";
    names.mean = "mean_exec_time";
    names.longest = "max_exec_time";
  }
  if (version >= 170000) {
    names.read = "shared_blk_read_time";
    names.write = "shared_blk_write_time";
  }
  return names;
}

std::string who(const StatementOptions& options) {
  return "FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE true" +
         sql_not_in("d.datname", options.exclude_databases) +
         sql_not_in("pg_get_userbyid(s.userid)", options.exclude_users);
}

std::vector<Column> who_columns() {
  return {label("user"), label("datname"), label("queryid")};
}

Query statements(const StatementOptions& options, const Names& names, bool texts) {
  Query query{.collector = "stat_statements"};
  query.mapping = {
      .prefix = "pg_stat_statements", .null = NullValue::kZero, .null_label = "unknown", .server_label = false};
  const std::string worst = fmt::format(
      "s.{0} > (SELECT percentile_cont(0.1) WITHIN GROUP (ORDER BY {0}) FROM pg_stat_statements)", names.total);
  if (texts) {
    Column one{.name = "one",
               .usage = Usage::kCounter,
               .help = "SQL Query to queryid mapping",
               .family = "pg_stat_statements_query_id"};
    query.mapping.columns = {label("queryid"), label("query"), std::move(one)};
    query.sql = fmt::format(
        "SELECT DISTINCT ON (queryid) queryid, query, 1 AS one FROM (SELECT s.queryid, left(s.query, {}) AS query {} "
        "AND "
        "{} ORDER BY s.{} DESC LIMIT {}) AS q",
        options.query_length, who(options), worst, names.total, options.limit);
    return query;
  }
  query.mapping.columns = who_columns();
  for (Column& column : std::vector<Column>{
           counter("calls_total", "Number of times executed"),
           counter("seconds_total", "Total time spent in the statement, in seconds"),
           counter("rows_total", "Total number of rows retrieved or affected by the statement"),
           counter("block_read_seconds_total", "Total time the statement spent reading blocks, in seconds"),
           counter("block_write_seconds_total", "Total time the statement spent writing blocks, in seconds")}) {
    query.mapping.columns.push_back(std::move(column));
  }
  query.sql = fmt::format(
      "SELECT pg_get_userbyid(s.userid) AS \"user\", d.datname, s.queryid, s.calls AS calls_total, s.{0} / 1000.0 AS "
      "seconds_total, s.rows AS rows_total, s.{1} / 1000.0 AS block_read_seconds_total, s.{2} / 1000.0 AS "
      "block_write_seconds_total {3} AND {4} ORDER BY seconds_total DESC LIMIT {5}",
      names.total, names.read, names.write, who(options), worst, options.limit);
  return query;
}

/// Ours: the slowest by mean time.
Query slow_statements(const Options& options, const Names& names) {
  Query query{.collector = "slow_statements"};
  query.mapping = {.prefix = "pg_slow_statements",
                   .columns = who_columns(),
                   .null = NullValue::kZero,
                   .null_label = "unknown",
                   .server_label = false};
  query.mapping.columns.push_back(
      gauge("mean_seconds", "Mean time of the statement; the slow_statement_limit slowest are shown"));
  query.mapping.columns.push_back(gauge("max_seconds", "Longest time of the statement"));
  query.sql = fmt::format(
      "SELECT pg_get_userbyid(s.userid) AS \"user\", d.datname, s.queryid, s.{0} / 1000.0 AS mean_seconds, s.{1} / "
      "1000.0 "
      "AS max_seconds {2} ORDER BY s.{0} DESC LIMIT {3}",
      names.mean, names.longest, who(options.statements), options.slow_statement_limit);
  return query;
}

}  // namespace

void add_statement_queries(std::vector<Query>& out, const Options& options, int version) {
  const Names names = statement_names(version);
  out.push_back(statements(options.statements, names, false));
  if (options.statements.include_query) out.push_back(statements(options.statements, names, true));
  if (version >= 90500) out.push_back(slow_statements(options, names));
}

}  // namespace tocsin::exporters::postgres
