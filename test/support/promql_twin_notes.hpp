#pragma once
// What the naive twin has to say beside an answer: Prometheus' warnings and infos, by its source
// (util/annotations/annotations.go). Without what counts how often they came.

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::test {

/// Texts without position, with the place of the node that said it last: Prometheus evaluates a node at all steps, then
/// the node above it, and of equal texts keeps the last (of forced monotonicity the first).
class TwinNotes {
 public:
  struct Place {
    std::size_t order = 0;  // of the node, in order of evaluation
    promql::parser::PositionRange pos;
  };
  void add(const std::string& text, Place place, bool keep_first = false) {
    const auto [found, is_new] = said_.emplace(text, place);
    if (is_new) return;
    const bool later = place.order >= found->second.order;
    if (later != keep_first) found->second = place;
  }
  const std::map<std::string, Place>& said() const { return said_; }

 private:
  std::map<std::string, Place> said_;
};

/// One node that speaks, about series of one metric.
class TwinVoice {
 public:
  TwinVoice(TwinNotes& notes, TwinNotes::Place place, std::string metric = {})
      : notes_(notes), place_(place), metric_(std::move(metric)) {}

  void warn(const std::string& text) const { notes_.add("PromQL warning: " + text, place_); }
  void info(const std::string& text) const { notes_.add("PromQL info: " + text, place_); }

  void invalid_quantile(double q) const { warn("quantile value should be between 0 and 1, got " + format_float_g(q)); }
  void mixed() const {
    warn(fmt::format("encountered a mix of histograms and floats for metric name \"{}\"", metric_));
  }
  void ignored_histograms() const {
    info(fmt::format("ignored histograms in a range containing both floats and histograms for metric name \"{}\"",
                     metric_));
  }
  void ignored_in(std::string_view aggregation) const {
    info(fmt::format("ignored histogram in {} aggregation", aggregation));
  }
  void not_a_counter() const { warn(fmt::format("this native histogram metric is not a counter: \"{}\"", metric_)); }
  void not_a_gauge() const { warn(fmt::format("this native histogram metric is not a gauge: \"{}\"", metric_)); }
  void mixed_schemas() const {
    warn(fmt::format(
        "vector contains a mix of histograms with exponential and custom buckets schemas for metric name \"{}\"",
        metric_));
  }
  void reconciled(std::string_view operation) const {
    info(fmt::format("mismatched custom buckets were reconciled during {}", operation));
  }
  void collided(std::string_view operation) const {
    warn(fmt::format("conflicting counter resets during histogram {}", operation));
  }
  void overlap() const {
    notes_.add(fmt::format("PromQL warning: sample has start time that overlaps with previous sample timestamp for "
                           "metric \"{}\"",
                           metric_),
               place_, true);
  }
  void forced_monotonicity() const {
    notes_.add(
        "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
        place_, true);
  }
  const std::string& metric() const { return metric_; }

 private:
  TwinNotes& notes_;
  TwinNotes::Place place_;
  std::string metric_;
};

}  // namespace tocsin::test
