#pragma once
// The command lines of tocsin-ruler: Prometheus' flags, and of `tocsin-ruler alertmanager`: Alertmanager's.

#include <expected>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "config/features.hpp"
#include "config/matcher_parser.hpp"
#include "promql/parser/parser.hpp"
#include "remote/alertmanager_queue.hpp"
#include "tsdb/series_budget.hpp"

namespace tocsin::app {

struct Flags {
  /// `tocsin-ruler alertmanager`: only routing and API v2, as an Alertmanager.
  bool alertmanager_only = false;
  std::string config_file = "prometheus.yml";
  std::string alertmanager_config_file;  // "": receivers of the environment, or none
  bool config_auto_reload = false;
  Duration config_auto_reload_interval = std::chrono::seconds(30);
  bool config_expand_env = false;
  std::vector<std::string> listen_addresses;
  std::vector<std::string> alertmanager_listen_addresses;  // of the ruler: as an Alertmanager's, beside the others
  std::string external_url;
  std::string web_config_file;  // TLS, users; "": neither
  std::string route_prefix;     // "": the path of external_url
  std::string cors_origin = ".*";
  std::string page_title = "Tocsin";
  std::string access_log;  // "": none
  std::size_t max_connections = 512;
  Duration read_timeout = std::chrono::minutes(5);
  Duration handler_timeout{0};  // of an Alertmanager's requests; 0: the listener's own
  bool systemd_socket = false;
  bool enable_lifecycle = false;
  bool enable_admin_api = false;
  bool enable_remote_write_receiver = false;
  bool accept_remote_write_v1 = true, accept_remote_write_v2 = true;
  std::size_t max_notifications_subscribers = 16;

  std::string tsdb_path = "data/";
  std::string storage_path;                          // alert state; "": <tsdb_path>/state
  Duration retention = std::chrono::hours(24) * 32;  // 0: no limit
  std::uint64_t retention_bytes = 0;                 // 0: no limit
  Duration min_block_duration = std::chrono::hours(2);
  Duration max_block_duration{0};  // 0: a tenth of the retention
  Duration block_reload_interval = std::chrono::minutes(1);
  Duration wal_fsync_interval = std::chrono::milliseconds(200);
  std::size_t remote_read_sample_limit = 50'000'000;
  std::size_t remote_read_concurrent_limit = 10;
  std::size_t remote_read_max_bytes_in_frame = 1 << 20;
  tsdb::SeriesLimits series_limits;
  std::vector<std::string> job_series_limits;  // as given; parsed into series_limits.jobs

  bool adjust_scrape_timestamps = true;
  Duration scrape_timestamp_tolerance = std::chrono::milliseconds(100);
  std::size_t scrape_body_budget_bytes = 512U << 20U;

  Duration lookback_delta = std::chrono::minutes(5);
  Duration query_timeout = std::chrono::minutes(2);
  std::size_t query_max_concurrency = 20;
  std::size_t query_max_samples = 50'000'000;

  Duration for_outage_tolerance = std::chrono::hours(1);
  Duration for_grace_period = std::chrono::minutes(10);
  Duration resend_delay = std::chrono::minutes(1);
  bool evaluate_on_scrape = false;  // --rules.evaluation=on_scrape
  remote::SenderOptions sender;     // to the Alertmanagers of prometheus.yml

  config::Features features;                       // --enable-feature
  std::vector<config::FeatureNote> feature_notes;  // what is to be logged of it

  Duration alert_data_retention = std::chrono::hours(120);  // of the notification log and silences
  std::size_t max_silences = 0, max_silence_bytes = 0;      // 0: no limit
  std::size_t max_alerts_per_name = 0;                      // 0: no limit
  bool log_silences = false;
  config::MatcherMode matcher_mode = config::MatcherMode::kFallback;
  /// What goes beyond an Alertmanager: each on unless --alertmanager.compat or its own flag turns it off.
  bool alertmanager_persist_alerts = true;
  bool alertmanager_guaranteed_resolve = true;
  bool alertmanager_template_fallback = true;
  bool alertmanager_group_schedule = true;
  bool alertmanager_history = true;
  Duration history_retention = std::chrono::hours(24 * 90);
  std::uint64_t history_max_bytes = std::uint64_t{1} << 30U;

  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kLogfmt;
  /// Flags that the peers have and this build accepts without doing anything.
  std::vector<std::string> warnings;
  /// Name and value of each flag as it stands, for /api/v1/status/flags.
  std::vector<std::pair<std::string, std::string>> values;
};

/// What expressions may use.
promql::parser::ParserOptions parser_options(const config::Features& features);

/// @return the flags, or the exit status if the process is to end: help and version were printed (0), or an error (1).
std::expected<Flags, int> parse_flags(int argc, const char* const* argv);

}  // namespace tocsin::app
