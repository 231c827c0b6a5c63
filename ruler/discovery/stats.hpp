#pragma once
// Counters of all discoverers of a process, as plain integers. Changed and read on the loop's thread.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace tocsin::discovery {

/// How long something took, as Prometheus' histogram of refreshes counts it.
struct Durations {
  static constexpr std::array<double, 4> kBounds = {0.01, 0.1, 1, 10};
  std::uint64_t count = 0;
  double sum_seconds = 0;
  std::array<std::uint64_t, kBounds.size()> buckets{};  // cumulative
  void add(Duration duration) {
    const double seconds = to_seconds(duration);
    ++count;
    sum_seconds += seconds;
    for (std::size_t i = 0; i < kBounds.size(); ++i) buckets[i] += seconds <= kBounds[i] ? 1 : 0;
  }
};

/// Of the discoverers of one kind in one place of the configuration.
struct RefreshStats {
  std::uint64_t failures = 0;  // prometheus_sd_refresh_failures_total
  Durations durations;         // prometheus_sd_refresh_duration_seconds
  Timestamp last_success = 0;  // tocsin_discovery_last_success_timestamp_seconds
  int users = 0;               // discoverers that count here; the last one takes the entry away
};

/// How often something was done and how long it took in all.
struct Times {
  std::uint64_t count = 0;
  double sum_seconds = 0;
  void add(Duration duration) {
    ++count;
    sum_seconds += to_seconds(duration);
  }
};

struct Stats {
  /// By mechanism ("http") and name of the configuration (the scrape pool).
  std::map<std::pair<std::string, std::string>, RefreshStats> refreshes;
  std::uint64_t http_failures = 0;            // prometheus_sd_http_failures_total
  std::uint64_t dns_lookups = 0;              // prometheus_sd_dns_lookups_total: names asked for
  std::uint64_t dns_lookup_failures = 0;      // prometheus_sd_dns_lookup_failures_total
  std::uint64_t file_read_errors = 0;         // prometheus_sd_file_read_errors_total
  std::uint64_t file_watcher_errors = 0;      // prometheus_sd_file_watcher_errors_total
  Durations file_scans;                       // prometheus_sd_file_scan_duration_seconds
  std::map<std::string, double> file_mtimes;  // prometheus_sd_file_mtime_seconds, by path

  /// prometheus_sd_kubernetes_events_total, by role ("pod") and event ("add", "update", "delete").
  std::map<std::pair<std::string, std::string>, std::uint64_t> kubernetes_events;
  std::uint64_t kubernetes_failures = 0;  // prometheus_sd_kubernetes_failures_total: lists and watches
  std::uint64_t consul_rpc_failures = 0;  // prometheus_sd_consul_rpc_failures_total
  Times consul_services_rpc;              // prometheus_sd_consul_rpc_duration_seconds, catalog/services
  Times consul_service_rpc;               // prometheus_sd_consul_rpc_duration_seconds, health/service
};

}  // namespace tocsin::discovery
