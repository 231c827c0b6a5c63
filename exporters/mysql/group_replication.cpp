// Members and workers of group replication. Source: mysqld_exporter collector/perf_schema_replication_*.go.

#include <cmath>
#include <vector>

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

struct Moment {
  std::string_view column, family, help;
};
constexpr Moment kMoments[] = {
    {"LAST_APPLIED_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP",
     "mysql_perf_schema_last_applied_transaction_original_commit_timestamp_seconds",
     "A timestamp shows when the last transaction applied by this worker was committed on the original master."},
    {"LAST_APPLIED_TRANSACTION_IMMEDIATE_COMMIT_TIMESTAMP",
     "mysql_perf_schema_last_applied_transaction_immediate_commit_timestamp_seconds",
     "A timestamp shows when the last transaction applied by this worker was committed on the immediate master."},
    {"LAST_APPLIED_TRANSACTION_START_APPLY_TIMESTAMP",
     "mysql_perf_schema_last_applied_transaction_start_apply_timestamp_seconds",
     "A timestamp shows when this worker started applying the last applied transaction."},
    {"LAST_APPLIED_TRANSACTION_END_APPLY_TIMESTAMP",
     "mysql_perf_schema_last_applied_transaction_end_apply_timestamp_seconds",
     "A shows when this worker finished applying the last applied transaction."},
    {"APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP",
     "mysql_perf_schema_applying_transaction_original_commit_timestamp_seconds",
     "A timestamp that shows when the transaction this worker is currently applying was committed on the original "
     "master."},
    {"APPLYING_TRANSACTION_IMMEDIATE_COMMIT_TIMESTAMP",
     "mysql_perf_schema_applying_transaction_immediate_commit_timestamp_seconds",
     "A timestamp shows when the transaction this worker is currently applying was committed on the immediate master."},
    {"APPLYING_TRANSACTION_START_APPLY_TIMESTAMP",
     "mysql_perf_schema_applying_transaction_start_apply_timestamp_seconds",
     "A timestamp shows when this worker started its first attempt to apply the transaction that is currently being "
     "applied."},
};

/// "2026-11-30 11:00:00.123456"; 0 for the zero date.
double moment(std::string_view text) {
  if (text.size() != 26 || text[19] != '.') return 0;
  const auto whole = status_value(text.substr(0, 19));
  const auto fraction = number(text.substr(20));
  return whole && fraction ? *whole + *fraction / 1e6 : 0;
}

}  // namespace

Result<void> collect_applier_status(const Round& round) {
  std::string sql = "SELECT CHANNEL_NAME, WORKER_ID";
  for (const Moment& m : kMoments) sql += fmt::format(", {}", m.column);
  sql += " FROM performance_schema.replication_applier_status_by_worker";
  return round.query(sql, [&](const Row& row) -> Result<void> {
    for (std::size_t i = 0; i < std::size(kMoments); ++i) {
      round.put(kMoments[i].family, kMoments[i].help, MetricType::kGauge,
                {{"channel_name", row.text(0)}, {"member_id", row.text(1)}}, moment(row.text(i + 2)));
    }
    return {};
  });
}

Result<void> collect_group_members(const Round& round) {
  std::vector<std::string> names;
  return round.query("SELECT * FROM performance_schema.replication_group_members", [&](const Row& row) -> Result<void> {
    if (names.empty()) {
      for (const std::string& column : row.columns()) names.push_back(to_lower(column));
    }
    std::vector<LabelView> labels;
    for (std::size_t i = 0; i < names.size(); ++i) labels.push_back({names[i], row.text(i)});
    round.page
        .family("mysql_perf_schema_replication_group_member_info",
                "Information about the replication group member: channel_name, member_id, member_host, member_port, "
                "member_state. (member_role and member_version where available)",
                MetricType::kGauge)
        .put(labels, 1);
    return {};
  });
}

}  // namespace tocsin::exporters::mysql
