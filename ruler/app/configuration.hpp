#pragma once
// The files of prometheus.yml as one: it, its scrape_config_files and its rule files are all good, or none is taken.

#include <memory>
#include <vector>

#include "app/flags.hpp"
#include "base/fs.hpp"
#include "base/line_log.hpp"
#include "config/prometheus_config.hpp"
#include "rules/rule_file.hpp"

namespace tocsin::app {

struct Configuration {
  std::shared_ptr<const config::PrometheusConfig> prometheus;
  std::vector<rules::GroupSpec> groups;
  std::shared_ptr<LineLog> query_log;  // of query_log_file, opened anew: it may have been moved away; nullptr: none
};

/// @param log_lane  writes the query log; it and `fs` outlive what is loaded.
/// Thread: any; blocks.
Result<Configuration> load_configuration(Fs& fs, Executor& log_lane, const Flags& flags);

/// How flags say that files are read.
config::LoadOptions load_options(const Flags& flags);

}  // namespace tocsin::app
