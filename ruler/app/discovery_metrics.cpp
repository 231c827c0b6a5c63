#include <map>

#include "app/metrics.hpp"

// Source of names and helps: Prometheus discovery/metrics*.go and the metrics.go of each kind.

namespace tocsin::app {
namespace {

using discovery::Durations;
using telemetry::Sink;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void put_histogram(Sink& sink, std::string_view name, std::string_view help, Sink::Labels labels,
                   const Durations& durations) {
  std::array<expo::Bucket, Durations::kBounds.size()> buckets{};
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] = {durations.kBounds[i], number(durations.buckets[i])};
  sink.histogram(name, help, labels, buckets, durations.sum_seconds, number(durations.count));
}

Durations sum(Durations a, const Durations& b) {
  a.count += b.count;
  a.sum_seconds += b.sum_seconds;
  for (std::size_t i = 0; i < a.buckets.size(); ++i) a.buckets[i] += b.buckets[i];
  return a;
}

}  // namespace

void put_discovery_metrics(Sink& sink, const discovery::Stats& stats) {
  sink.gauge("prometheus_sd_failed_configs", "Current number of service discovery configurations that failed to load.",
             {{"name", "scrape"}}, 0);
  std::map<std::string_view, Durations> by_mechanism;
  for (const auto& [key, refresh] : stats.refreshes) {
    const auto& [mechanism, config] = key;
    const Sink::Labels labels = {{"config", config}, {"mechanism", mechanism}};
    sink.counter("prometheus_sd_refresh_failures_total", "Number of refresh failures for the given SD mechanism.",
                 labels, number(refresh.failures));
    sink.summary("prometheus_sd_refresh_duration_seconds",
                 "The duration of a refresh in seconds for the given SD mechanism.", labels, {},
                 refresh.durations.sum_seconds, number(refresh.durations.count));
    if (refresh.last_success != 0) {
      sink.gauge("tocsin_discovery_last_success_timestamp_seconds", "When a source was last asked and answered.",
                 labels, static_cast<double>(refresh.last_success) / 1000);
    }
    by_mechanism[mechanism] = sum(by_mechanism[mechanism], refresh.durations);
  }
  for (const auto& [mechanism, durations] : by_mechanism) {
    put_histogram(sink, "prometheus_sd_refresh_duration_histogram_seconds",
                  "The duration of a refresh for the given SD mechanism.", {{"mechanism", mechanism}}, durations);
  }
  sink.counter("prometheus_sd_http_failures_total", "Number of HTTP service discovery refresh failures.",
               number(stats.http_failures));
  sink.counter("prometheus_sd_dns_lookups_total", "The number of DNS-SD lookups.", number(stats.dns_lookups));
  sink.counter("prometheus_sd_dns_lookup_failures_total", "The number of DNS-SD lookup failures.",
               number(stats.dns_lookup_failures));
  sink.counter("prometheus_sd_file_read_errors_total", "The number of File-SD read errors.",
               number(stats.file_read_errors));
  sink.counter("prometheus_sd_file_watcher_errors_total",
               "The number of File-SD errors caused by filesystem watch failures.", number(stats.file_watcher_errors));
  put_histogram(sink, "prometheus_sd_file_scan_duration_seconds", "The duration of the File-SD scan in seconds.", {},
                stats.file_scans);
  for (const auto& [file, mtime] : stats.file_mtimes) {
    sink.gauge("prometheus_sd_file_mtime_seconds",
               "Timestamp (mtime) of files read by FileSD. Timestamp is set at read time.", {{"filename", file}},
               mtime);
  }
}

}  // namespace tocsin::app
