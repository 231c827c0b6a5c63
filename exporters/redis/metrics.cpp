#include "exporters/redis/metrics.hpp"

#include <unordered_map>

#include <fmt/format.h>

namespace tocsin::exporters::redis {
namespace {

struct Row {
  std::string_view family;
  std::string_view help;
};

// HELP texts that are more than the name. Source: redis_exporter, exporter/exporter.go.
// clang-format off
constexpr Row kHelp[] = {
    {"redis_commands_duration_seconds_total", "Total amount of time in seconds spent per command"},
    {"redis_commands_failed_calls_total", "Total number of errors prior command execution per command"},
    {"redis_commands_latencies_usec", "A histogram of latencies per command"},
    {"redis_commands_rejected_calls_total", "Total number of errors within command execution per command"},
    {"redis_commands_total", "Total number of calls per command"},
    {"redis_config_client_output_buffer_limit_bytes", "The configured buffer limits per class"},
    {"redis_config_client_output_buffer_limit_overcome_seconds", "How long for buffer limits per class to be exceeded before replicas are dropped"},
    {"redis_config_key_value", "Config key and value"},
    {"redis_config_value", "Config key and value as metric"},
    {"redis_connected_clients_details", "Details about connected clients"},
    {"redis_connected_slave_lag_seconds", "Lag of connected slave"},
    {"redis_connected_slave_offset_bytes", "Offset of connected slave"},
    {"redis_db_avg_ttl_seconds", "Avg TTL in seconds"},
    {"redis_db_keys", "Total number of keys by DB"},
    {"redis_db_keys_cached", "Total number of cached keys by DB"},
    {"redis_db_keys_expiring", "Total number of expiring keys by DB"},
    {"redis_errors_total", "Total number of errors per error type"},
    {"redis_exporter_last_scrape_error", "The last scrape error status."},
    {"redis_instance_info", "Information about the Redis instance"},
    {"redis_key_group_count", "Count of keys in key group"},
    {"redis_key_group_memory_usage_bytes", "Total memory usage of key group in bytes"},
    {"redis_key_memory_usage_bytes", "The memory usage of \"key\" in bytes"},
    {"redis_key_size", "The length or size of \"key\""},
    {"redis_key_value", "The value of \"key\""},
    {"redis_key_value_as_string", "The value of \"key\" as a string"},
    {"redis_keys_count", "Count of keys"},
    {"redis_last_key_groups_scrape_duration_milliseconds", "Duration of the last key group metrics scrape in milliseconds"},
    {"redis_last_slow_execution_duration_seconds", "The amount of time needed for last slow execution, in seconds"},
    {"redis_latency_percentiles_usec", "A summary of latency percentile distribution per command"},
    {"redis_latency_spike_duration_seconds", "Length of the last latency spike in seconds"},
    {"redis_latency_spike_last", "When the latency spike last occurred"},
    {"redis_master_last_io_seconds_ago", "Master last io seconds ago"},
    {"redis_master_link_up", "Master link status on Redis slave"},
    {"redis_master_sync_in_progress", "Master sync in progress"},
    {"redis_module_info", "Information about loaded Redis module"},
    {"redis_number_of_distinct_key_groups", "Number of distinct key groups"},
    {"redis_rdb_current_size_bytes", "Current RDB file size in bytes"},
    {"redis_script_result", "Result of the collect script evaluation"},
    {"redis_script_values", "Values returned by the collect script"},
    {"redis_search_index_num_docs", "Number of documents in search index"},
    {"redis_search_index_max_doc_id", "Maximum document ID in search index"},
    {"redis_search_index_num_terms", "Number of distinct terms in search index"},
    {"redis_search_index_num_records", "Total number of records in search index"},
    {"redis_search_index_inverted_size_bytes", "Memory used by the inverted index"},
    {"redis_search_index_total_inverted_index_blocks", "Total number of blocks in the inverted index"},
    {"redis_search_index_vector_index_size_bytes", "Memory used by the vector index, stores vectors associated with each document"},
    {"redis_search_index_offset_vectors_size_bytes", "Memory used by the offset vectors, store positional information for terms in documents"},
    {"redis_search_index_doc_table_size_bytes", "Memory used by the document table, contains metadata about each document in the index"},
    {"redis_search_index_sortable_values_size_bytes", "Memory used by sortable values, used for sorting purposes"},
    {"redis_search_index_key_table_size_bytes", "Memory used by the key table, stores mapping between document IDs and keys"},
    {"redis_search_index_tag_overhead_size_bytes", "Size of the TAG index structures used for optimising performance"},
    {"redis_search_index_text_overhead_size_bytes", "Size of the TEXT index structures used for optimising performance"},
    {"redis_search_index_total_index_memory_size_bytes", "Total memory consumed by all indexes in the DB"},
    {"redis_search_index_geoshapes_size_bytes", "Memory used by GEO-related fields"},
    {"redis_search_index_avg_per_doc_records", "Average number of records (including deletions) per document"},
    {"redis_search_index_avg_per_record_bytes", "Average size of each record in bytes"},
    {"redis_search_index_avg_per_term_offsets", "Average number of offsets (position information) per term"},
    {"redis_search_index_avg_per_record_offset_bits", "Average number of bits used for offsets per record"},
    {"redis_search_index_indexing", "Indicates whether the index is currently being generated"},
    {"redis_search_index_percent_indexed", "Percentage of the index that has been successfully generated (0-1)"},
    {"redis_search_index_hash_indexing_failures", "Number of failures encountered during indexing"},
    {"redis_search_index_number_of_uses_total", "Number of times the index has been used"},
    {"redis_search_index_cleaning", "Index deletion flag. A value of 1 indicates index deletion is in progress"},
    {"redis_sentinel_master_ckquorum_status", "Master ckquorum status"},
    {"redis_sentinel_peer_info", "Other Sentinel peers discovered via SENTINEL SENTINELS (one scrape from one Sentinel)"},
    {"redis_sentinel_master_ok_sentinels", "The number of okay sentinels monitoring this master"},
    {"redis_sentinel_master_ok_slaves", "The number of okay slaves of the master"},
    {"redis_sentinel_master_sentinels", "The number of sentinels monitoring this master"},
    {"redis_sentinel_master_setting_ckquorum", "Show the current ckquorum config for each master"},
    {"redis_sentinel_master_setting_down_after_milliseconds", "Show the current down-after-milliseconds config for each master"},
    {"redis_sentinel_master_setting_failover_timeout", "Show the current failover-timeout config for each master"},
    {"redis_sentinel_master_setting_parallel_syncs", "Show the current parallel-syncs config for each master"},
    {"redis_sentinel_master_config_epoch", "The configuration epoch of the master (increments on each failover)"},
    {"redis_sentinel_master_last_ok_ping_reply_seconds", "Elapsed time in seconds since the last successful ping reply from the master"},
    {"redis_sentinel_master_slaves", "The number of slaves of the master"},
    {"redis_sentinel_master_status", "Master status on Sentinel"},
    {"redis_sentinel_masters", "The number of masters this sentinel is watching"},
    {"redis_sentinel_running_scripts", "Number of scripts in execution right now"},
    {"redis_sentinel_scripts_queue_length", "Queue of user scripts to execute"},
    {"redis_sentinel_simulate_failure_flags", "Failures simulations"},
    {"redis_sentinel_tilt", "Sentinel is in TILT mode"},
    {"redis_sentinel_config_key_value", "Sentinel global config key and value"},
    {"redis_sentinel_config_value", "Sentinel global config key and value as metric"},
    {"redis_slave_info", "Information about the Redis slave"},
    {"redis_slave_repl_offset", "Slave replication offset"},
    {"redis_commandlog_execution_slower_than", "Execution time threshold in microseconds for the slow command log"},
    {"redis_commandlog_large_reply_length", "Total entries in the large-reply command log"},
    {"redis_commandlog_large_reply_max_len", "Maximum number of entries retained in the large-reply command log"},
    {"redis_commandlog_large_request_length", "Total entries in the large-request command log"},
    {"redis_commandlog_large_request_max_len", "Maximum number of entries retained in the large-request command log"},
    {"redis_commandlog_reply_larger_than", "Reply size threshold in bytes for the large-reply command log"},
    {"redis_commandlog_request_larger_than", "Request size threshold in bytes for the large-request command log"},
    {"redis_commandlog_slow_execution_max_len", "Maximum number of entries retained in the slow command log"},
    {"redis_commandlog_slow_length", "Total entries in the slow command log"},
    {"redis_slowlog_last_id", "Last id of slowlog"},
    {"redis_slowlog_length", "Total slowlog"},
    {"redis_start_time_seconds", "Start time of the Redis instance since unix epoch in seconds."},
    {"redis_stream_entries_added_total", "The count of all entries added to the stream during its lifetime"},
    {"redis_stream_first_entry_id", "The epoch timestamp (ms) of the first message in the stream"},
    {"redis_stream_group_consumer_idle_seconds", "Consumer idle time in seconds"},
    {"redis_stream_group_consumer_messages_pending", "Pending number of messages for this specific consumer"},
    {"redis_stream_group_consumers", "Consumers count of stream group"},
    {"redis_stream_group_entries_read", "Total number of entries read from the stream group"},
    {"redis_stream_group_lag", "The number of messages waiting to be delivered to the stream group's consumers"},
    {"redis_stream_group_last_delivered_id", "The epoch timestamp (ms) of the last delivered message"},
    {"redis_stream_group_messages_pending", "Pending number of messages in that stream group"},
    {"redis_stream_groups", "Groups count of stream"},
    {"redis_stream_last_entry_id", "The epoch timestamp (ms) of the last message in the stream"},
    {"redis_stream_last_generated_id", "The epoch timestamp (ms) of the latest message on the stream"},
    {"redis_stream_length", "The number of elements of the stream"},
    {"redis_stream_max_deleted_entry_id", "The epoch timestamp (ms) of last message was deleted from the stream"},
    {"redis_stream_radix_tree_keys", "Radix tree keys count\""},
    {"redis_stream_radix_tree_nodes", "Radix tree nodes count"},
    {"redis_up", "Information about the Redis instance"},
};
// clang-format on

/// "" if there is none.
std::string_view known_help(std::string_view family) {
  static const std::unordered_map<std::string_view, std::string_view> texts = [] {
    std::unordered_map<std::string_view, std::string_view> made;
    for (const Row& row : kHelp) made.emplace(row.family, row.help);
    return made;
  }();
  const auto found = texts.find(family);
  return found == texts.end() ? std::string_view() : found->second;
}

}  // namespace

expo::CachedFamily& Metrics::family(std::string_view name, model::MetricType type) {
  if (const std::string_view help = known_help(name); !help.empty()) return page_.family(name, help, type);
  return page_.family(name, fmt::format("{} metric", name.substr(kNamespace.size())), type);
}

std::span<const model::LabelView> Metrics::with_role(std::span<const model::LabelView> labels) {
  if (!role_) return labels;
  labels_.assign(labels.begin(), labels.end());
  labels_.push_back({"instance_role", *role_});
  return labels_;
}

}  // namespace tocsin::exporters::redis
