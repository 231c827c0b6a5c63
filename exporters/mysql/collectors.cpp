#include "exporters/mysql/collectors.hpp"

#include <charconv>
#include <tuple>

#include "base/strings.hpp"

namespace tocsin::exporters::mysql {
namespace {

// Names, defaults and versions: mysqld_exporter 0.20, mysqld_exporter.go and Version() of each scraper. `locks` and
// perf_schema.metadata_locks are ours.
constexpr CollectorInfo kCollectors[] = {
    {"global_status", true, 5, 1, collect_global_status},
    {"global_variables", true, 5, 1, collect_global_variables},
    {"slave_status", true, 5, 1, collect_slave_status},
    {"info_schema.innodb_cmp", true, 5, 5, collect_innodb_cmp},
    {"info_schema.innodb_cmpmem", true, 5, 5, collect_innodb_cmpmem},
    {"info_schema.query_response_time", true, 5, 5, collect_query_response_time},
    {"locks", true, 5, 5, collect_locks},
    {"auto_increment.columns", false, 5, 1, collect_auto_increment},
    {"binlog_size", false, 5, 1, collect_binlog_size},
    {"engine_innodb_status", false, 5, 1, collect_engine_innodb_status},
    {"engine_tokudb_status", false, 5, 6, collect_engine_tokudb_status},
    {"heartbeat", false, 5, 1, collect_heartbeat},
    {"info_schema.clientstats", false, 5, 5, collect_client_statistics},
    {"info_schema.innodb_metrics", false, 5, 6, collect_innodb_metrics},
    {"info_schema.innodb_tablespaces", false, 5, 7, collect_innodb_tablespaces},
    {"info_schema.processlist", false, 5, 1, collect_processlist},
    {"info_schema.replica_host", false, 5, 6, collect_replica_host},
    {"info_schema.rocksdb_perf_context", false, 5, 6, collect_rocksdb_perf_context},
    {"info_schema.schemastats", false, 5, 1, collect_schema_statistics},
    {"info_schema.tables", false, 5, 1, collect_tables},
    {"info_schema.tablestats", false, 5, 1, collect_table_statistics},
    {"info_schema.userstats", false, 5, 1, collect_user_statistics},
    {"mysql.user", false, 5, 1, collect_user},
    {"perf_schema.eventsstatements", false, 5, 6, collect_statements},
    {"perf_schema.eventsstatementssum", false, 5, 7, collect_statements_sum},
    {"perf_schema.eventswaits", false, 5, 5, collect_events_waits},
    {"perf_schema.file_events", false, 5, 6, collect_file_events},
    {"perf_schema.file_instances", false, 5, 5, collect_file_instances},
    {"perf_schema.indexiowaits", false, 5, 6, collect_index_io_waits},
    {"perf_schema.memory_events", false, 5, 7, collect_memory_events},
    {"perf_schema.metadata_locks", false, 5, 7, collect_metadata_locks},
    {"perf_schema.replication_applier_status_by_worker", false, 8, 0, collect_applier_status},
    {"perf_schema.replication_group_member_stats", false, 5, 7, collect_group_member_stats},
    {"perf_schema.replication_group_members", false, 5, 7, collect_group_members},
    {"perf_schema.tableiowaits", false, 5, 6, collect_table_io_waits},
    {"perf_schema.tablelocks", false, 5, 6, collect_table_lock_waits},
    {"slave_hosts", false, 5, 1, collect_slave_hosts},
    {"sys.user_summary", false, 5, 7, collect_user_summary},
};

}  // namespace

std::span<const CollectorInfo> collectors() {
  return kCollectors;
}

Result<Server> Server::of(std::string_view version_text) {
  Server server;
  server.text = version_text;
  const char* at = version_text.data();
  const char* const end = at + version_text.size();
  int* const parts[] = {&server.major, &server.minor, &server.patch};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto [next, error] = std::from_chars(at, end, *parts[i]);
    if (error != std::errc{} || (i < 2 && (next == end || *next != '.'))) {
      return fail(Errc::kInvalid, "could not parse version from {}", go_quote(version_text));
    }
    at = next + 1;
  }
  server.mariadb = to_lower(version_text).find("mariadb") != std::string::npos;
  return server;
}

bool Server::at_least(int wanted_major, int wanted_minor, int wanted_patch) const {
  return std::tie(major, minor, patch) >= std::tie(wanted_major, wanted_minor, wanted_patch);
}

Result<std::optional<std::string>> Round::value(std::string_view sql) const {
  std::optional<std::string> out;
  bool first = true;
  TOCSIN_OK(query(sql, [&](const Row& row) -> Result<void> {
    if (std::exchange(first, false) && !row.cells().empty() && row.cells()[0]) out = *row.cells()[0];
    return {};
  }));
  return out;
}

}  // namespace tocsin::exporters::mysql
