// Files of the binary log. Source: mysqld_exporter collector/binlog.go.

#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {

Result<void> collect_binlog_size(const Round& round) {
  TOCSIN_TRY(const auto on, round.value("SELECT @@log_bin"));
  if (!on || *on == "0") return {};  // SHOW BINARY LOGS would be an error
  double bytes = 0, files = 0;
  std::string last;
  TOCSIN_OK(round.query("SHOW BINARY LOGS", [&](const Row& row) -> Result<void> {
    last = row.text(0);
    bytes += number(row.text(1)).value_or(0);
    ++files;
    return {};
  }));
  round.put("mysql_binlog_size_bytes", "Combined size of all registered binlog files.", MetricType::kGauge, {}, bytes);
  round.put("mysql_binlog_files", "Number of registered binlog files.", MetricType::kGauge, {}, files);
  const std::size_t dot = last.rfind('.');
  const double file_number = dot == std::string::npos ? 0 : number(std::string_view(last).substr(dot + 1)).value_or(0);
  round.put("mysql_binlog_file_number", "The last binlog file number.", MetricType::kGauge, {}, file_number);
  return {};
}

}  // namespace tocsin::exporters::mysql
