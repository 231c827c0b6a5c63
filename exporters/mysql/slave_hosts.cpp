// Replicas that a server knows. Source: mysqld_exporter collector/slave_hosts.go.

#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr unsigned kParseError = 1064;  // ER_PARSE_ERROR

bool is_uuid(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos &&
         text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
}

/// Server_id, Host, Port, then Master_id, Slave_UUID, or Rpl_recovery_rank, Master_id of old servers, or Master_id.
Result<void> read_row(const Round& round, const Row& row) {
  std::string_view master = row.text(3), uuid;
  if (row.cells().size() == 5) (is_uuid(row.text(4)) ? uuid : master) = row.text(4);
  round.put("mysql_heartbeat_mysql_slave_hosts_info", "Information about running slaves", MetricType::kGauge,
            {{"server_id", row.text(0)},
             {"slave_host", row.text(1)},
             {"port", row.text(2)},
             {"master_id", master},
             {"slave_uuid", uuid}},
            1);
  return {};
}

}  // namespace

Result<void> collect_slave_hosts(const Round& round) {
  const auto read = [&](const Row& row) { return read_row(round, row); };
  auto result = round.query("SHOW SLAVE HOSTS", read);
  if (!result && round.connection.refused() == kParseError) result = round.query("SHOW REPLICAS", read);  // MySQL 8.4
  return result;
}

}  // namespace tocsin::exporters::mysql
