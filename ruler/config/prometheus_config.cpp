#include "config/prometheus_config.hpp"

#include <algorithm>
#include <set>

#include "base/strings.hpp"
#include "config/scrape_config.hpp"
#include "yaml/write.hpp"

// Source of rules and words: Prometheus config/config.go, Config and GlobalConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::size_t kMaxConfigBytes = 32U << 20U;

/// Reads one file. Owns nothing but the result while it lives.
class Reader {
 public:
  Reader(PrometheusConfig& config, const Environment& environment) : config_(config), environment_(environment) {}

  Result<void> read(const Node& root) {
    Fields fields(root, "config.plain");
    // First, whatever the order in the file: the others take their defaults from here.
    fields.child("global", [&](const Node& n) { return read_global(n); });
    fields.child("alerting", [&](const Node& n) { return read_alerting(n); });
    fields.child("rule_files", [&](const Node& n) { return read_rule_files(n); });
    fields.each("scrape_configs", [&](const Node& n) { return read_scrape_config(n); });
    fields.unsupported({"runtime", "scrape_config_files", "storage", "tracing", "remote_write", "remote_read", "otlp"},
                       config_.warnings);
    return fields.finish();
  }

 private:
  Result<void> read_global(const Node& node) {
    Fields fields(node, "config.plain");
    Duration timeout{0};
    Duration interval{0};
    Duration evaluation{0};
    fields.read("scrape_interval", interval).read("scrape_timeout", timeout).read("evaluation_interval", evaluation);
    fields.read("rule_query_offset", config_.rule_query_offset);
    read_limits(fields, defaults_);
    fields.child("external_labels", [&](const Node& n) { return read_external_labels(n); });
    fields.take("scrape_protocols");
    TOCSIN_OK(read_name_schemes(fields, config_.warnings));
    fields.unsupported(
        {"query_log_file", "scrape_failure_log_file", "keep_dropped_targets", "scrape_native_histograms",
         "convert_classic_histograms_to_nhcb", "always_scrape_classic_histograms", "extra_scrape_metrics"},
        config_.warnings);
    TOCSIN_OK(fields.finish());
    TOCSIN_OK(read_scrape_protocols(node["scrape_protocols"], " for global config", defaults_.scrape_protocols,
                                    config_.warnings));
    return settle_times(node, interval, timeout, evaluation);
  }

  Result<void> settle_times(const Node& node, Duration interval, Duration timeout, Duration evaluation) {
    if (interval != Duration{0}) defaults_.scrape_interval = interval;
    if (timeout > defaults_.scrape_interval) {
      return node["scrape_timeout"].error("global scrape timeout greater than scrape interval");
    }
    defaults_.scrape_timeout =
        timeout != Duration{0} ? timeout : std::min(defaults_.scrape_timeout, defaults_.scrape_interval);
    if (evaluation != Duration{0}) config_.evaluation_interval = evaluation;
    config_.scrape_interval = defaults_.scrape_interval;
    config_.scrape_timeout = defaults_.scrape_timeout;
    return {};
  }

  Result<void> read_external_labels(const Node& node) {
    if (!node.is_map()) return node.wrong_type("map[string]string");
    model::LabelsBuilder labels;
    for (const Node::Entry& entry : node.entries()) {
      const std::string& name = entry.key.text();
      if (!model::is_valid_name(name)) return entry.key.error("{} is not a valid label name", go_quote(name));
      TOCSIN_TRY(const std::string text, entry.value.as_string());
      std::vector<std::string> missing;
      const std::string value = expand_environment(text, environment_, missing);
      if (!is_valid_utf8(value)) return entry.value.error("{} is not a valid label value", go_quote(value));
      for (const std::string& variable : missing) {
        config_.warnings.push_back(fmt::format("{}: environment variable {} in external label {} is empty or not set",
                                               entry.value.where(), variable, name));
      }
      labels.set(name, value);
    }
    config_.external_labels = labels.build();
    return {};
  }

  Result<void> read_alerting(const Node& node) {
    Fields fields(node, "config.AlertingConfig");
    read_relabel_configs(fields, "alert_relabel_configs", "empty or null alert relabeling rule",
                         config_.alert_relabel_configs);
    fields.each("alertmanagers", [&](const Node& n) -> Result<void> {
      TOCSIN_TRY(AlertmanagerTarget target, parse_alertmanager_target(n, config_.warnings));
      config_.alertmanagers.push_back(std::move(target));
      return {};
    });
    return fields.finish();
  }

  Result<void> read_rule_files(const Node& node) {
    TOCSIN_TRY(const std::vector<std::string> patterns, node.as_strings());
    const std::size_t slash = config_.file.rfind('/');
    const std::string folder =
        slash == std::string::npos ? "" : config_.file.substr(0, std::max<std::size_t>(slash, 1));
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      // One star, and that in the last element.
      const std::size_t star = patterns[i].find('*');
      if (star != std::string::npos && patterns[i].find_first_of("*/", star + 1) != std::string::npos) {
        return node.at(i).error("invalid rule file path {}", go_quote(patterns[i]));
      }
      config_.rule_files.push_back(resolve_path(folder, patterns[i]));
    }
    return {};
  }

  Result<void> read_scrape_config(const Node& node) {
    TOCSIN_TRY(ScrapeConfig config, parse_scrape_config(node, defaults_, config_.warnings));
    if (!job_names_.insert(config.job_name).second) {
      return node["job_name"].error("found multiple scrape configs with job name {}", go_quote(config.job_name));
    }
    config_.scrape_configs.push_back(std::move(config));
    return {};
  }

  PrometheusConfig& config_;
  const Environment& environment_;
  ScrapeDefaults defaults_;
  std::set<std::string> job_names_;
};

/// Keys whose values nobody should read, in any section, also those that are not built.
bool is_secret_key(std::string_view key) {
  for (const std::string_view end : {"_file", "_files", "_ref", "_url", "_id", "_name", "_type"}) {
    if (key.ends_with(end)) return false;
  }
  for (const std::string_view part : {"password", "secret", "token", "credentials", "private_key", "account_key"}) {
    if (key.contains(part)) return true;
  }
  return key == "key" || key == "api_key" || key == "consumer_key" || key == "access_key" ||
         key == "proxy_connect_header";
}

}  // namespace

Result<std::shared_ptr<const PrometheusConfig>> parse_prometheus_config(std::string text, const std::string& path,
                                                                        const Environment& environment) {
  TOCSIN_TRY(const Node root, yaml::parse(std::move(text), path));
  auto config = std::make_shared<PrometheusConfig>();
  config->file = path;
  Reader reader(*config, environment);
  TOCSIN_OK(reader.read(root));
  config->text = yaml::write(root, is_secret_key);
  return config;
}

Result<std::shared_ptr<const PrometheusConfig>> load_prometheus_config(Fs& fs, const std::string& path,
                                                                       const Environment& environment) {
  TOCSIN_TRY(std::string text, fs.read_file(path, kMaxConfigBytes));
  return parse_prometheus_config(std::move(text), path, environment);
}

}  // namespace tocsin::config
