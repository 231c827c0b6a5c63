#pragma once
// What can be asked of a server, by mysqld_exporter's names of collectors.

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "expo/writer.hpp"
#include "exporters/mysql/connection.hpp"
#include "exporters/mysql/options.hpp"

namespace tocsin::exporters::mysql {

using model::LabelView;
using model::MetricType;

/// Who answers. Source of the rules: mysqld_exporter collector/instance.go.
struct Server {
  std::string text;  // @@version
  int major = 0, minor = 0, patch = 0;
  bool mariadb = false;

  /// kInvalid if the text does not begin with three numbers.
  static Result<Server> of(std::string_view version_text);
  bool at_least(int wanted_major, int wanted_minor, int wanted_patch = 0) const;
  bool is_mysql(int wanted_major, int wanted_minor, int wanted_patch = 0) const {
    return !mariadb && at_least(wanted_major, wanted_minor, wanted_patch);
  }
};

/// One round of questions to a server. Thread: one.
struct Round {
  Connection& connection;
  expo::Page& page;
  const Server& server;
  const CollectorOptions& options;
  MonoTime deadline;

  Result<void> query(std::string_view sql, const RowReader& read) const {
    return connection.query(sql, deadline, read);
  }
  /// The first row's first value; nothing if there is no row or it is NULL.
  Result<std::optional<std::string>> value(std::string_view sql) const;
  void put(std::string_view name, std::string_view help, MetricType type, std::initializer_list<LabelView> labels,
           double value) const {
    page.family(name, help, type).put(labels, value);
  }
};

struct CollectorInfo {
  std::string_view name;  // --collect.<name>
  bool on_by_default;
  int major, minor;  // the oldest server that has it
  Result<void> (*collect)(const Round& round);
};

/// All there are; quick ones that are on by default first, since they share one deadline.
std::span<const CollectorInfo> collectors();

/// A number as the server tells it: also yes/no, on/off, states of a replica and of Galera, times.
/// Source: mysqld_exporter collector/collector.go, parseStatus.
std::optional<double> status_value(std::string_view text);
/// strconv.ParseFloat, nothing being out of range.
std::optional<double> number(std::string_view text);
/// Anything but [a-zA-Z0-9_] becomes `_`; lower case.
std::string metric_name(std::string_view text);

// The collectors, in files of their names.
Result<void> collect_global_status(const Round& round);
Result<void> collect_global_variables(const Round& round);
Result<void> collect_slave_status(const Round& round);
Result<void> collect_slave_hosts(const Round& round);
Result<void> collect_query_response_time(const Round& round);
Result<void> collect_processlist(const Round& round);
Result<void> collect_tables(const Round& round);
Result<void> collect_innodb_metrics(const Round& round);
Result<void> collect_innodb_tablespaces(const Round& round);
Result<void> collect_statements(const Round& round);
Result<void> collect_binlog_size(const Round& round);
Result<void> collect_engine_innodb_status(const Round& round);
Result<void> collect_engine_tokudb_status(const Round& round);
Result<void> collect_heartbeat(const Round& round);
Result<void> collect_user(const Round& round);
Result<void> collect_replica_host(const Round& round);
Result<void> collect_group_members(const Round& round);
Result<void> collect_applier_status(const Round& round);
Result<void> collect_user_statistics(const Round& round);
Result<void> collect_client_statistics(const Round& round);
Result<void> collect_locks(const Round& round);
Result<void> collect_metadata_locks(const Round& round);
// Those whose rows are metrics as they are: tables.
Result<void> collect_innodb_cmp(const Round& round);
Result<void> collect_innodb_cmpmem(const Round& round);
Result<void> collect_auto_increment(const Round& round);
Result<void> collect_table_statistics(const Round& round);
Result<void> collect_schema_statistics(const Round& round);
Result<void> collect_rocksdb_perf_context(const Round& round);
Result<void> collect_statements_sum(const Round& round);
Result<void> collect_events_waits(const Round& round);
Result<void> collect_file_events(const Round& round);
Result<void> collect_file_instances(const Round& round);
Result<void> collect_memory_events(const Round& round);
Result<void> collect_table_io_waits(const Round& round);
Result<void> collect_index_io_waits(const Round& round);
Result<void> collect_table_lock_waits(const Round& round);
Result<void> collect_group_member_stats(const Round& round);
Result<void> collect_user_summary(const Round& round);

}  // namespace tocsin::exporters::mysql
