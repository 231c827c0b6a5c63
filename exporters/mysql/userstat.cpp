// Statistics that Percona Server and MariaDB keep with userstat=1.

#include <algorithm>

#include "base/strings.hpp"
#include "exporters/mysql/table.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr ValueColumn kUserColumns[] = {
    {"TOTAL_CONNECTIONS", "mysql_info_schema_user_statistics_total_connections",
     "The number of connections created for this user.", MetricType::kCounter},
    {"CONCURRENT_CONNECTIONS", "mysql_info_schema_user_statistics_concurrent_connections",
     "The number of concurrent connections for this user.", MetricType::kGauge},
    {"CONNECTED_TIME", "mysql_info_schema_user_statistics_connected_time_seconds_total",
     "The cumulative number of seconds elapsed while there were connections from this user.", MetricType::kCounter},
    {"BUSY_TIME", "mysql_info_schema_user_statistics_busy_seconds_total",
     "The cumulative number of seconds there was activity on connections from this user.", MetricType::kCounter},
    {"CPU_TIME", "mysql_info_schema_user_statistics_cpu_time_seconds_total",
     "The cumulative CPU time elapsed, in seconds, while servicing this user's connections.", MetricType::kCounter},
    {"BYTES_RECEIVED", "mysql_info_schema_user_statistics_bytes_received_total",
     "The number of bytes received from this user’s connections.", MetricType::kCounter},
    {"BYTES_SENT", "mysql_info_schema_user_statistics_bytes_sent_total",
     "The number of bytes sent to this user’s connections.", MetricType::kCounter},
    {"BINLOG_BYTES_WRITTEN", "mysql_info_schema_user_statistics_binlog_bytes_written_total",
     "The number of bytes written to the binary log from this user’s connections.", MetricType::kCounter},
    {"ROWS_READ", "mysql_info_schema_user_statistics_rows_read_total",
     "The number of rows read by this user's connections.", MetricType::kCounter},
    {"ROWS_SENT", "mysql_info_schema_user_statistics_rows_sent_total",
     "The number of rows sent by this user's connections.", MetricType::kCounter},
    {"ROWS_DELETED", "mysql_info_schema_user_statistics_rows_deleted_total",
     "The number of rows deleted by this user's connections.", MetricType::kCounter},
    {"ROWS_INSERTED", "mysql_info_schema_user_statistics_rows_inserted_total",
     "The number of rows inserted by this user's connections.", MetricType::kCounter},
    {"ROWS_FETCHED", "mysql_info_schema_user_statistics_rows_fetched_total",
     "The number of rows fetched by this user’s connections.", MetricType::kCounter},
    {"ROWS_UPDATED", "mysql_info_schema_user_statistics_rows_updated_total",
     "The number of rows updated by this user’s connections.", MetricType::kCounter},
    {"TABLE_ROWS_READ", "mysql_info_schema_user_statistics_table_rows_read_total",
     "The number of rows read from tables by this user’s connections. (It may be different from ROWS_FETCHED.)",
     MetricType::kCounter},
    {"SELECT_COMMANDS", "mysql_info_schema_user_statistics_select_commands_total",
     "The number of SELECT commands executed from this user’s connections.", MetricType::kCounter},
    {"UPDATE_COMMANDS", "mysql_info_schema_user_statistics_update_commands_total",
     "The number of UPDATE commands executed from this user’s connections.", MetricType::kCounter},
    {"OTHER_COMMANDS", "mysql_info_schema_user_statistics_other_commands_total",
     "The number of other commands executed from this user’s connections.", MetricType::kCounter},
    {"COMMIT_TRANSACTIONS", "mysql_info_schema_user_statistics_commit_transactions_total",
     "The number of COMMIT commands issued by this user’s connections.", MetricType::kCounter},
    {"ROLLBACK_TRANSACTIONS", "mysql_info_schema_user_statistics_rollback_transactions_total",
     "The number of ROLLBACK commands issued by this user’s connections.", MetricType::kCounter},
    {"DENIED_CONNECTIONS", "mysql_info_schema_user_statistics_denied_connections_total",
     "The number of connections denied to this user.", MetricType::kCounter},
    {"LOST_CONNECTIONS", "mysql_info_schema_user_statistics_lost_connections_total",
     "The number of this user’s connections that were terminated uncleanly.", MetricType::kCounter},
    {"ACCESS_DENIED", "mysql_info_schema_user_statistics_access_denied_total",
     "The number of times this user’s connections issued commands that were denied.", MetricType::kCounter},
    {"EMPTY_QUERIES", "mysql_info_schema_user_statistics_empty_queries_total",
     "The number of times this user’s connections sent empty queries to the server.", MetricType::kCounter},
    {"TOTAL_SSL_CONNECTIONS", "mysql_info_schema_user_statistics_total_ssl_connections_total",
     "The number of times this user’s connections connected using SSL to the server.", MetricType::kCounter},
};

constexpr ValueColumn kClientColumns[] = {
    {"TOTAL_CONNECTIONS", "mysql_info_schema_client_statistics_total_connections",
     "The number of connections created for this client.", MetricType::kCounter},
    {"CONCURRENT_CONNECTIONS", "mysql_info_schema_client_statistics_concurrent_connections",
     "The number of concurrent connections for this client.", MetricType::kGauge},
    {"CONNECTED_TIME", "mysql_info_schema_client_statistics_connected_time_seconds_total",
     "The cumulative number of seconds elapsed while there were connections from this client.", MetricType::kCounter},
    {"BUSY_TIME", "mysql_info_schema_client_statistics_busy_seconds_total",
     "The cumulative number of seconds there was activity on connections from this client.", MetricType::kCounter},
    {"CPU_TIME", "mysql_info_schema_client_statistics_cpu_time_seconds_total",
     "The cumulative CPU time elapsed, in seconds, while servicing this client's connections.", MetricType::kCounter},
    {"BYTES_RECEIVED", "mysql_info_schema_client_statistics_bytes_received_total",
     "The number of bytes received from this client’s connections.", MetricType::kCounter},
    {"BYTES_SENT", "mysql_info_schema_client_statistics_bytes_sent_total",
     "The number of bytes sent to this client’s connections.", MetricType::kCounter},
    {"BINLOG_BYTES_WRITTEN", "mysql_info_schema_client_statistics_binlog_bytes_written_total",
     "The number of bytes written to the binary log from this client’s connections.", MetricType::kCounter},
    {"ROWS_READ", "mysql_info_schema_client_statistics_rows_read_total",
     "The number of rows read by this client’s connections.", MetricType::kCounter},
    {"ROWS_SENT", "mysql_info_schema_client_statistics_rows_sent_total",
     "The number of rows sent by this client’s connections.", MetricType::kCounter},
    {"ROWS_DELETED", "mysql_info_schema_client_statistics_rows_deleted_total",
     "The number of rows deleted by this client’s connections.", MetricType::kCounter},
    {"ROWS_INSERTED", "mysql_info_schema_client_statistics_rows_inserted_total",
     "The number of rows inserted by this client’s connections.", MetricType::kCounter},
    {"ROWS_FETCHED", "mysql_info_schema_client_statistics_rows_fetched_total",
     "The number of rows fetched by this client’s connections.", MetricType::kCounter},
    {"ROWS_UPDATED", "mysql_info_schema_client_statistics_rows_updated_total",
     "The number of rows updated by this client’s connections.", MetricType::kCounter},
    {"TABLE_ROWS_READ", "mysql_info_schema_client_statistics_table_rows_read_total",
     "The number of rows read from tables by this client’s connections. (It may be different from ROWS_FETCHED.)",
     MetricType::kCounter},
    {"SELECT_COMMANDS", "mysql_info_schema_client_statistics_select_commands_total",
     "The number of SELECT commands executed from this client’s connections.", MetricType::kCounter},
    {"UPDATE_COMMANDS", "mysql_info_schema_client_statistics_update_commands_total",
     "The number of UPDATE commands executed from this client’s connections.", MetricType::kCounter},
    {"OTHER_COMMANDS", "mysql_info_schema_client_statistics_other_commands_total",
     "The number of other commands executed from this client’s connections.", MetricType::kCounter},
    {"COMMIT_TRANSACTIONS", "mysql_info_schema_client_statistics_commit_transactions_total",
     "The number of COMMIT commands issued by this client’s connections.", MetricType::kCounter},
    {"ROLLBACK_TRANSACTIONS", "mysql_info_schema_client_statistics_rollback_transactions_total",
     "The number of ROLLBACK commands issued by this client’s connections.", MetricType::kCounter},
    {"DENIED_CONNECTIONS", "mysql_info_schema_client_statistics_denied_connections_total",
     "The number of connections denied to this client.", MetricType::kCounter},
    {"LOST_CONNECTIONS", "mysql_info_schema_client_statistics_lost_connections_total",
     "The number of this client’s connections that were terminated uncleanly.", MetricType::kCounter},
    {"ACCESS_DENIED", "mysql_info_schema_client_statistics_access_denied_total",
     "The number of times this client’s connections issued commands that were denied.", MetricType::kCounter},
    {"EMPTY_QUERIES", "mysql_info_schema_client_statistics_empty_queries_total",
     "The number of times this client’s connections sent empty queries to the server.", MetricType::kCounter},
    {"TOTAL_SSL_CONNECTIONS", "mysql_info_schema_client_statistics_total_ssl_connections_total",
     "The number of times this client’s connections connected using SSL to the server.", MetricType::kCounter},
    {"MAX_STATEMENT_TIME_EXCEEDED", "mysql_info_schema_client_statistics_max_statement_time_exceeded_total",
     "The number of times a statement was aborted, because it was executed longer than its MAX_STATEMENT_TIME "
     "threshold.",
     MetricType::kCounter},
};

constexpr LabelColumn kSchema = {"TABLE_SCHEMA", "schema"};
constexpr LabelColumn kTableLabels[] = {kSchema, {"TABLE_NAME", "table"}};
constexpr LabelColumn kSchemaLabels[] = {kSchema};

constexpr ValueColumn kTableColumns[] = {
    {"ROWS_READ", "mysql_info_schema_table_statistics_rows_read_total", "The number of rows read from the table."},
    {"ROWS_CHANGED", "mysql_info_schema_table_statistics_rows_changed_total",
     "The number of rows changed in the table."},
    {"ROWS_CHANGED_X_INDEXES", "mysql_info_schema_table_statistics_rows_changed_x_indexes_total",
     "The number of rows changed in the table, multiplied by the number of indexes changed."},
};
constexpr ValueColumn kSchemaColumns[] = {
    {"ROWS_READ", "mysql_info_schema_schema_statistics_rows_read_total", "The number of rows read from the schema."},
    {"ROWS_CHANGED", "mysql_info_schema_schema_statistics_rows_changed_total",
     "The number of rows changed in the schema."},
    {"ROWS_CHANGED_X_INDEXES", "mysql_info_schema_schema_statistics_rows_changed_x_indexes_total",
     "The number of rows changed in the schema, multiplied by the number of indexes changed."},
};

/// Whether the server keeps them. MySQL does not know the variable.
Result<bool> is_on(const Round& round) {
  bool on = false;
  TOCSIN_OK(round.query("SHOW GLOBAL VARIABLES WHERE Variable_Name='userstat' OR Variable_Name='userstat_running'",
                        [&](const Row& row) -> Result<void> {
                          on = on || !equal_ignoring_case(row.text(1), "OFF");
                          return {};
                        }));
  return on;
}

/// A table whose first column is the label; columns that nobody knows are told as they are.
Result<void> collect_statistics(const Round& round, std::string_view label, std::span<const ValueColumn> known) {
  TOCSIN_TRY(const bool on, is_on(round));
  if (!on) return {};
  const std::string sql = fmt::format("SELECT * FROM information_schema.{}_statistics", label);
  return round.query(sql, [&](const Row& row) -> Result<void> {
    for (std::size_t i = 1; i < row.cells().size(); ++i) {
      const auto value = number(row.text(i));
      if (!value) continue;
      const std::string& column = row.columns()[i];
      const auto* const found = std::ranges::find(known, column, &ValueColumn::column).base();
      if (found != known.data() + known.size()) {
        round.put(found->name, found->help, found->type, {{label, row.text(0)}}, *value);
      } else {
        round.put(fmt::format("mysql_info_schema_{}_statistics_{}", label, metric_name(column)),
                  fmt::format("Unsupported metric from column {}", column), MetricType::kUnknown,
                  {{label, row.text(0)}}, *value);
      }
    }
    return {};
  });
}

}  // namespace

Result<void> collect_user_statistics(const Round& round) {
  return collect_statistics(round, "user", kUserColumns);
}

Result<void> collect_client_statistics(const Round& round) {
  return collect_statistics(round, "client", kClientColumns);
}

Result<void> collect_table_statistics(const Round& round) {
  TOCSIN_TRY(const bool on, is_on(round));
  if (!on) return {};
  return collect_table(round,
                       "SELECT TABLE_SCHEMA, TABLE_NAME, ROWS_READ, ROWS_CHANGED, ROWS_CHANGED_X_INDEXES "
                       "FROM information_schema.table_statistics",
                       kTableLabels, kTableColumns);
}

Result<void> collect_schema_statistics(const Round& round) {
  TOCSIN_TRY(const bool on, is_on(round));
  if (!on) return {};
  return collect_table(round,
                       "SELECT TABLE_SCHEMA, SUM(ROWS_READ) AS ROWS_READ, SUM(ROWS_CHANGED) AS ROWS_CHANGED, "
                       "SUM(ROWS_CHANGED_X_INDEXES) AS ROWS_CHANGED_X_INDEXES "
                       "FROM information_schema.table_statistics GROUP BY TABLE_SCHEMA",
                       kSchemaLabels, kSchemaColumns);
}

}  // namespace tocsin::exporters::mysql
