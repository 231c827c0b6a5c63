#pragma once
// How the columns of a query's rows become series: postgres_exporter's metric map, of its own queries and the user's.
// Source: postgres_exporter exporter/postgres_exporter.go (makeDescMap).

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::exporters::sql {

/// `usage` in a file of queries.
enum class Usage {
  kDiscard,
  kLabel,
  kCounter,
  kGauge,
  kHistogram,     // an array of bounds; <name>_bucket, <name>_sum and <name>_count stand beside it
  kMappedMetric,  // a text that `mapping` gives a number
  kDuration,      // "1h30m" in milliseconds, as <name>_milliseconds
};

/// What NULL becomes in a column of numbers.
enum class NullValue { kNaN, kZero, kNothing };

struct Column {
  std::string name;
  Usage usage = Usage::kDiscard;
  std::string help;
  std::map<std::string, double, std::less<>> mapping = {};
  std::string family = {};  // "": <prefix>_<name>
  std::string label = {};   // "": the column's name
};

struct Mapping {
  std::string prefix;
  std::vector<Column> columns;
  NullValue null = NullValue::kNaN;
  std::string null_label = {};    // NULL in a label
  bool rows_need_labels = false;  // a row with NULL in a label says nothing
  bool unknown_columns = false;   // columns that are not described are untyped if they are numbers
  bool server_label = true;       // series carry `server`
};

/// A value of usage DURATION in milliseconds: "1m30s", or a number, which postgres_exporter takes as it is.
std::optional<double> to_milliseconds(std::string_view text);

/// A name that Prometheus takes for a metric without quotes.
bool is_metric_name(std::string_view name);

}  // namespace tocsin::exporters::sql
