// Any text as prometheus.yml: an error with its place, or a configuration that relabels without a crash.

#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "config/prometheus_config.hpp"

using namespace tocsin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto environment = [](const std::string& name) { return name; };
  const auto config =
      config::parse_prometheus_config(std::string(reinterpret_cast<const char*>(data), size), "f", {environment});
  if (!config) {
    check(config.error().message.starts_with("f:"), "BUG: an error without the file's name");
    return 0;
  }
  const model::Labels labels{{"__address__", "a:1"}, {"job", "x"}, {"empty", ""}};
  for (const config::ScrapeConfig& scrape : (*config)->scrape_configs) {
    check(scrape.scrape_timeout <= scrape.scrape_interval, "BUG: timeout beyond the interval");
    (void)config::relabel(labels, scrape.relabel_configs);
    (void)config::relabel(labels, scrape.metric_relabel_configs);
  }
  return 0;
}
