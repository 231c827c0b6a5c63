#pragma once
// Names, types and help texts of memcached_exporter 0.16, by memcached's own names.

#include <string_view>

#include "model/metric_type.hpp"

namespace tocsin::exporters::memcached {

/// What a value is written as: a number, "yes" or "no", or "seconds.microseconds".
enum class Kind : unsigned char { kNumber, kBool, kTime };

struct Row {
  std::string_view stat;
  std::string_view family;
  std::string_view help;
  model::MetricType type = model::MetricType::kGauge;
  Kind kind = Kind::kNumber;
};

using Type = model::MetricType;

// clang-format off
/// Of `stats`.
inline constexpr Row kGeneral[] = {
    {"uptime", "memcached_uptime_seconds", "Number of seconds since the server started.", Type::kCounter, Kind::kNumber},
    {"time", "memcached_time_seconds", "current UNIX time according to the server.", Type::kGauge, Kind::kNumber},
    {"extstore_compact_lost", "memcached_extstore_compact_lost_total", "Total number of items lost because they were locked during extstore compaction.", Type::kCounter, Kind::kNumber},
    {"extstore_compact_rescues", "memcached_extstore_compact_rescued_total", "Total number of items moved to a new page during extstore compaction,", Type::kCounter, Kind::kNumber},
    {"extstore_compact_skipped", "memcached_extstore_compact_skipped_total", "Total number of items dropped due to inactivity during extstore compaction.", Type::kCounter, Kind::kNumber},
    {"extstore_page_allocs", "memcached_extstore_pages_allocated_total", "Total number of times a page was allocated in extstore.", Type::kCounter, Kind::kNumber},
    {"extstore_page_evictions", "memcached_extstore_pages_evicted_total", "Total number of times a page was evicted from extstore.", Type::kCounter, Kind::kNumber},
    {"extstore_page_reclaims", "memcached_extstore_pages_reclaimed_total", "Total number of times an empty extstore page was freed.", Type::kCounter, Kind::kNumber},
    {"extstore_pages_free", "memcached_extstore_pages_free", "Number of extstore pages not yet containing any items.", Type::kGauge, Kind::kNumber},
    {"extstore_pages_used", "memcached_extstore_pages_used", "Number of extstore pages containing at least one item.", Type::kGauge, Kind::kNumber},
    {"extstore_objects_evicted", "memcached_extstore_objects_evicted_total", "Total number of items evicted from extstore to free up space.", Type::kCounter, Kind::kNumber},
    {"extstore_objects_read", "memcached_extstore_objects_read_total", "Total number of items read from extstore.", Type::kCounter, Kind::kNumber},
    {"extstore_objects_written", "memcached_extstore_objects_written_total", "Total number of items written to extstore.", Type::kCounter, Kind::kNumber},
    {"extstore_objects_used", "memcached_extstore_objects_used", "Number of items stored in extstore.", Type::kGauge, Kind::kNumber},
    {"extstore_bytes_evicted", "memcached_extstore_bytes_evicted_total", "Total number of bytes evicted from extstore to free up space.", Type::kCounter, Kind::kNumber},
    {"extstore_bytes_written", "memcached_extstore_bytes_written_total", "Total number of bytes written to extstore.", Type::kCounter, Kind::kNumber},
    {"extstore_bytes_read", "memcached_extstore_bytes_read_total", "Total number of bytes read from extstore.", Type::kCounter, Kind::kNumber},
    {"extstore_bytes_used", "memcached_extstore_bytes_used", "Current number of bytes used to store items in extstore.", Type::kCounter, Kind::kNumber},
    {"extstore_bytes_fragmented", "memcached_extstore_bytes_fragmented", "Current number of bytes in extstore pages allocated but not used to store an object.", Type::kGauge, Kind::kNumber},
    {"extstore_limit_maxbytes", "memcached_extstore_bytes_limit", "Number of bytes of external storage allocated for this server.", Type::kGauge, Kind::kNumber},
    {"extstore_io_queue", "memcached_extstore_io_queue_depth", "Number of items in the I/O queue waiting to be processed.", Type::kGauge, Kind::kNumber},
    {"rusage_user", "memcached_process_user_cpu_seconds_total", "Accumulated user time for this process.", Type::kCounter, Kind::kTime},
    {"rusage_system", "memcached_process_system_cpu_seconds_total", "Accumulated system time for this process.", Type::kCounter, Kind::kTime},
    {"bytes", "memcached_current_bytes", "Current number of bytes used to store items.", Type::kGauge, Kind::kNumber},
    {"limit_maxbytes", "memcached_limit_bytes", "Number of bytes this server is allowed to use for storage.", Type::kGauge, Kind::kNumber},
    {"curr_items", "memcached_current_items", "Current number of items stored by this instance.", Type::kGauge, Kind::kNumber},
    {"total_items", "memcached_items_total", "Total number of items stored during the life of this instance.", Type::kCounter, Kind::kNumber},
    {"bytes_read", "memcached_read_bytes_total", "Total number of bytes read by this server from network.", Type::kCounter, Kind::kNumber},
    {"bytes_written", "memcached_written_bytes_total", "Total number of bytes sent by this server to network.", Type::kCounter, Kind::kNumber},
    {"curr_connections", "memcached_current_connections", "Current number of open connections.", Type::kGauge, Kind::kNumber},
    {"total_connections", "memcached_connections_total", "Total number of connections opened since the server started running.", Type::kCounter, Kind::kNumber},
    {"rejected_connections", "memcached_connections_rejected_total", "Total number of connections rejected due to hitting the memcached's -c limit in maxconns_fast mode.", Type::kCounter, Kind::kNumber},
    {"conn_yields", "memcached_connections_yielded_total", "Total number of connections yielded running due to hitting the memcached's -R limit.", Type::kCounter, Kind::kNumber},
    {"listen_disabled_num", "memcached_connections_listener_disabled_total", "Number of times that memcached has hit its connections limit and disabled its listener.", Type::kCounter, Kind::kNumber},
    {"evictions", "memcached_items_evicted_total", "Total number of valid items removed from cache to free memory for new items.", Type::kCounter, Kind::kNumber},
    {"reclaimed", "memcached_items_reclaimed_total", "Total number of times an entry was stored using memory from an expired entry.", Type::kCounter, Kind::kNumber},
    {"store_too_large", "memcached_item_too_large_total", "The number of times an item exceeded the max-item-size when being stored.", Type::kCounter, Kind::kNumber},
    {"store_no_memory", "memcached_item_no_memory_total", "The number of times an item could not be stored due to no more memory.", Type::kCounter, Kind::kNumber},
    {"lru_crawler_starts", "memcached_lru_crawler_starts_total", "Times an LRU crawler was started.", Type::kCounter, Kind::kNumber},
    {"direct_reclaims", "memcached_direct_reclaims_total", "Times worker threads had to directly reclaim or evict items.", Type::kCounter, Kind::kNumber},
    {"crawler_items_checked", "memcached_lru_crawler_items_checked_total", "Total items examined by LRU Crawler.", Type::kCounter, Kind::kNumber},
    {"crawler_reclaimed", "memcached_lru_crawler_reclaimed_total", "Total items freed by LRU Crawler.", Type::kCounter, Kind::kNumber},
    {"moves_to_cold", "memcached_lru_crawler_moves_to_cold_total", "Total number of items moved from HOT/WARM to COLD LRU's.", Type::kCounter, Kind::kNumber},
    {"moves_to_warm", "memcached_lru_crawler_moves_to_warm_total", "Total number of items moved from COLD to WARM LRU.", Type::kCounter, Kind::kNumber},
    {"moves_within_lru", "memcached_lru_crawler_moves_within_lru_total", "Total number of items reshuffled within HOT or WARM LRU's.", Type::kCounter, Kind::kNumber},
    {"total_malloced", "memcached_malloced_bytes", "Number of bytes of memory allocated to slab pages.", Type::kGauge, Kind::kNumber},
    {"accepting_conns", "memcached_accepting_connections", "The Memcached server is currently accepting new connections.", Type::kGauge, Kind::kNumber},
};

/// Of `stats`, of a server that is a proxy.
inline constexpr Row kProxy[] = {
    {"proxy_conn_requests", "memcached_proxy_conn_requests_total", "Total number of times the proxy opened a backend connection.", Type::kCounter, Kind::kNumber},
    {"proxy_conn_errors", "memcached_proxy_conn_errors_total", "Total number of backend connection errors in proxy mode.", Type::kCounter, Kind::kNumber},
    {"proxy_conn_oom", "memcached_proxy_conn_oom_total", "Total number of times the proxy ran out of memory allocating a connection.", Type::kCounter, Kind::kNumber},
    {"proxy_req_active", "memcached_proxy_req_active", "Number of in-flight requests currently forwarded by the proxy.", Type::kGauge, Kind::kNumber},
    {"proxy_config_reloads", "memcached_proxy_config_reloads_total", "Total attempts to reload the proxy configuration.", Type::kCounter, Kind::kNumber},
    {"proxy_config_reload_fails", "memcached_proxy_config_reload_fails_total", "Total failed attempts to reload the proxy configuration.", Type::kCounter, Kind::kNumber},
    {"proxy_config_cron_runs", "memcached_proxy_config_cron_runs_total", "Total times the proxy’s Lua cron hooks have run.", Type::kCounter, Kind::kNumber},
    {"proxy_config_cron_fails", "memcached_proxy_config_cron_fails_total", "Total errors from the proxy’s Lua cron hooks.", Type::kCounter, Kind::kNumber},
    {"proxy_backend_total", "memcached_proxy_backend_total", "Number of backend servers configured in proxy mode.", Type::kGauge, Kind::kNumber},
    {"proxy_backend_marked_bad", "memcached_proxy_backend_marked_bad_total", "Total times a backend was marked unhealthy by the proxy.", Type::kCounter, Kind::kNumber},
    {"proxy_backend_failed", "memcached_proxy_backend_failed", "Number of backends currently in a failed state.", Type::kGauge, Kind::kNumber},
    {"proxy_request_failed_depth", "memcached_proxy_request_failed_depth_total", "Total requests dropped due to backend depth limits.", Type::kCounter, Kind::kNumber},
    {"round_robin_fallback", "memcached_round_robin_fallback_total", "Total times the proxy fell back to round-robin routing.", Type::kCounter, Kind::kNumber},
    {"unexpected_napi_ids", "memcached_unexpected_napi_ids_total", "Total unexpected internal event-loop IDs seen by the proxy.", Type::kCounter, Kind::kNumber},
};

/// Of `stats settings`.
inline constexpr Row kSettings[] = {
    {"maxconns", "memcached_max_connections", "Maximum number of clients allowed.", Type::kGauge, Kind::kNumber},
    {"lru_crawler", "memcached_lru_crawler_enabled", "Whether the LRU crawler is enabled.", Type::kGauge, Kind::kBool},
    {"lru_crawler_sleep", "memcached_lru_crawler_sleep", "Microseconds to sleep between LRU crawls.", Type::kGauge, Kind::kNumber},
    {"lru_crawler_tocrawl", "memcached_lru_crawler_to_crawl", "Max items to crawl per slab per run.", Type::kGauge, Kind::kNumber},
    {"lru_maintainer_thread", "memcached_lru_crawler_maintainer_thread", "Split LRU mode and background threads.", Type::kGauge, Kind::kBool},
    {"hot_lru_pct", "memcached_lru_crawler_hot_percent", "Percent of slab memory reserved for HOT LRU.", Type::kGauge, Kind::kNumber},
    {"warm_lru_pct", "memcached_lru_crawler_warm_percent", "Percent of slab memory reserved for WARM LRU.", Type::kGauge, Kind::kNumber},
    {"hot_max_factor", "memcached_lru_crawler_hot_max_factor", "Set idle age of HOT LRU to COLD age * this", Type::kGauge, Kind::kNumber},
    {"warm_max_factor", "memcached_lru_crawler_warm_max_factor", "Set idle age of WARM LRU to COLD age * this", Type::kGauge, Kind::kNumber},
};

/// Of `stats slabs`, by slab.
inline constexpr Row kSlabs[] = {
    {"chunk_size", "memcached_slab_chunk_size_bytes", "Number of bytes allocated to each chunk within this slab class.", Type::kGauge, Kind::kNumber},
    {"chunks_per_page", "memcached_slab_chunks_per_page", "Number of chunks within a single page for this slab class.", Type::kGauge, Kind::kNumber},
    {"total_pages", "memcached_slab_current_pages", "Number of pages allocated to this slab class.", Type::kGauge, Kind::kNumber},
    {"total_chunks", "memcached_slab_current_chunks", "Number of chunks allocated to this slab class.", Type::kGauge, Kind::kNumber},
    {"used_chunks", "memcached_slab_chunks_used", "Number of chunks allocated to an item.", Type::kGauge, Kind::kNumber},
    {"free_chunks", "memcached_slab_chunks_free", "Number of chunks not yet allocated items.", Type::kGauge, Kind::kNumber},
    {"free_chunks_end", "memcached_slab_chunks_free_end", "Number of free chunks at the end of the last allocated page.", Type::kGauge, Kind::kNumber},
    {"mem_requested", "memcached_slab_mem_requested_bytes", "Number of bytes of memory actual items take up within a slab.", Type::kGauge, Kind::kNumber},
};

/// Of `stats items`, by slab.
inline constexpr Row kItems[] = {
    {"number", "memcached_slab_current_items", "Number of items currently stored in this slab class.", Type::kGauge, Kind::kNumber},
    {"age", "memcached_slab_items_age_seconds", "Number of seconds the oldest item has been in the slab class.", Type::kGauge, Kind::kNumber},
    {"crawler_reclaimed", "memcached_slab_items_crawler_reclaimed_total", "Number of items freed by the LRU Crawler.", Type::kCounter, Kind::kNumber},
    {"evicted", "memcached_slab_items_evicted_total", "Total number of times an item had to be evicted from the LRU before it expired.", Type::kCounter, Kind::kNumber},
    {"evicted_nonzero", "memcached_slab_items_evicted_nonzero_total", "Total number of times an item which had an explicit expire time set had to be evicted from the LRU before it expired.", Type::kCounter, Kind::kNumber},
    {"evicted_time", "memcached_slab_items_evicted_time_seconds", "Seconds since the last access for the most recent item evicted from this class.", Type::kCounter, Kind::kNumber},
    {"evicted_unfetched", "memcached_slab_items_evicted_unfetched_total", "Total nmber of items evicted and never fetched.", Type::kCounter, Kind::kNumber},
    {"expired_unfetched", "memcached_slab_items_expired_unfetched_total", "Total number of valid items evicted from the LRU which were never touched after being set.", Type::kCounter, Kind::kNumber},
    {"outofmemory", "memcached_slab_items_outofmemory_total", "Total number of items for this slab class that have triggered an out of memory error.", Type::kCounter, Kind::kNumber},
    {"reclaimed", "memcached_slab_items_reclaimed_total", "Total number of items reclaimed.", Type::kCounter, Kind::kNumber},
    {"tailrepairs", "memcached_slab_items_tailrepairs_total", "Total number of times the entries for a particular ID need repairing.", Type::kCounter, Kind::kNumber},
    {"moves_to_cold", "memcached_slab_items_moves_to_cold", "Number of items moved from HOT or WARM into COLD.", Type::kCounter, Kind::kNumber},
    {"moves_to_warm", "memcached_slab_items_moves_to_warm", "Number of items moves from COLD into WARM.", Type::kCounter, Kind::kNumber},
    {"moves_within_lru", "memcached_slab_items_moves_within_lru", "Number of times active items were bumped within HOT or WARM.", Type::kCounter, Kind::kNumber},
    {"mem_requested", "memcached_slab_mem_requested_bytes", "Number of bytes of memory actual items take up within a slab.", Type::kCounter, Kind::kNumber},
    {"number_hot", "memcached_slab_hot_items", "Number of items presently stored in the HOT LRU.", Type::kGauge, Kind::kNumber},
    {"number_warm", "memcached_slab_warm_items", "Number of items presently stored in the WARM LRU.", Type::kGauge, Kind::kNumber},
    {"number_cold", "memcached_slab_cold_items", "Number of items presently stored in the COLD LRU.", Type::kGauge, Kind::kNumber},
    {"number_temp", "memcached_slab_temporary_items", "Number of items presently stored in the TEMPORARY LRU.", Type::kGauge, Kind::kNumber},
    {"age_hot", "memcached_slab_hot_age_seconds", "Age of the oldest item in HOT LRU.", Type::kGauge, Kind::kNumber},
    {"age_warm", "memcached_slab_warm_age_seconds", "Age of the oldest item in HOT LRU.", Type::kGauge, Kind::kNumber},
};
// clang-format on

}  // namespace tocsin::exporters::memcached
