// Threads by what they do. Source: mysqld_exporter collector/info_schema_processlist.go.

#include <map>

#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

/// "Waiting for table metadata lock" is waiting_for_table_metadata_lock.
std::string state_name(std::string_view text) {
  if (text.empty()) return "unknown";
  std::string out;
  for (const char c : text) {
    if (std::string_view(";,:.()").find(c) != std::string_view::npos) continue;
    if (c == ' ' || c == '-') {
      out += '_';
    } else {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return out;
}

}  // namespace

Result<void> collect_processlist(const Round& round) {
  struct Sums {
    double threads = 0, seconds = 0;
  };
  std::map<std::pair<std::string, std::string>, Sums> states;
  std::map<std::string, double, std::less<>> hosts, users;
  const std::string sql = fmt::format(
      "SELECT user, SUBSTRING_INDEX(host, ':', 1) AS host, COALESCE(command, '') AS command, "
      "COALESCE(state, '') AS state, COUNT(*) AS processes, SUM(time) AS seconds "
      "FROM information_schema.processlist WHERE ID != connection_id() AND TIME >= {} "
      "GROUP BY user, host, command, state",
      round.options.processlist_min_time);
  TOCSIN_OK(round.query(sql, [&](const Row& row) -> Result<void> {
    const double count = number(row.text(4)).value_or(0);
    Sums& sums = states[{state_name(row.text(2)), state_name(row.text(3))}];
    sums.threads += count;
    sums.seconds += number(row.text(5)).value_or(0);
    hosts[row.text(1).empty() ? "unknown" : std::string(row.text(1))] += count;
    users[std::string(row.text(0))] += count;
    return {};
  }));
  for (const auto& [key, sums] : states) {
    round.put("mysql_info_schema_processlist_threads", "The number of threads split by current state.",
              MetricType::kGauge, {{"command", key.first}, {"state", key.second}}, sums.threads);
    round.put("mysql_info_schema_processlist_seconds",
              "The number of seconds threads have used split by current state.", MetricType::kGauge,
              {{"command", key.first}, {"state", key.second}}, sums.seconds);
  }
  for (const auto& [host, count] : hosts) {
    if (!round.options.processes_by_host) break;
    round.put("mysql_info_schema_processlist_processes_by_host", "The number of processes by host.", MetricType::kGauge,
              {{"client_host", host}}, count);
  }
  for (const auto& [user, count] : users) {
    if (!round.options.processes_by_user) break;
    round.put("mysql_info_schema_processlist_processes_by_user", "The number of processes by user.", MetricType::kGauge,
              {{"mysql_user", user}}, count);
  }
  return {};
}

}  // namespace tocsin::exporters::mysql
