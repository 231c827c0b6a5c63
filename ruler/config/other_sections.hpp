#pragma once
// Sections of prometheus.yml beside scraping and alerting. What this build does not do is checked as Prometheus checks
// it, so that a file is good or bad as a whole, and named in a warning. Private to this module.

#include "config/prometheus_config.hpp"

namespace tocsin::config {

Result<void> read_storage(const yaml::Node& node, StorageConfig& out, std::vector<std::string>& warnings);
Result<void> check_runtime(const yaml::Node& node);
Result<void> check_tracing(const yaml::Node& node);
/// @param legacy_names  global.metric_name_validation_scheme is legacy.
Result<void> check_otlp(const yaml::Node& node, bool legacy_names);

// Lists.
Result<void> check_remote_writes(const yaml::Node& node, bool legacy_names);
Result<void> check_remote_reads(const yaml::Node& node);

/// Header fields that a user may not set, for `headers` of tracing and remote storage.
bool is_reserved_header(std::string_view lower_case_name);

}  // namespace tocsin::config
