// information_schema.innodb_metrics. Source: mysqld_exporter collector/info_schema_innodb_metrics.go.

#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

/// Cuts the prefix; false if it is not there.
bool cut(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void put_page_io(const Round& round, std::string_view name, double value) {
  if (cut(name, "buffer_page_read_")) {
    round.put("mysql_info_schema_innodb_metrics_buffer_page_read_total", "Total number of buffer pages read total.",
              MetricType::kCounter, {{"type", name}}, value);
  } else if (cut(name, "buffer_page_written_")) {
    round.put("mysql_info_schema_innodb_metrics_buffer_page_written_total",
              "Total number of buffer pages written total.", MetricType::kCounter, {{"type", name}}, value);
  }
}

void put_pool_pages(const Round& round, std::string_view state, double value) {
  if (state == "total") return;  // the sum of the others
  if (state == "dirty") {
    round.put("mysql_info_schema_innodb_metrics_buffer_pool_dirty_pages",
              "Total number of dirty pages in the buffer pool.", MetricType::kGauge, {}, value);
  } else {
    round.put("mysql_info_schema_innodb_metrics_buffer_pool_pages", "Total number of buffer pool pages by state.",
              MetricType::kGauge, {{"state", state}}, value);
  }
}

}  // namespace

Result<void> collect_innodb_metrics(const Round& round) {
  return round.query("SELECT * FROM information_schema.innodb_metrics", [&](const Row& row) -> Result<void> {
    // STATUS until MariaDB 10.5, ENABLED since.
    const bool enabled = equal_ignoring_case(row.text("STATUS"), "enabled") || row.text("ENABLED") == "1";
    const auto value = number(row.text("COUNT"));
    if (!enabled || !value) return {};
    std::string_view name = row.text("NAME");
    const std::string_view subsystem = row.text("SUBSYSTEM"), type = row.text("TYPE");
    if (subsystem == "buffer_page_io") {
      put_page_io(round, name, *value);
    } else if (subsystem == "buffer" && cut(name, "buffer_pool_pages_")) {
      put_pool_pages(round, name, *value);
    } else {
      // Counters may be below zero: https://bugs.mysql.com/bug.php?id=75966
      const bool counter = (type == "counter" || type == "status_counter") && *value >= 0;
      // As the server spells it, capitals too.
      round.put(fmt::format("mysql_info_schema_innodb_metrics_{}_{}{}", subsystem, name, counter ? "_total" : ""),
                row.text("COMMENT"), counter ? MetricType::kCounter : MetricType::kGauge, {}, *value);
    }
    return {};
  });
}

}  // namespace tocsin::exporters::mysql
