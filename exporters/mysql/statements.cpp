// Statements by digest: what is slow. Source: mysqld_exporter collector/perf_schema_events_statements.go.

#include <array>

#include "base/strings.hpp"
#include "exporters/mysql/table.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr ValueColumn kColumns[] = {
    {"COUNT_STAR", "mysql_perf_schema_events_statements_total", "The total count of events statements by digest."},
    {"SUM_TIMER_WAIT", "mysql_perf_schema_events_statements_seconds_total",
     "The total time of events statements by digest.", MetricType::kCounter, kPicoseconds},
    {"SUM_LOCK_TIME", "mysql_perf_schema_events_statements_lock_time_seconds_total",
     "The total lock time of events statements by digest.", MetricType::kCounter, kPicoseconds},
    {"SUM_CPU_TIME", "mysql_perf_schema_events_statements_cpu_time_seconds_total",
     "The total cpu time of events statements by digest.", MetricType::kCounter, kPicoseconds},
    {"SUM_ERRORS", "mysql_perf_schema_events_statements_errors_total", "The errors of events statements by digest."},
    {"SUM_WARNINGS", "mysql_perf_schema_events_statements_warnings_total",
     "The warnings of events statements by digest."},
    {"SUM_ROWS_AFFECTED", "mysql_perf_schema_events_statements_rows_affected_total",
     "The total rows affected of events statements by digest."},
    {"SUM_ROWS_SENT", "mysql_perf_schema_events_statements_rows_sent_total",
     "The total rows sent of events statements by digest."},
    {"SUM_ROWS_EXAMINED", "mysql_perf_schema_events_statements_rows_examined_total",
     "The total rows examined of events statements by digest."},
    {"SUM_CREATED_TMP_TABLES", "mysql_perf_schema_events_statements_tmp_tables_total",
     "The total tmp tables of events statements by digest."},
    {"SUM_CREATED_TMP_DISK_TABLES", "mysql_perf_schema_events_statements_tmp_disk_tables_total",
     "The total tmp disk tables of events statements by digest."},
    {"SUM_SORT_MERGE_PASSES", "mysql_perf_schema_events_statements_sort_merge_passes_total",
     "The total number of merge passes by the sort algorithm performed by digest."},
    {"SUM_SORT_ROWS", "mysql_perf_schema_events_statements_sort_rows_total",
     "The total number of sorted rows by digest."},
    {"SUM_NO_INDEX_USED", "mysql_perf_schema_events_statements_no_index_used_total",
     "The total number of statements that used full table scans by digest."},
};

/// With the peer's names of the quantiles.
constexpr std::pair<std::string_view, double> kQuantiles[] = {
    {"QUANTILE_95", 95}, {"QUANTILE_99", 99}, {"QUANTILE_999", 999}};

std::string statement(const Round& round, bool has_quantiles) {
  const CollectorOptions& options = round.options;
  std::string sql = fmt::format(
      "SELECT ifnull(SCHEMA_NAME, 'NONE') AS SCHEMA_NAME, DIGEST, LEFT(DIGEST_TEXT, {}) AS "
      "DIGEST_TEXT",
      options.statements_text_limit);
  for (const ValueColumn& column : kColumns) {
    if (column.column == "SUM_CPU_TIME" && !has_quantiles) continue;
    sql += fmt::format(", {}", column.column);
  }
  for (const auto& [column, quantile] : kQuantiles) {
    if (has_quantiles) sql += fmt::format(", {}", column);
  }
  sql +=
      " FROM performance_schema.events_statements_summary_by_digest "
      "WHERE SCHEMA_NAME NOT IN ('mysql', 'performance_schema', 'information_schema'";
  for (const std::string& schema : options.statements_exclude_schemas) sql += fmt::format(", {}", quote(schema));
  sql += fmt::format(") AND LAST_SEEN > DATE_SUB(NOW(), INTERVAL {} SECOND) ORDER BY SUM_TIMER_WAIT DESC LIMIT {}",
                     options.statements_time_limit, options.statements_limit);
  return sql;
}

}  // namespace

Result<void> collect_statements(const Round& round) {
  const std::string sql = statement(round, round.server.is_mysql(8, 0, 28));
  return round.query(sql, [&](const Row& row) -> Result<void> {
    const std::array<LabelView, 3> labels = {
        LabelView{"schema", row.text(0)}, {"digest", row.text(1)}, {"digest_text", row.text(2)}};
    // What a server does not measure is 0, as the peer has it.
    for (const ValueColumn& column : kColumns) {
      const double value = number(row.text(column.column)).value_or(0);
      round.page.family(column.name, column.help, column.type).put(labels, column.scale == 1 ? value : value / 1e12);
    }
    std::array<expo::Quantile, std::size(kQuantiles)> quantiles;
    for (std::size_t i = 0; i < quantiles.size(); ++i) {
      quantiles[i] = {kQuantiles[i].second, number(row.text(kQuantiles[i].first)).value_or(0) / 1e12};
    }
    round.page
        .family("mysql_perf_schema_events_statements_latency", "A summary of statement latency by digest",
                MetricType::kSummary)
        .put_summary(labels, quantiles, number(row.text("SUM_TIMER_WAIT")).value_or(0) / 1e12,
                     number(row.text("COUNT_STAR")).value_or(0));
    return {};
  });
}

}  // namespace tocsin::exporters::mysql
