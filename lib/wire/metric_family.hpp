#pragma once
// Prometheus' protobuf exposition: a page of io.prometheus.client.MetricFamily messages, each behind its length.
//
// Source: github.com/prometheus/client_model, io/prometheus/client/metrics.proto; what Prometheus makes of fields that
// are missing or there twice: prompb/io/prometheus/client/decoder.go (3.14). Nothing is copied: names, helps, labels
// and exemplars are views of the page, and the vectors of a metric are used again for the next. A field of another wire
// type than its own is an error, an unknown field is passed over.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/histogram.hpp"
#include "model/labels.hpp"

namespace tocsin::wire {

enum class ProtoType : std::uint8_t { kCounter, kGauge, kSummary, kUntyped, kHistogram, kGaugeHistogram };

/// A message that is there or not, and may be empty. Read when it is wanted.
struct ProtoMessage {
  std::string_view bytes;
  bool is_set = false;
};

struct ProtoQuantile {
  double quantile = 0, value = 0;
};

/// Of a classic histogram.
struct ProtoBucket {
  double upper_bound = 0;
  double cumulative_count = 0;  // the float one if it is not 0, else the integer
  ProtoMessage exemplar;
};

struct ProtoHistogram {
  std::uint64_t sample_count = 0;
  double sample_count_float = 0, sample_sum = 0;
  std::vector<ProtoBucket> buckets;
  // The native part.
  std::int32_t schema = 0;
  double zero_threshold = 0;
  std::uint64_t zero_count = 0;
  double zero_count_float = 0;
  std::vector<model::HistogramSpan> negative_spans, positive_spans;
  std::vector<std::int64_t> negative_deltas, positive_deltas;
  std::vector<double> negative_counts, positive_counts;
  std::vector<std::string_view> exemplars;

  double count() const { return sample_count_float != 0 ? sample_count_float : static_cast<double>(sample_count); }
  /// A histogram without observations says that it is native by a span of no length.
  bool is_native() const {
    return !positive_spans.empty() || !negative_spans.empty() || zero_threshold > 0 || zero_count > 0;
  }
  bool is_float() const { return sample_count_float > 0 || zero_count_float > 0; }
  void clear();
};

struct ProtoFamily {
  std::string_view name, help, unit;
  std::int32_t type = 0;  // a ProtoType, unless has_known_type() says no
  bool has_known_type() const { return type >= 0 && type <= static_cast<int>(ProtoType::kGaugeHistogram); }
};

/// One metric. What its family's type does not have is 0 or empty.
struct ProtoMetric {
  std::string_view labels;  // the label fields one behind the other, as on the wire: see read_labels()
  Timestamp timestamp = 0;  // milliseconds; 0: none
  Timestamp start = 0;      // milliseconds, of a counter, summary or histogram; 0: none
  double value = 0;         // of a counter, gauge, untyped
  ProtoMessage exemplar;    // of a counter
  std::uint64_t summary_count = 0;
  double summary_sum = 0;
  std::vector<ProtoQuantile> quantiles;
  ProtoHistogram histogram;
};

struct ProtoExemplar {
  std::string_view labels;  // as ProtoMetric::labels
  double value = 0;
  bool has_timestamp = false;
  Timestamp timestamp = 0;
};

/// Thread: one. The page must live as long as the reader; families and metrics until the next one is asked for.
class MetricFamilyReader {
 public:
  /// Greatest number of quantiles, of classic buckets, of spans, of native buckets of a side and of exemplars that one
  /// metric may have. Clients that grow native buckets stop at some hundred.
  static constexpr std::size_t kMaxElements = 65'536;

  explicit MetricFamilyReader(std::string_view page) : page_(page) {}

  enum class Step : std::uint8_t { kOne, kEnd, kError };
  /// The next family, without its metrics. After kEnd and kError there is nothing more.
  Step next_family();
  /// The next metric of the family.
  Step next_metric();
  const ProtoFamily& family() const { return family_; }
  const ProtoMetric& metric() const { return metric_; }

  /// Labels in order of the wire, names and values as they are. Names may be there twice.
  Step read_labels(std::string_view labels, std::vector<model::LabelView>& out);
  Step read_exemplar(std::string_view message, ProtoExemplar& out);

  /// After kError: what is wrong, and where in the page, in bytes.
  const std::string& error() const { return error_; }
  std::size_t error_offset() const { return error_offset_; }
  /// Where the present family ends.
  std::size_t family_end() const { return at_; }

 private:
  template <typename Read>
  Step guarded(Read&& read);
  Step fail(std::string message, const char* at);

  std::string_view page_;
  std::size_t at_ = 0;     // of the next family
  std::string_view rest_;  // of the family, behind the last metric
  ProtoFamily family_;
  ProtoMetric metric_;
  std::string labels_;           // of a metric whose labels do not stand together
  std::string exemplar_labels_;  // the same of an exemplar
  std::string error_;
  std::size_t error_offset_ = 0;
  bool failed_ = false;
};

}  // namespace tocsin::wire
