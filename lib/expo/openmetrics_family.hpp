#pragma once
// The rules within a metric family of OpenMetrics: what its samples may be, and what they must be together.

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "expo/openmetrics_line.hpp"
#include "model/metric_type.hpp"

namespace tocsin::expo {

/// The suffixes of sample names by type, "" among them where a name may stand alone.
std::vector<std::string_view> sample_suffixes(model::MetricType type);

/// A family while its lines are read. Every function returns what is wrong, with the column of its line.
class StrictFamily {
 public:
  explicit StrictFamily(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  model::MetricType type() const { return type_.value_or(model::MetricType::kUnknown); }
  /// Whether a sample of this name is one of this family's.
  bool owns(std::string_view sample_name) const;

  std::optional<LineError> add(const StrictMetadata& metadata);
  std::optional<LineError> add(const StrictSample& sample);
  /// No more lines come.
  std::optional<LineError> end();

 private:
  /// The samples of one metric at one time.
  struct Point {
    bool open = false;
    std::set<std::string> series;  // names with labels
    bool total = false, sum = false, negative_sum = false, negative_bucket = false, bucket = false, infinite = false;
    std::optional<double> count;
    double last_bound = -std::numeric_limits<double>::infinity();
    double last_value = 0;
  };

  std::optional<LineError> check_value(const StrictSample& sample, std::string_view suffix) const;
  std::optional<LineError> check_labels(const StrictSample& sample, std::string_view suffix) const;
  std::optional<LineError> check_exemplar(const StrictSample& sample, std::string_view suffix) const;
  std::optional<LineError> place(const StrictSample& sample, std::string_view suffix);
  std::optional<LineError> take(const StrictSample& sample, std::string_view suffix);
  std::optional<LineError> take_bucket(const StrictSample& sample);
  std::optional<LineError> end_point();
  std::optional<LineError> end_histogram() const;
  /// The labels that tell metrics of the family apart.
  std::string identity(const StrictSample& sample, std::string_view suffix) const;

  std::string name_;
  std::optional<model::MetricType> type_;
  std::optional<std::string> unit_;
  bool helped_ = false, sampled_ = false;
  std::map<std::string, std::optional<double>> metrics_;  // identities that came, with their last timestamp
  std::string metric_;                                    // the identity at hand
  Point point_;
};

}  // namespace tocsin::expo
