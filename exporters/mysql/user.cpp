// Limits and privileges of users, from mysql.user. Source: mysqld_exporter collector/mysql_user.go.

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {

Result<void> collect_user(const Round& round) {
  // By name, so that no hash of a password leaves the server.
  constexpr std::string_view kSql =
      "SELECT user, host, Select_priv, Insert_priv, Update_priv, Delete_priv, Create_priv, Drop_priv, Reload_priv, "
      "Shutdown_priv, Process_priv, File_priv, Grant_priv, References_priv, Index_priv, Alter_priv, Show_db_priv, "
      "Super_priv, Create_tmp_table_priv, Lock_tables_priv, Execute_priv, Repl_slave_priv, Repl_client_priv, "
      "Create_view_priv, Show_view_priv, Create_routine_priv, Alter_routine_priv, Create_user_priv, Event_priv, "
      "Trigger_priv, Create_tablespace_priv, max_questions, max_updates, max_connections, max_user_connections "
      "FROM mysql.user";
  return round.query(kSql, [&](const Row& row) -> Result<void> {
    const LabelView user{"mysql_user", row.text(0)}, host{"hostmask", row.text(1)};
    for (std::size_t i = 2; i < row.cells().size(); ++i) {
      const std::string& column = row.columns()[i];
      const std::string name = fmt::format("mysql_mysql_{}", to_lower(column));
      if (column.starts_with("max_")) {
        if (const auto value = number(row.text(i))) {
          round.put(name, fmt::format("The number of {} by user.", column), MetricType::kGauge, {user, host}, *value);
        }
      } else if (round.options.user_privileges && (row.text(i) == "Y" || row.text(i) == "N")) {
        round.put(name, fmt::format("{} by user.", column), MetricType::kGauge, {user, host},
                  row.text(i) == "Y" ? 1 : 0);
      }
    }
    return {};
  });
}

}  // namespace tocsin::exporters::mysql
