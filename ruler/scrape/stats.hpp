#pragma once
// Counters of scraping, as plain integers. Changed and read on the loop's thread.

#include <cstdint>
#include <string>

#include "base/length_summary.hpp"

namespace tocsin::scrape {

struct ScrapeStats {
  // Scrapes. Those of prometheus_* are named behind.
  std::uint64_t scrapes = 0;
  std::uint64_t scrapes_failed = 0;         // up = 0, whatever the reason
  std::uint64_t scrapes_skipped = 0;        // the last one was still under way
  std::uint64_t scrapes_late = 0;           // began so late that the sample carries its own time instead of the slot's
  LengthStats start_delay;                  // of scrapes, after their slots
  std::uint64_t wake_ups = 0;               // of the scheduler; scrapes / wake_ups is how well slots share
  std::uint64_t exceeded_sample_limit = 0;  // prometheus_target_scrapes_exceeded_sample_limit_total
  // prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total
  std::uint64_t exceeded_bucket_limit = 0;
  std::uint64_t exceeded_label_limits = 0;     // prometheus_target_scrape_pool_exceeded_label_limits_total
  std::uint64_t exceeded_body_size_limit = 0;  // prometheus_target_scrapes_exceeded_body_size_limit_total
  std::uint64_t commit_failures = 0;
  std::uint64_t body_bytes = 0;           // of pages under way, beyond the free share of each
  std::uint64_t failure_log_dropped = 0;  // lines that scrape_failure_log_file lacks

  // Samples.
  std::uint64_t samples_scraped = 0;
  std::uint64_t samples_appended = 0;
  std::uint64_t series_added = 0;  // new to their target's cache
  std::uint64_t stale_markers = 0;
  std::uint64_t out_of_order = 0;            // prometheus_target_scrapes_sample_out_of_order_total
  std::uint64_t duplicates = 0;              // prometheus_target_scrapes_sample_duplicate_timestamp_total
  std::uint64_t out_of_bounds = 0;           // prometheus_target_scrapes_sample_out_of_bounds_total; too old ones too
  std::uint64_t exemplars_out_of_order = 0;  // prometheus_target_scrapes_exemplar_out_of_order_total
  std::uint64_t series_limit = 0;            // shed: the series budget is used up

  // How rows found their series.
  std::uint64_t rows_by_position = 0;  // same place as in the last scrape
  std::uint64_t rows_by_text = 0;      // elsewhere in the last scrape
  std::uint64_t rows_new = 0;          // labels were read

  // Pools and targets; those without _total in their metric's name are of now.
  std::uint64_t targets = 0;
  std::uint64_t cache_bytes = 0;            // what is remembered of the last pages
  std::uint64_t pools = 0;                  // prometheus_target_scrape_pools_total: made since the start
  std::uint64_t pool_reloads = 0;           // prometheus_target_scrape_pool_reloads_total
  std::uint64_t targets_failed = 0;         // prometheus_target_sync_failed_total: labels that make no target
  std::uint64_t exceeded_target_limit = 0;  // prometheus_target_scrape_pool_exceeded_target_limit_total
};

/// Of one pool, now.
struct PoolStats {
  std::string name;
  std::uint64_t discovered = 0, targets = 0, target_limit = 0;
  std::uint64_t syncs = 0, sync_failures = 0;
  std::uint64_t metadata_entries = 0, metadata_bytes = 0;
  LengthStats sync_length;
};

}  // namespace tocsin::scrape
