// Who waits for whom: transactions of InnoDB and metadata locks. No collector of mysqld_exporter; counters of row locks
// are in global_status (innodb_row_lock_*).

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {

Result<void> collect_locks(const Round& round) {
  auto& transactions =
      round.page.family("mysql_innodb_transactions", "Open transactions of InnoDB by state.", MetricType::kGauge);
  double oldest = 0, longest_wait = 0;
  // The usual states are there always, so that an alert on them never lacks its series.
  double running = 0, waiting = 0;
  TOCSIN_OK(round.query(
      "SELECT trx_state, COUNT(*), MAX(TIMESTAMPDIFF(SECOND, trx_started, NOW())), "
      "MAX(TIMESTAMPDIFF(SECOND, trx_wait_started, NOW())) FROM information_schema.innodb_trx GROUP BY trx_state",
      [&](const Row& row) -> Result<void> {
        const double count = number(row.text(1)).value_or(0);
        oldest = std::max(oldest, number(row.text(2)).value_or(0));
        longest_wait = std::max(longest_wait, number(row.text(3)).value_or(0));
        if (row.text(0) == "RUNNING") {
          running = count;
        } else if (row.text(0) == "LOCK WAIT") {
          waiting = count;
        } else {
          transactions.put({{"state", metric_name(row.text(0))}}, count);
        }
        return {};
      }));
  transactions.put({{"state", "lock_wait"}}, waiting);
  transactions.put({{"state", "running"}}, running);
  round.put("mysql_innodb_transaction_oldest_seconds", "Age of the oldest open transaction of InnoDB.",
            MetricType::kGauge, {}, oldest);
  round.put("mysql_innodb_lock_wait_longest_seconds", "How long a transaction of InnoDB has waited for a row lock.",
            MetricType::kGauge, {}, longest_wait);
  return {};
}

Result<void> collect_metadata_locks(const Round& round) {
  return round.query(
      "SELECT OBJECT_TYPE, LOCK_STATUS, COUNT(*) FROM performance_schema.metadata_locks "
      "WHERE OWNER_THREAD_ID != (SELECT THREAD_ID FROM performance_schema.threads "
      "WHERE PROCESSLIST_ID = connection_id()) GROUP BY OBJECT_TYPE, LOCK_STATUS",
      [&](const Row& row) -> Result<void> {
        round.put("mysql_perf_schema_metadata_locks", "Metadata locks of other connections by what is locked.",
                  MetricType::kGauge, {{"object_type", metric_name(row.text(0))}, {"status", metric_name(row.text(1))}},
                  number(row.text(2)).value_or(0));
        return {};
      });
}

}  // namespace tocsin::exporters::mysql
