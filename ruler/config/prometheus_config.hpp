#pragma once
// prometheus.yml as values with Prometheus' defaults. Source: Prometheus config/config.go and docs/configuration.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/discovery_config.hpp"
#include "config/environment.hpp"
#include "config/http_client_config.hpp"
#include "config/relabel.hpp"
#include "model/labels.hpp"

namespace tocsin::config {

/// One entry of scrape_configs with the globals filled in.
struct ScrapeConfig {
  std::string job_name;
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  std::vector<std::pair<std::string, std::vector<std::string>>> params;
  Duration scrape_interval{0};
  Duration scrape_timeout{0};
  std::vector<std::string> scrape_protocols;  // in order of preference; empty: whatever the scraper prefers
  std::string fallback_scrape_protocol;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  bool enable_compression = true;
  std::uint64_t body_size_limit = 0;  // 0: none; here and below
  std::uint64_t sample_limit = 0, target_limit = 0, label_limit = 0, label_name_length_limit = 0,
                label_value_length_limit = 0;
  std::uint64_t keep_dropped_targets = 0;
  std::string scrape_failure_log_file;  // "": none
  bool extra_scrape_metrics = false;
  std::string metric_name_validation_scheme = "utf8";       // utf8, legacy
  std::string metric_name_escaping_scheme = "allow-utf-8";  // allow-utf-8, underscores, dots, values
  bool scrape_native_histograms = false, always_scrape_classic_histograms = false,
       convert_classic_histograms_to_nhcb = false;
  std::uint64_t native_histogram_bucket_limit = 0;
  double native_histogram_min_bucket_factor = 0;
  HttpClientConfig http;
  std::vector<RelabelConfig> relabel_configs, metric_relabel_configs;
  DiscoveryConfigs discovery;
  /// What is equal needs no new pool.
  bool operator==(const ScrapeConfig&) const = default;
};

/// One entry of alerting.alertmanagers: other Alertmanagers that get our alerts too.
struct AlertmanagerTarget {
  std::string scheme = "http";
  std::string path_prefix = "/";
  Duration timeout = std::chrono::seconds(10);
  HttpClientConfig http;
  std::vector<RelabelConfig> relabel_configs, alert_relabel_configs;
  DiscoveryConfigs discovery;
  bool operator==(const AlertmanagerTarget&) const = default;
};

/// `storage`: what it says; zeros and nothing leave the flags in force.
struct StorageConfig {
  Duration retention_time{0};
  std::uint64_t retention_size = 0;  // bytes
  double retention_percentage = 0;   // of the disk
  Duration out_of_order_time_window{0};
  std::optional<std::int64_t> max_exemplars;
  bool operator==(const StorageConfig&) const = default;
};

struct PrometheusConfig {
  std::string file;
  std::string text;  // for /api/v1/status/config: as read, without comments, secrets as <secret>
  Duration scrape_interval = std::chrono::minutes(1);
  Duration scrape_timeout = std::chrono::seconds(10);
  Duration evaluation_interval = std::chrono::minutes(1);
  Duration rule_query_offset{0};
  // Of rule groups that do not say it themselves; not Prometheus' (docs/rules.md).
  std::optional<bool> evaluate_on_scrape;  // evaluation; none: the flag
  std::optional<Duration> evaluation_min_interval;
  std::string query_log_file;  // "": none
  model::Labels external_labels;
  bool legacy_names = false;  // metric_name_validation_scheme: legacy
  // Patterns, relative ones resolved against the configuration's folder.
  std::vector<std::string> rule_files, scrape_config_files;
  std::vector<ScrapeConfig> scrape_configs;  // those of the files last
  std::vector<RelabelConfig> alert_relabel_configs;
  std::vector<AlertmanagerTarget> alertmanagers;
  StorageConfig storage;
  bool has_remote_read = false;       // the section is there; it does nothing yet
  std::vector<std::string> warnings;  // keys that Prometheus knows and this build does not do, with position
};

/// Reads the file and the files of scrape_config_files. Thread: any. Errors are kInvalid, "file:line:column: message"
/// with Prometheus' wording where it has one.
/// @param options  the environment is for external_labels too, where it is always expanded.
Result<std::shared_ptr<const PrometheusConfig>> load_prometheus_config(Fs& fs, const std::string& path,
                                                                       const LoadOptions& options = {});
/// The same for a text, without scrape_config_files.
Result<std::shared_ptr<const PrometheusConfig>> parse_prometheus_config(std::string text, const std::string& path,
                                                                        const LoadOptions& options = {});

}  // namespace tocsin::config
