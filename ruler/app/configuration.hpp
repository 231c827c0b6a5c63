#pragma once
// The files of prometheus.yml as one: it, its scrape_config_files and its rule files are all good, or none is taken.

#include <memory>
#include <vector>

#include "app/flags.hpp"
#include "base/fs.hpp"
#include "config/prometheus_config.hpp"
#include "rules/rule_file.hpp"

namespace tocsin::app {

struct Configuration {
  std::shared_ptr<const config::PrometheusConfig> prometheus;
  std::vector<rules::GroupSpec> groups;
};

/// Thread: any; blocks.
Result<Configuration> load_configuration(Fs& fs, const Flags& flags);

/// How flags say that files are read.
config::LoadOptions load_options(const Flags& flags);

}  // namespace tocsin::app
