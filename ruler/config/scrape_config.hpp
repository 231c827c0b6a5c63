#pragma once
// The parts of prometheus.yml that stand under `global`, scrape_configs and alerting.alertmanagers. Private to this
// module.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/prometheus_config.hpp"

namespace tocsin::config {

/// `global`, where it is a default for scrape configurations or a rule for names.
struct ScrapeDefaults {
  Duration scrape_interval = std::chrono::minutes(1);
  Duration scrape_timeout = std::chrono::seconds(10);
  std::vector<std::string> scrape_protocols;
  std::uint64_t body_size_limit = 0;
  std::uint64_t sample_limit = 0, target_limit = 0, label_limit = 0, label_name_length_limit = 0,
                label_value_length_limit = 0;
  std::uint64_t keep_dropped_targets = 0;
  std::string scrape_failure_log_file;
  bool extra_scrape_metrics = false;
  bool scrape_native_histograms = false, always_scrape_classic_histograms = false,
       convert_classic_histograms_to_nhcb = false;
  bool legacy_names = false;                // metric_name_validation_scheme: legacy
  std::string metric_name_escaping_scheme;  // as written
};

/// Fills what `global` says into both. @param environment  for external_labels.
Result<void> read_global(const yaml::Node& node, const Environment& environment, ScrapeDefaults& defaults,
                         PrometheusConfig& config);

Result<ScrapeConfig> parse_scrape_config(const yaml::Node& node, const ScrapeDefaults& defaults,
                                         std::vector<std::string>& warnings);

/// Where a dollar means something else, or is expanded by Prometheus already: not for --config.expand-env.
extern const std::vector<std::string_view> kOwnDollars;

/// Reads scrape_config_files, appends what stands there to scrape_configs. Relative paths in them are seen from their
/// own folder. Errors name the file.
Result<void> read_scrape_config_files(Fs& fs, const ScrapeDefaults& defaults, const LoadOptions& options,
                                      PrometheusConfig& config);

Result<AlertmanagerTarget> parse_alertmanager_target(const yaml::Node& node, bool legacy_names,
                                                     std::vector<std::string>& warnings);

/// Refuses what looks like a URL where host:port is wanted.
Result<void> check_static_targets(const yaml::Node& node);

/// Relabelling rules under `key`; `null_message` is the error for an empty rule.
void read_relabel_configs(yaml::Fields& fields, std::string_view key, std::string_view null_message,
                          std::vector<RelabelConfig>& out);
/// Tells the rules under `key` that only legacy names are allowed.
Result<void> use_legacy_names(const yaml::Node& map, std::string_view key, std::vector<RelabelConfig>& rules);

/// The body, sample and label limits.
template <typename Limits>
void read_limits(yaml::Fields& fields, Limits& out) {
  fields.bytes("body_size_limit", out.body_size_limit).read("sample_limit", out.sample_limit);
  fields.read("target_limit", out.target_limit).read("label_limit", out.label_limit);
  fields.read("label_name_length_limit", out.label_name_length_limit);
  fields.read("label_value_length_limit", out.label_value_length_limit);
  fields.read("keep_dropped_targets", out.keep_dropped_targets);
}

/// What of native histograms is wanted.
template <typename Histograms>
void read_histograms(yaml::Fields& fields, Histograms& out) {
  fields.read("scrape_native_histograms", out.scrape_native_histograms);
  fields.read("always_scrape_classic_histograms", out.always_scrape_classic_histograms);
  fields.read("convert_classic_histograms_to_nhcb", out.convert_classic_histograms_to_nhcb);
}

/// scrape_protocols if the key is there: known names, each once. @param suffix  ends the messages:
/// ` for scrape config with job name "x"`.
Result<void> read_scrape_protocols(const yaml::Node& node, std::string_view suffix, std::vector<std::string>& out);
Result<void> check_scrape_protocol(std::string_view name);
/// All of them, protobuf first. Source: Prometheus config/config.go, DefaultProtoFirstScrapeProtocols.
std::vector<std::string> protobuf_first_protocols();

/// metric_name_validation_scheme: whether only legacy names are allowed; nothing if the key says nothing.
Result<std::optional<bool>> read_validation_scheme(yaml::Fields& fields);
bool is_escaping_scheme(std::string_view scheme);

}  // namespace tocsin::config
