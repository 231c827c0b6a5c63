// The table of pt-heartbeat. Source: mysqld_exporter collector/heartbeat.go.

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {

Result<void> collect_heartbeat(const Round& round) {
  const std::string sql =
      fmt::format("SELECT UNIX_TIMESTAMP(ts), UNIX_TIMESTAMP({}), server_id FROM {}.{}",
                  round.options.heartbeat_utc ? "UTC_TIMESTAMP(6)" : "NOW(6)",
                  quote_name(round.options.heartbeat_database), quote_name(round.options.heartbeat_table));
  return round.query(sql, [&](const Row& row) -> Result<void> {
    const auto stored = number(row.text(0)), now = number(row.text(1));
    if (!stored || !now) return fail(Errc::kCorrupt, "the heartbeat's time is no number: {}", go_quote(row.text(0)));
    round.put("mysql_heartbeat_now_timestamp_seconds", "Timestamp of the current server.", MetricType::kGauge,
              {{"server_id", row.text(2)}}, *now);
    round.put("mysql_heartbeat_stored_timestamp_seconds", "Timestamp stored in the heartbeat table.",
              MetricType::kGauge, {{"server_id", row.text(2)}}, *stored);
    return {};
  });
}

}  // namespace tocsin::exporters::mysql
