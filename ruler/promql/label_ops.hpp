#pragma once
// What operators do to label sets.

#include <string>
#include <string_view>
#include <vector>

#include "model/labels.hpp"

namespace tocsin::promql {

/// `by (a, b)`, `on (a, b)`: the labels named. `without (a, b)`, `ignoring (a, b)`: all but those and the metric name.
struct Grouping {
  Grouping() = default;
  Grouping(std::vector<std::string> labels, bool exclude);

  std::vector<std::string> names;  // sorted, unique
  bool without = false;

  /// Replaces `out` by the encoding of the labels that remain: a key that is equal iff they are.
  void key(const model::Labels& labels, std::string& out) const;
  model::Labels of(const model::Labels& labels) const;
};

/// Replaces `out` by the encoding of all labels but one.
void encode_without(const model::Labels& labels, std::string_view name, std::string& out);

/// The labels that describe a metric as such (name, type, unit) go when a function changes what the value means.
/// Source: Prometheus schema/labels.go.
model::Labels without_metadata(const model::Labels& labels);

}  // namespace tocsin::promql
