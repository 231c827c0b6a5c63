#include "config/scrape_config.hpp"

#include <algorithm>

#include "base/strings.hpp"

// Source of rules and words: Prometheus config/config.go, ScrapeConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

using Params = std::vector<std::pair<std::string, std::vector<std::string>>>;

constexpr std::string_view kEscapingSchemes = "'allow-utf-8', 'underscores', 'dots', or 'values'";

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
  inherit(config.keep_dropped_targets, defaults.keep_dropped_targets);
  inherit(config.scrape_failure_log_file, defaults.scrape_failure_log_file);
}

Result<void> settle_protocols(const Node& node, const ScrapeDefaults& defaults, ScrapeConfig& config) {
  const std::string suffix = fmt::format(" for scrape config with job name {}", go_quote(config.job_name));
  TOCSIN_OK(read_scrape_protocols(node["scrape_protocols"], suffix, config.scrape_protocols));
  inherit(config.scrape_protocols, defaults.scrape_protocols);
  if (config.fallback_scrape_protocol.empty()) return {};
  if (const auto known = check_scrape_protocol(config.fallback_scrape_protocol); !known) {
    return node["fallback_scrape_protocol"].error("invalid fallback_scrape_protocol{}: {}", suffix,
                                                  known.error().message);
  }
  return {};
}

/// An escaping that is not said follows the validation that is said nearest.
Result<void> settle_names(const Node& node, std::optional<bool> own_legacy, const ScrapeDefaults& defaults,
                          ScrapeConfig& config) {
  const auto implied = [](bool legacy) { return legacy ? "underscores" : "allow-utf-8"; };
  const bool legacy = own_legacy.value_or(defaults.legacy_names);
  config.metric_name_validation_scheme = legacy ? "legacy" : "utf8";
  std::string general = defaults.metric_name_escaping_scheme;
  if (general.empty()) general = implied(defaults.legacy_names);
  if (!is_escaping_scheme(general)) {
    return node.error("unknown global name escaping method specified, must be one of {}, got {}", kEscapingSchemes,
                      go_quote(general));
  }
  std::string& own = config.metric_name_escaping_scheme;
  own = node["metric_name_escaping_scheme"].text();
  if (own.empty()) own = own_legacy ? implied(*own_legacy) : general;
  if (!is_escaping_scheme(own)) {
    return node["metric_name_escaping_scheme"].error(
        "unknown scrape config name escaping method specified, must be one of {}, got {}", kEscapingSchemes,
        go_quote(own));
  }
  if (own == "allow-utf-8" && legacy) {
    return node.error("utf8 metric names requested but validation scheme is not set to UTF8");
  }
  if (!legacy) return {};
  TOCSIN_OK(use_legacy_names(node, "relabel_configs", config.relabel_configs));
  return use_legacy_names(node, "metric_relabel_configs", config.metric_relabel_configs);
}

/// All keys but those of HTTP, relabelling and discovery.
void read_scrape_fields(Fields& fields, ScrapeConfig& config) {
  fields.read("job_name", config.job_name);
  fields.read("honor_labels", config.honor_labels).read("honor_timestamps", config.honor_timestamps);
  fields.read("track_timestamps_staleness", config.track_timestamps_staleness);
  fields.child("params", [&](const Node& n) { return read_params(n, config.params); });
  fields.read("scrape_interval", config.scrape_interval).read("scrape_timeout", config.scrape_timeout);
  fields.read("fallback_scrape_protocol", config.fallback_scrape_protocol);
  fields.read("metrics_path", config.metrics_path).read("scheme", config.scheme);
  fields.read("enable_compression", config.enable_compression);
  fields.read("scrape_failure_log_file", config.scrape_failure_log_file);
  config.scrape_failure_log_file = fields.node().beside(config.scrape_failure_log_file);
  read_limits(fields, config);
  read_histograms(fields, config);
  fields.read("native_histogram_bucket_limit", config.native_histogram_bucket_limit);
  fields.read("native_histogram_min_bucket_factor", config.native_histogram_min_bucket_factor);
  // .nan, which equals nothing, is none either.
  if (!(config.native_histogram_min_bucket_factor > 0)) config.native_histogram_min_bucket_factor = 0;
  fields.read("extra_scrape_metrics", config.extra_scrape_metrics);
  fields.read("metric_name_escaping_scheme", config.metric_name_escaping_scheme);
  fields.take("scrape_protocols");
}

}  // namespace

Result<ScrapeConfig> parse_scrape_config(const Node& node, const ScrapeDefaults& defaults,
                                         std::vector<std::string>& warnings) {
  if (node.is_null()) return node.error("empty or null scrape config section");
  ScrapeConfig config;
  config.scrape_native_histograms = defaults.scrape_native_histograms;
  config.always_scrape_classic_histograms = defaults.always_scrape_classic_histograms;
  config.convert_classic_histograms_to_nhcb = defaults.convert_classic_histograms_to_nhcb;
  config.extra_scrape_metrics = defaults.extra_scrape_metrics;
  Fields fields(node, "config.ScrapeConfig");
  read_scrape_fields(fields, config);
  TOCSIN_OK(read_http_client_fields(fields, config.http, warnings));
  read_relabel_configs(fields, "relabel_configs", "empty or null target relabeling rule in scrape config",
                       config.relabel_configs);
  read_relabel_configs(fields, "metric_relabel_configs", "empty or null metric relabeling rule in scrape config",
                       config.metric_relabel_configs);
  read_discovery(fields, config.discovery, warnings);
  TOCSIN_TRY(const std::optional<bool> legacy_names, read_validation_scheme(fields));
  TOCSIN_OK(fields.finish());

  if (config.job_name.empty()) return node.error("job_name is empty");
  if (config.relabel_configs.empty()) TOCSIN_OK(check_static_targets(node));
  TOCSIN_OK(settle_times(node, defaults, config));
  settle_limits(defaults, config);
  TOCSIN_OK(settle_protocols(node, defaults, config));
  TOCSIN_OK(settle_names(node, legacy_names, defaults, config));
  return config;
}

}  // namespace tocsin::config
