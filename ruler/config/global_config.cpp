#include <algorithm>

#include "base/strings.hpp"
#include "config/scrape_config.hpp"

// Source of rules and words: Prometheus config/config.go, GlobalConfig.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

Result<void> read_external_labels(const Node& node, bool legacy_names, const Environment& environment,
                                  PrometheusConfig& config) {
  if (!node.is_map()) return node.wrong_type("map[string]string");
  model::LabelsBuilder labels;
  for (const Node::Entry& entry : node.entries()) {
    const std::string& name = entry.key.text();
    if (!(legacy_names ? model::is_legacy_label_name(name) : model::is_valid_name(name))) {
      return entry.key.error("{} is not a valid label name", go_quote(name));
    }
    TOCSIN_TRY(const std::string text, entry.value.as_string());
    std::vector<std::string> missing;
    const std::string value = expand_environment(text, environment, missing);
    if (!is_valid_utf8(value)) return entry.value.error("{} is not a valid label value", go_quote(value));
    for (const std::string& variable : missing) {
      config.warnings.push_back(fmt::format("{}: environment variable {} in external label {} is empty or not set",
                                            entry.value.where(), variable, name));
    }
    labels.set(name, value);
  }
  config.external_labels = labels.build();
  return {};
}

/// The keys that are not Prometheus'.
Result<void> read_evaluation(Fields& fields, PrometheusConfig& config) {
  fields.read("evaluation_min_interval", config.evaluation_min_interval);
  const Node mode = fields.take("evaluation");
  if (mode.is_null()) return {};
  const std::string text = mode.is_map() || mode.is_sequence() ? "" : mode.text();
  if (text != "interval" && text != "on_scrape") return mode.error("evaluation must be \"interval\" or \"on_scrape\"");
  config.evaluate_on_scrape = text == "on_scrape";
  return {};
}

/// Durations of zero are "not said".
Result<void> settle_times(const Node& node, Duration interval, Duration timeout, Duration evaluation,
                          ScrapeDefaults& defaults, PrometheusConfig& config) {
  if (interval != Duration{0}) defaults.scrape_interval = interval;
  if (timeout > defaults.scrape_interval) {
    return node["scrape_timeout"].error("global scrape timeout greater than scrape interval");
  }
  defaults.scrape_timeout =
      timeout != Duration{0} ? timeout : std::min(defaults.scrape_timeout, defaults.scrape_interval);
  if (evaluation != Duration{0}) config.evaluation_interval = evaluation;
  config.scrape_interval = defaults.scrape_interval;
  config.scrape_timeout = defaults.scrape_timeout;
  return {};
}

}  // namespace

Result<void> read_global(const Node& node, const Environment& environment, ScrapeDefaults& defaults,
                         PrometheusConfig& config) {
  Fields fields(node, "config.plain");
  Duration timeout{0};
  Duration interval{0};
  Duration evaluation{0};
  fields.read("scrape_interval", interval).read("scrape_timeout", timeout).read("evaluation_interval", evaluation);
  fields.read("rule_query_offset", config.rule_query_offset);
  fields.read("scrape_failure_log_file", defaults.scrape_failure_log_file);
  read_limits(fields, defaults);
  read_histograms(fields, defaults);
  fields.read("extra_scrape_metrics", defaults.extra_scrape_metrics);
  fields.read("metric_name_escaping_scheme", defaults.metric_name_escaping_scheme);
  fields.read("query_log_file", config.query_log_file);
  const Result<void> mode = read_evaluation(fields, config);
  const Node labels = fields.take("external_labels");
  const Node protocols = fields.take("scrape_protocols");
  TOCSIN_TRY(const std::optional<bool> legacy_names, read_validation_scheme(fields));
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(mode);
  defaults.legacy_names = legacy_names.value_or(false);
  defaults.scrape_failure_log_file = node.beside(defaults.scrape_failure_log_file);
  config.query_log_file = node.beside(config.query_log_file);
  if (!labels.is_null()) TOCSIN_OK(read_external_labels(labels, defaults.legacy_names, environment, config));
  TOCSIN_OK(settle_times(node, interval, timeout, evaluation, defaults, config));
  return read_scrape_protocols(protocols, " for global config", defaults.scrape_protocols);
}

}  // namespace tocsin::config
