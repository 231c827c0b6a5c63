// The state of a replica. Source: mysqld_exporter collector/slave_status.go.

#include <charconv>
#include <vector>

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr unsigned kParseError = 1064;  // ER_PARSE_ERROR

/// Where the values come from: labels.
struct Channel {
  std::string_view host, uuid, channel, connection;

  explicit Channel(const Row& row)
      : host(row.text("Master_Host")),
        uuid(row.text("Master_UUID")),
        channel(row.text("Channel_Name")),         // MySQL
        connection(row.text("Connection_name")) {  // MariaDB
    if (host.empty()) host = row.text("Source_Host");
    if (uuid.empty()) uuid = row.text("Source_UUID");
  }
  std::vector<LabelView> labels() const {
    return {{"master_host", host}, {"master_uuid", uuid}, {"channel_name", channel}, {"connection_name", connection}};
  }
};

/// MariaDB's positions, "domain-server-sequence" with commas between.
void put_gtid(const Round& round, std::string_view name, std::string_view positions, const Channel& channel) {
  if (positions.empty()) return;
  auto& family = round.page.family(fmt::format("mysql_slave_status_{}", to_lower(name)),
                                   fmt::format("{} metric from SHOW SLAVE STATUS.", name), MetricType::kGauge);
  for (const std::string_view position : split(positions, ',')) {
    const auto parts = split(position, '-');
    if (parts.size() != 3) continue;
    std::uint64_t sequence = 0;
    const auto [end, error] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), sequence);
    if (error != std::errc{} || end != parts[2].data() + parts[2].size()) continue;
    auto labels = channel.labels();
    labels.push_back({"domain_id", parts[0]});
    labels.push_back({"server_id", parts[1]});
    family.put(labels, static_cast<double>(sequence));
  }
}

Result<void> read_row(const Round& round, const Row& row) {
  const Channel channel(row);
  const auto labels = channel.labels();
  for (std::size_t i = 0; i < row.cells().size(); ++i) {
    const std::string& column = row.columns()[i];
    if (const auto value = status_value(row.text(i))) {
      round.page
          .family(fmt::format("mysql_slave_status_{}", metric_name(column)), "Generic metric from SHOW SLAVE STATUS.",
                  MetricType::kUnknown)
          .put(labels, *value);
    }
  }
  put_gtid(round, "Gtid_IO_Pos", row.text("Gtid_IO_Pos"), channel);
  put_gtid(round, "Gtid_Slave_Pos", row.text("Gtid_Slave_Pos"), channel);
  return {};
}

}  // namespace

Result<void> collect_slave_status(const Round& round) {
  // SHOW SLAVE STATUS went with MySQL 8.4; until then its columns are the ones that dashboards know.
  std::vector<std::string_view> statements = {"SHOW SLAVE STATUS", "SHOW REPLICA STATUS"};
  if (round.server.mariadb) statements.insert(statements.begin(), "SHOW ALL SLAVES STATUS");
  if (round.server.is_mysql(8, 4)) std::swap(statements.front(), statements.back());
  Result<void> result;
  for (const std::string_view statement : statements) {
    result = round.query(statement, [&](const Row& row) { return read_row(round, row); });
    if (result || round.connection.refused() != kParseError) break;
  }
  return result;
}

}  // namespace tocsin::exporters::mysql
