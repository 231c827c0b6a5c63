// SHOW GLOBAL STATUS. Source: mysqld_exporter collector/global_status.go.

#include <array>

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

/// Variables that become one family with a label.
struct Group {
  std::string_view prefix, family, label, help;
};
constexpr Group kGroups[] = {
    {"com_", "mysql_global_status_commands_total", "command", "Total number of executed MySQL commands."},
    {"handler_", "mysql_global_status_handlers_total", "handler", "Total number of executed MySQL handlers."},
    {"connection_errors_", "mysql_global_status_connection_errors_total", "error",
     "Total number of MySQL connection errors."},
    {"innodb_rows_", "mysql_global_status_innodb_row_ops_total", "operation",
     "Total number of MySQL InnoDB row operations."},
    {"performance_schema_", "mysql_global_status_performance_schema_lost_total", "instrumentation",
     "Total number of MySQL instrumentations that could not be loaded or created due to memory constraints."},
};
constexpr std::string_view kPoolPages = "innodb_buffer_pool_pages_";

void put_pool_pages(const Round& round, std::string_view what, double value) {
  if (what == "total") return;  // the sum of the others
  if (what == "data" || what == "free" || what == "misc" || what == "old") {
    round.put("mysql_global_status_buffer_pool_pages", "Innodb buffer pool pages by state.", MetricType::kGauge,
              {{"state", what}}, value);
  } else if (what == "dirty") {
    round.put("mysql_global_status_buffer_pool_dirty_pages", "Innodb buffer pool dirty pages.", MetricType::kGauge, {},
              value);
  } else {
    round.put("mysql_global_status_buffer_pool_page_changes_total", "Innodb buffer pool page state changes.",
              MetricType::kCounter, {{"operation", what}}, value);
  }
}

void put_variable(const Round& round, std::string_view name, double value) {
  if (name.starts_with(kPoolPages)) return put_pool_pages(round, name.substr(kPoolPages.size()), value);
  for (const Group& group : kGroups) {
    if (!name.starts_with(group.prefix)) continue;
    return round.put(group.family, group.help, MetricType::kCounter, {{group.label, name.substr(group.prefix.size())}},
                     value);
  }
  round.put(fmt::format("mysql_global_status_{}", name), "Generic metric from SHOW GLOBAL STATUS.",
            MetricType::kUnknown, {}, value);
}

/// "min/avg/max/stdev/samples" of Galera's group communication.
void put_replication_latency(const Round& round, std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"min_seconds", "Min value."},    {"avg_seconds", "Avg value."},   {"max_seconds", "Max value."},
      {"stdev", "Standard Deviation."}, {"sample_size", "Sample Size."},
  };
  const auto texts = split(text, '/');
  if (texts.size() != std::size(kParts)) return;
  std::array<double, std::size(kParts)> values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = number(texts[i]);
    if (!value) return;
    values[i] = *value;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    round.put(fmt::format("mysql_galera_evs_repl_latency_{}", kParts[i].first),
              fmt::format("PXC/Galera group communication latency. {}", kParts[i].second), MetricType::kGauge, {},
              values[i]);
  }
}

}  // namespace

Result<void> collect_global_status(const Round& round) {
  std::string state, cluster_state, provider, latency;
  TOCSIN_OK(round.query("SHOW GLOBAL STATUS", [&](const Row& row) -> Result<void> {
    const std::string_view key = row.text(0), text = row.text(1);
    if (const auto value = status_value(text)) {
      put_variable(round, metric_name(key), *value);
    } else if (key == "wsrep_local_state_uuid") {
      state = text;
    } else if (key == "wsrep_cluster_state_uuid") {
      cluster_state = text;
    } else if (key == "wsrep_provider_version") {
      provider = text;
    } else if (key == "wsrep_evs_repl_latency") {
      latency = text;
    }
    return {};
  }));
  if (!state.empty()) {
    round.put("mysql_galera_status_info", "PXC/Galera status information.", MetricType::kGauge,
              {{"wsrep_local_state_uuid", state},
               {"wsrep_cluster_state_uuid", cluster_state},
               {"wsrep_provider_version", provider}},
              1);
  }
  if (!latency.empty()) put_replication_latency(round, latency);
  return {};
}

}  // namespace tocsin::exporters::mysql
