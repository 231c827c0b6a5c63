#pragma once
// The parts of prometheus.yml that scrape_configs and alerting.alertmanagers share. Private to this module.

#include <string>
#include <string_view>
#include <vector>

#include "config/prometheus_config.hpp"

namespace tocsin::config {

/// What scrape configurations take from `global` when they do not say otherwise.
struct ScrapeDefaults {
  Duration scrape_interval = std::chrono::minutes(1);
  Duration scrape_timeout = std::chrono::seconds(10);
  std::vector<std::string> scrape_protocols;
  std::uint64_t body_size_limit = 0;
  std::uint64_t sample_limit = 0, target_limit = 0, label_limit = 0, label_name_length_limit = 0,
                label_value_length_limit = 0;
};

Result<ScrapeConfig> parse_scrape_config(const yaml::Node& node, const ScrapeDefaults& defaults,
                                         std::vector<std::string>& warnings);

Result<AlertmanagerTarget> parse_alertmanager_target(const yaml::Node& node, std::vector<std::string>& warnings);

/// Refuses what looks like a URL where host:port is wanted.
Result<void> check_static_targets(const yaml::Node& node);

/// Relabelling rules under `key`; `null_message` is the error for an empty rule.
void read_relabel_configs(yaml::Fields& fields, std::string_view key, std::string_view null_message,
                          std::vector<RelabelConfig>& out);

/// The body, sample and label limits.
template <typename Limits>
void read_limits(yaml::Fields& fields, Limits& out) {
  fields.bytes("body_size_limit", out.body_size_limit).read("sample_limit", out.sample_limit);
  fields.read("target_limit", out.target_limit).read("label_limit", out.label_limit);
  fields.read("label_name_length_limit", out.label_name_length_limit);
  fields.read("label_value_length_limit", out.label_value_length_limit);
}

/// scrape_protocols if the key is there: known names, each once. Those that this build does not read are left out with
/// a warning. @param suffix  ends the messages: ` for scrape config with job name "x"`.
Result<void> read_scrape_protocols(const yaml::Node& node, std::string_view suffix, std::vector<std::string>& out,
                                   std::vector<std::string>& warnings);
Result<void> check_scrape_protocol(std::string_view name);

/// metric_name_validation_scheme and metric_name_escaping_scheme: checked; a warning for what this build does not do.
Result<void> read_name_schemes(yaml::Fields& fields, std::vector<std::string>& warnings);

}  // namespace tocsin::config
