// Any text as prometheus.yml, with what stands behind a line of %% as a file that its scrape_config_files may name: an
// error with its place, or a configuration that relabels without a crash, is the same when it is read again, and is
// shown as YAML. With variables expanded and without.

#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "base/mem_fs.hpp"
#include "config/checksum.hpp"
#include "config/prometheus_config.hpp"

using namespace tocsin;

namespace {

constexpr std::string_view kSeparator = "\n%%\n";

using Loaded = Result<std::shared_ptr<const config::PrometheusConfig>>;

void use(const config::PrometheusConfig& config) {
  const model::Labels labels{{"__address__", "a:1"}, {"job", "x"}, {"empty", ""}};
  for (const config::ScrapeConfig& scrape : config.scrape_configs) {
    check(scrape.scrape_timeout <= scrape.scrape_interval, "BUG: timeout beyond the interval");
    check(!scrape.job_name.empty(), "BUG: a job without a name");
    (void)config::relabel(labels, scrape.relabel_configs);
    (void)config::relabel(labels, scrape.metric_relabel_configs);
  }
  for (const config::AlertmanagerTarget& target : config.alertmanagers) {
    (void)config::relabel(labels, target.relabel_configs);
  }
  (void)config::relabel(labels, config.alert_relabel_configs);
  check(yaml::parse(config.text, "shown").has_value(), "BUG: what is shown is no YAML");
}

Loaded load(Fs& fs, bool expand_env) {
  config::LoadOptions options;
  options.environment = [](const std::string& name) { return name.size() % 2 == 0 ? name : ""; };
  options.expand_env = expand_env;
  return config::load_prometheus_config(fs, "c/f", options);
}

void judge(Fs& fs, bool expand_env) {
  const Loaded config = load(fs, expand_env);
  if (!config) {
    const std::string& error = config.error().message;
    const bool placed = error.starts_with("c/") || error.starts_with("error retrieving scrape config files");
    check(placed || error.contains(": "), "BUG: an error without the file's name");
    return;
  }
  use(**config);
  const Loaded again = load(fs, expand_env);
  check(again.has_value() && (*again)->text == (*config)->text, "BUG: read again, it is another one");
  check((*again)->scrape_configs == (*config)->scrape_configs, "BUG: equal texts, unequal configurations");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t at = input.find(kSeparator);
  MemFs fs;
  check(fs.create_directories("c").has_value(), "BUG: no folder");
  check(fs.write_file_atomic("c/f", input.substr(0, at)).has_value(), "BUG: no file");
  if (at != std::string_view::npos) {
    check(fs.write_file_atomic("c/s.yml", input.substr(at + kSeparator.size())).has_value(), "BUG: no file");
  }
  judge(fs, false);
  judge(fs, true);
  (void)config::prometheus_checksum(fs, "c/f");
  return 0;
}
