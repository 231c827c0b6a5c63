#include "exporters/mysql/options.hpp"

#include <algorithm>

#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

/// Takes an option's value. @return false if there is no such option.
Result<bool> read_option(std::string_view name, const yaml::Node& value, CollectorOptions& options) {
  const auto take = [](auto& out, auto result) -> Result<bool> {
    TOCSIN_TRY(out, std::move(result));
    return true;
  };
  const auto take_count = [&](std::int64_t& out) -> Result<bool> {
    TOCSIN_TRY(out, value.as_int());
    if (out < 0) return value.error("{} must not be negative", name);
    return true;
  };
  if (name == "info_schema.processlist.min_time") return take_count(options.processlist_min_time);
  if (name == "info_schema.processlist.processes_by_user") return take(options.processes_by_user, value.as_bool());
  if (name == "info_schema.processlist.processes_by_host") return take(options.processes_by_host, value.as_bool());
  if (name == "info_schema.tables.databases") return take(options.tables_databases, value.as_string());
  if (name == "perf_schema.eventsstatements.limit") return take_count(options.statements_limit);
  if (name == "perf_schema.eventsstatements.timelimit") return take_count(options.statements_time_limit);
  if (name == "perf_schema.eventsstatements.digest_text_limit") return take_count(options.statements_text_limit);
  if (name == "perf_schema.eventsstatements.exclude_schemas") {
    return take(options.statements_exclude_schemas, value.as_strings());
  }
  if (name == "perf_schema.file_instances.filter") return take(options.file_instances_filter, value.as_string());
  if (name == "perf_schema.file_instances.remove_prefix") {
    return take(options.file_instances_remove_prefix, value.as_string());
  }
  if (name == "perf_schema.memory_events.remove_prefix") {
    return take(options.memory_events_remove_prefix, value.as_string());
  }
  if (name == "heartbeat.database") return take(options.heartbeat_database, value.as_string());
  if (name == "heartbeat.table") return take(options.heartbeat_table, value.as_string());
  if (name == "heartbeat.utc") return take(options.heartbeat_utc, value.as_bool());
  if (name == "mysql.user.privileges") return take(options.user_privileges, value.as_bool());
  return false;
}

}  // namespace

CollectorOptions default_options() {
  CollectorOptions options;
  for (const CollectorInfo& collector : collectors()) options.enabled.push_back(collector.on_by_default);
  return options;
}

Result<void> read_collectors(const yaml::Node& node, CollectorOptions& options) {
  if (!node.is_map()) return node.wrong_type("map[string]bool");
  for (const auto& [key, value] : node.entries()) {
    std::string_view name = key.text();
    if (name.starts_with("collect.")) name.remove_prefix(8);
    const auto found = std::ranges::find(collectors(), name, &CollectorInfo::name);
    if (found != collectors().end()) {
      TOCSIN_TRY(const bool on, value.as_bool());
      options.enabled[static_cast<std::size_t>(found - collectors().begin())] = on;
      continue;
    }
    TOCSIN_TRY(const bool known, read_option(name, value, options));
    if (!known) return key.error("there is no collector or option {} of mysql", key.text());
  }
  return {};
}

void keep_only(CollectorOptions& options, const std::vector<std::string>& names) {
  std::vector<bool> kept(options.enabled.size(), false);
  bool any = false;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i] = options.enabled[i] && std::ranges::find(names, collectors()[i].name) != names.end();
    any = any || kept[i];
  }
  if (any) options.enabled = std::move(kept);
}

}  // namespace tocsin::exporters::mysql
