#pragma once
// --enable-feature: which experimental features were asked for, by the names of Prometheus 3.14.
//
// One table (features.cpp) has all of those names: what each switches here, or why it switches nothing. Who builds a
// feature gives it a member and names it in its row. Source: Prometheus cmd/prometheus/main.go, setFeatureListOptions;
// docs/feature_flags.md.

#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"

namespace tocsin::config {

/// What is built; all off, as there.
struct Features {
  // What a scrape or a write request brings.
  bool created_timestamp_zero_ingestion = false;  // start timestamps become samples of zero
  bool st_storage = false;                        // start timestamps are stored
  bool metadata_wal_records = false;              // type, unit and help are stored
  bool type_and_unit_labels = false;              // and PromQL: __type__ and __unit__ go with __name__
  bool extra_scrape_metrics = false;              // the default of that key of the configuration
  // PromQL.
  bool promql_experimental_functions = false;
  bool promql_extended_range_selectors = false;
  bool promql_binop_fill_modifiers = false;
  bool promql_delayed_name_removal = false;
  bool use_start_timestamps = false;
  bool promql_per_step_stats = false;
  // Others.
  bool auto_reload_config = false;

  /// Whether pages are read for start timestamps, and protobuf, which has them at no cost, is asked for first.
  bool reads_starts() const { return created_timestamp_zero_ingestion || st_storage; }
  bool operator==(const Features&) const = default;
};

/// What is to be logged of a name that was given.
struct FeatureNote {
  log::Level level = log::Level::kInfo;
  std::string option;
  std::string text;
};

/// @param values  of --enable-feature: each one name or several with commas between. A name that nobody knows is a
///                warning, as in Prometheus.
Features parse_features(const std::vector<std::string>& values, std::vector<FeatureNote>& notes);

/// All names that are known, as the table has them; for documentation and tests.
std::vector<std::string_view> feature_names();

}  // namespace tocsin::config
