#include <array>

#include "app/length_metrics.hpp"
#include "app/metrics.hpp"

// Source of names and helps: Prometheus scrape/metrics.go.

namespace tocsin::app {
namespace {

using telemetry::Sink;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void put_totals(Sink& sink, const scrape::ScrapeStats& stats) {
  sink.counter("prometheus_target_scrapes_exceeded_sample_limit_total",
               "Total number of scrapes that hit the sample limit and were rejected.",
               number(stats.exceeded_sample_limit));
  sink.counter("prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
               "Total number of scrapes that hit the native histogram bucket limit and were rejected.",
               number(stats.exceeded_bucket_limit));
  sink.counter("prometheus_target_scrapes_exceeded_body_size_limit_total",
               "Total number of scrapes that hit the body size limit", number(stats.exceeded_body_size_limit));
  sink.counter("prometheus_target_scrape_pool_exceeded_label_limits_total",
               "Total number of times scrape pools hit the label limits, during sync or config reload.",
               number(stats.exceeded_label_limits));
  sink.counter("prometheus_target_scrapes_sample_out_of_order_total",
               "Total number of samples rejected due to not being out of the expected order.",
               number(stats.out_of_order));
  sink.counter("prometheus_target_scrapes_sample_duplicate_timestamp_total",
               "Total number of samples rejected due to duplicate timestamps but different values.",
               number(stats.duplicates));
  sink.counter("prometheus_target_scrapes_exemplar_out_of_order_total",
               "Total number of exemplar rejected due to not being out of the expected order.", {},
               number(stats.exemplars_out_of_order));
  sink.counter("prometheus_target_scrapes_sample_out_of_bounds_total",
               "Total number of samples rejected due to timestamp falling outside of the time bounds.",
               number(stats.out_of_bounds));
  sink.counter("prometheus_target_scrape_pools_total", "Total number of scrape pool creation attempts.",
               number(stats.pools));
  sink.counter("prometheus_target_scrape_pools_failed_total", "Total number of scrape pool creations that failed.", 0);
  sink.counter("prometheus_target_scrape_pool_reloads_total", "Total number of scrape pool reloads.",
               number(stats.pool_reloads));
  sink.counter("prometheus_target_scrape_pool_reloads_failed_total", "Total number of failed scrape pool reloads.", 0);
  sink.counter("prometheus_target_scrape_pool_exceeded_target_limit_total",
               "Total number of times scrape pools hit the target limit, during sync or config reload.",
               number(stats.exceeded_target_limit));
  sink.counter("tocsin_scrape_scrapes_total", "Scrapes that ended.", number(stats.scrapes));
  sink.counter("tocsin_scrape_failures_total", "Scrapes that failed.", number(stats.scrapes_failed));
  sink.counter("tocsin_scrape_skipped_total", "Slots missed because the last scrape was still under way.",
               number(stats.scrapes_skipped));
  sink.counter("tocsin_scrape_late_total", "Scrapes that began too late for their slot.", number(stats.scrapes_late));
  std::array<expo::Bucket, LengthStats::kBounds.size()> delays{};
  for (std::size_t i = 0; i < delays.size(); ++i) {
    delays[i] = {LengthStats::kBounds[i], number(stats.start_delay.buckets[i])};
  }
  sink.histogram("tocsin_scrape_start_delay_seconds", "How long after their slot scrapes began.", {}, delays,
                 stats.start_delay.sum_seconds, number(stats.start_delay.count));
  sink.gauge("tocsin_scrape_body_bytes", "Memory of the pages under way, beyond the first MiB of each.",
             number(stats.body_bytes));
  sink.counter("tocsin_scrape_failure_log_dropped_total", "Lines that scrape_failure_log_file lacks.",
               number(stats.failure_log_dropped));
  sink.counter("tocsin_scrape_samples_total", "Samples scraped.", number(stats.samples_scraped));
  const auto rows = [&](std::string_view way, std::uint64_t count) {
    sink.counter("tocsin_scrape_rows_total", "Rows of pages by how their series was found.", {{"way", way}},
                 number(count));
  };
  rows("position", stats.rows_by_position);
  rows("text", stats.rows_by_text);
  rows("new", stats.rows_new);
}

void put_pool(Sink& sink, const scrape::PoolStats& pool) {
  const model::LabelView job{"scrape_job", pool.name};
  sink.gauge("prometheus_target_scrape_pool_targets", "Current number of targets in this scrape pool.", {job},
             number(pool.targets));
  sink.gauge("prometheus_target_scrape_pool_target_limit", "Maximum number of targets allowed in this scrape pool.",
             {job}, number(pool.target_limit));
  sink.counter("prometheus_target_scrape_pool_sync_total", "Total number of syncs that were executed on a scrape pool.",
               {job}, number(pool.syncs));
  sink.counter("prometheus_target_sync_failed_total", "Total number of target sync failures.", {job},
               number(pool.sync_failures));
  sink.gauge("prometheus_target_metadata_cache_entries", "Total number of metric metadata entries in the cache", {job},
             number(pool.metadata_entries));
  sink.gauge("prometheus_target_metadata_cache_bytes",
             "The number of bytes that are currently used for storing metric metadata in the cache", {job},
             number(pool.metadata_bytes));
  put_length_summary(sink, "prometheus_target_sync_length_seconds", "Actual interval to sync the scrape pool.", job,
                     pool.sync_length);
  put_length_histogram(sink, "prometheus_target_sync_length_histogram_seconds",
                       "Actual interval to sync the scrape pool.", job, pool.sync_length);
  sink.gauge("prometheus_sd_discovered_targets", "Current number of discovered targets.",
             {{"config", pool.name}, {"name", "scrape"}}, number(pool.discovered));
}

}  // namespace

void put_scrape_metrics(Sink& sink, const scrape::ScrapeManager& scrapes) {
  put_totals(sink, scrapes.stats());
  for (const scrape::PoolStats& pool : scrapes.pool_stats()) put_pool(sink, pool);
  for (const auto& [interval, stats] : scrapes.interval_lengths()) {
    put_length_summary(sink, "prometheus_target_interval_length_seconds", "Actual intervals between scrapes.",
                       {"interval", interval}, stats);
    put_length_histogram(sink, "prometheus_target_interval_length_histogram_seconds",
                         "Actual intervals between scrapes.", {"interval", interval}, stats);
  }
  for (const auto& [interval, stats] : scrapes.reload_lengths()) {
    put_length_summary(sink, "prometheus_target_reload_length_seconds",
                       "Actual interval to reload the scrape pool with a given configuration.", {"interval", interval},
                       stats);
  }
}

}  // namespace tocsin::app
