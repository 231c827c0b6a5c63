#pragma once
// What is asked of a server: the collectors that are on, with their options, by mysqld_exporter's names.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "yaml/node.hpp"

namespace tocsin::exporters::mysql {

/// The flags --collect.<collector>.<option> of mysqld_exporter 0.20, with its defaults.
struct CollectorOptions {
  std::vector<bool> enabled;  // by the place in collectors(); default_options() has the defaults

  std::int64_t processlist_min_time = 0;
  bool processes_by_user = true, processes_by_host = true;
  std::string tables_databases = "*";  // separated by commas
  std::int64_t statements_limit = 250;
  std::int64_t statements_time_limit = 86'400;  // seconds
  std::int64_t statements_text_limit = 120;
  std::vector<std::string> statements_exclude_schemas;
  std::string file_instances_filter = ".*";
  std::string file_instances_remove_prefix = "/var/lib/mysql/";
  std::string memory_events_remove_prefix = "memory/";
  std::string heartbeat_database = "heartbeat", heartbeat_table = "heartbeat";
  bool heartbeat_utc = false;
  bool user_privileges = false;
};

CollectorOptions default_options();

/// Reads the map under `collectors`: collectors with true or false, options with their values, each with or without
/// "collect." in front. kInvalid with the position for names that there are not.
Result<void> read_collectors(const yaml::Node& node, CollectorOptions& options);

/// Leaves on what stands in `names` alone (collect[]= of a request); all, if none of the names is on, as
/// mysqld_exporter does.
void keep_only(CollectorOptions& options, const std::vector<std::string>& names);

}  // namespace tocsin::exporters::mysql
