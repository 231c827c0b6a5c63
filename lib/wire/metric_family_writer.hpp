#pragma once
// Writes pages of protobuf exposition: io.prometheus.client.MetricFamily messages, each with its length before it.
// Source: prometheus/client_model metrics.proto.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "model/histogram.hpp"
#include "wire/metric_family.hpp"

namespace tocsin::wire {

using TextPair = std::pair<std::string, std::string>;

/// An upper bound, and how many observations are not above it.
struct CumulativeBucket {
  double bound = 0, count = 0;
};

struct ExemplarMessage {
  std::span<const TextPair> labels;
  double value = 0;
  std::optional<Timestamp> timestamp;
};

struct BucketMessage {
  double bound = 0, cumulative_count = 0;
  std::optional<ExemplarMessage> exemplar;
};

/// What all metrics have, and what only some types do.
struct MetricMessage {
  std::vector<TextPair> labels;
  std::optional<Timestamp> timestamp;
  std::optional<Timestamp> created;         // of a counter, histogram or summary
  std::optional<ExemplarMessage> exemplar;  // of a counter
};

/// One family after the other. Thread: one.
class MetricFamilyWriter {
 public:
  /// Ends the family before, if there is one.
  void begin(std::string_view name, ProtoType type);
  void begin(std::string_view name, ProtoType type, std::string_view help, std::string_view unit);
  /// Of a counter, gauge or untyped.
  void add_value(ProtoType type, const MetricMessage& metric, double value);
  /// A classic one. Counts that are no integers are written as floats.
  void add_histogram(const MetricMessage& metric, std::span<const BucketMessage> buckets, double sum, double count);
  void add_summary(const MetricMessage& metric, std::span<const ProtoQuantile> quantiles, double sum, double count);
  // Each: a metric of the family, whose type it has.
  void add_untyped(std::span<const TextPair> labels, Timestamp t, double value);
  /// @param histogram  an exponential one.
  void add_native(std::span<const TextPair> labels, Timestamp t, const model::FloatHistogram& histogram);
  /// @param buckets  the one without a bound may be left out.
  void add_classic(std::span<const TextPair> labels, Timestamp t, const model::FloatHistogram& histogram,
                   std::span<const CumulativeBucket> buckets);
  /// Of what was written so far.
  std::size_t size() const { return out_.size() + family_.size(); }
  std::string take();

 private:
  void end();
  std::string out_;
  std::string family_;  // the one under way, "" if there is none
};

}  // namespace tocsin::wire
