#include "config/scrape_config.hpp"

#include <algorithm>

#include "base/strings.hpp"

// Source of rules and words: Prometheus config/config.go, ScrapeConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

using Params = std::vector<std::pair<std::string, std::vector<std::string>>>;

Result<void> read_params(const Node& node, Params& out) {
  if (!node.is_map()) return node.wrong_type("url.Values");
  for (const Node::Entry& entry : node.entries()) {
    std::vector<std::string> values;
    if (!entry.value.is_null()) {
      TOCSIN_TRY(values, entry.value.as_strings());
    }
    out.emplace_back(entry.key.text(), std::move(values));
  }
  std::sort(out.begin(), out.end());
  return {};
}

/// Zero is "not said".
template <typename T>
void inherit(T& own, const T& general) {
  if (own == T{}) own = general;
}

Result<void> settle_times(const Node& node, const ScrapeDefaults& defaults, ScrapeConfig& config) {
  inherit(config.scrape_interval, defaults.scrape_interval);
  if (config.scrape_timeout > config.scrape_interval) {
    return node["scrape_timeout"].error(
        "scrape timeout greater than scrape interval for scrape config with job name {}", go_quote(config.job_name));
  }
  inherit(config.scrape_timeout, std::min(defaults.scrape_timeout, config.scrape_interval));
  return {};
}

void settle_limits(const ScrapeDefaults& defaults, ScrapeConfig& config) {
  inherit(config.body_size_limit, defaults.body_size_limit);
  inherit(config.sample_limit, defaults.sample_limit);
  inherit(config.target_limit, defaults.target_limit);
  inherit(config.label_limit, defaults.label_limit);
  inherit(config.label_name_length_limit, defaults.label_name_length_limit);
  inherit(config.label_value_length_limit, defaults.label_value_length_limit);
}

Result<void> settle_protocols(const Node& node, const ScrapeDefaults& defaults, ScrapeConfig& config,
                              std::vector<std::string>& warnings) {
  const std::string suffix = fmt::format(" for scrape config with job name {}", go_quote(config.job_name));
  TOCSIN_OK(read_scrape_protocols(node["scrape_protocols"], suffix, config.scrape_protocols, warnings));
  inherit(config.scrape_protocols, defaults.scrape_protocols);
  if (config.fallback_scrape_protocol.empty()) return {};
  if (const auto known = check_scrape_protocol(config.fallback_scrape_protocol); !known) {
    return node["fallback_scrape_protocol"].error("invalid fallback_scrape_protocol{}: {}", suffix,
                                                  known.error().message);
  }
  return {};
}

}  // namespace

Result<ScrapeConfig> parse_scrape_config(const Node& node, const ScrapeDefaults& defaults,
                                         std::vector<std::string>& warnings) {
  if (node.is_null()) return node.error("empty or null scrape config section");
  ScrapeConfig config;
  Fields fields(node, "config.ScrapeConfig");
  fields.read("job_name", config.job_name);
  fields.read("honor_labels", config.honor_labels).read("honor_timestamps", config.honor_timestamps);
  fields.read("track_timestamps_staleness", config.track_timestamps_staleness);
  fields.child("params", [&](const Node& n) { return read_params(n, config.params); });
  fields.read("scrape_interval", config.scrape_interval).read("scrape_timeout", config.scrape_timeout);
  fields.read("fallback_scrape_protocol", config.fallback_scrape_protocol);
  fields.read("metrics_path", config.metrics_path).read("scheme", config.scheme);
  fields.read("enable_compression", config.enable_compression);
  read_limits(fields, config);
  TOCSIN_OK(read_http_client_fields(fields, config.http, warnings));
  read_relabel_configs(fields, "relabel_configs", "empty or null target relabeling rule in scrape config",
                       config.relabel_configs);
  read_relabel_configs(fields, "metric_relabel_configs", "empty or null metric relabeling rule in scrape config",
                       config.metric_relabel_configs);
  read_discovery(fields, config.discovery, warnings);
  fields.take("scrape_protocols");
  TOCSIN_OK(read_name_schemes(fields, warnings));
  fields.unsupported({"scrape_native_histograms", "always_scrape_classic_histograms",
                      "convert_classic_histograms_to_nhcb", "scrape_failure_log_file", "native_histogram_bucket_limit",
                      "native_histogram_min_bucket_factor", "keep_dropped_targets", "extra_scrape_metrics"},
                     warnings);
  TOCSIN_OK(fields.finish());

  if (config.job_name.empty()) return node.error("job_name is empty");
  if (config.relabel_configs.empty()) TOCSIN_OK(check_static_targets(node));
  TOCSIN_OK(settle_times(node, defaults, config));
  settle_limits(defaults, config);
  TOCSIN_OK(settle_protocols(node, defaults, config, warnings));
  return config;
}

Result<AlertmanagerTarget> parse_alertmanager_target(const Node& node, std::vector<std::string>& warnings) {
  AlertmanagerTarget target;
  if (node.is_null()) return target;
  Fields fields(node, "config.AlertmanagerConfig");
  std::string api_version = "v2";
  fields.read("scheme", target.scheme).read("path_prefix", target.path_prefix).read("timeout", target.timeout);
  fields.read("api_version", api_version);
  TOCSIN_OK(read_http_client_fields(fields, target.http, warnings));
  read_discovery(fields, target.discovery, warnings);
  // Checked as Prometheus checks them, though they are not applied yet.
  std::vector<RelabelConfig> rules;
  const std::string_view null_rule = "empty or null Alertmanager target relabeling rule";
  read_relabel_configs(fields, "relabel_configs", null_rule, rules);
  read_relabel_configs(fields, "alert_relabel_configs", "empty or null Alertmanager alert relabeling rule", rules);
  fields.unsupported({"relabel_configs", "alert_relabel_configs", "sigv4"}, warnings);
  TOCSIN_OK(fields.finish());
  if (api_version != "v2") {
    return node["api_version"].error("expected Alertmanager api version to be one of [v2] but got {}", api_version);
  }
  if (!fields.has("relabel_configs")) TOCSIN_OK(check_static_targets(node));
  return target;
}

}  // namespace tocsin::config
