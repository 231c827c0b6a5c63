#include "app/configuration.hpp"

namespace tocsin::app {

config::LoadOptions load_options(const Flags& flags) {
  config::LoadOptions options;
  options.expand_env = flags.config_expand_env;
  options.prefer_protobuf = flags.features.reads_starts();
  options.extra_scrape_metrics = flags.features.extra_scrape_metrics;
  return options;
}

Result<Configuration> load_configuration(Fs& fs, Executor& log_lane, const Flags& flags) {
  Configuration loaded;
  TOCSIN_TRY(loaded.prometheus, config::load_prometheus_config(fs, flags.config_file, load_options(flags)));
  rules::RuleFileOptions options;
  options.legacy_names = loaded.prometheus->legacy_names;
  options.parser = parser_options(flags.features);
  TOCSIN_TRY(loaded.groups, rules::load_rule_files(fs, loaded.prometheus->rule_files, options));
  if (const std::string& file = loaded.prometheus->query_log_file; !file.empty()) {
    loaded.query_log = std::make_shared<LineLog>(fs, log_lane, file, "promql", "the query log");
    if (auto opened = loaded.query_log->open(); !opened) {
      return fail(std::move(opened).error().wrap("can't create json log file"));
    }
  }
  return loaded;
}

}  // namespace tocsin::app
