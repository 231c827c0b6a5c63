#pragma once
// The page of /federate, in the form that its reader asks for.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "expo/escape_name.hpp"
#include "model/histogram.hpp"
#include "model/labels.hpp"
#include "wire/metric_family_writer.hpp"

namespace tocsin::api {

struct FederateStyle {
  bool protobuf = false;  // else text 0.0.4
  expo::EscapingScheme escaping = expo::EscapingScheme::kUnderscores;
};

/// What an Accept header asks for. Protobuf's two text forms, which Prometheus writes too, count as not asked for.
/// Source: prometheus/common expfmt, Negotiate().
FederateStyle federate_style(std::string_view accept);
std::string content_type(const FederateStyle& style);

struct FederateSample {
  Timestamp t = 0;
  double value = 0;
  model::HistogramPtr histogram;  // nullptr: a float
};

/// Families of untyped samples and of histograms. Histograms with custom buckets are written as classic ones;
/// exponential ones only as protobuf, others do not know them. Samples of one name that are of different types make
/// families of their own, one after the other, as in Prometheus. Thread: one.
/// Source: Prometheus web/federate.go; prometheus/common expfmt/text_create.go.
class FederatePage {
 public:
  /// @param external  added where a series lacks them, `instance=""` too.
  FederatePage(const FederateStyle& style, const model::Labels& external);

  /// In order of names.
  void add(const model::Labels& labels, const FederateSample& sample);
  std::size_t size() const { return text_.size() + protobuf_.size(); }
  std::string take();

 private:
  using Labels = std::vector<wire::TextPair>;
  void begin_family(std::string_view name, const FederateSample& sample);
  void set_labels(const model::Labels& labels);
  void add_text(const FederateSample& sample);
  void add_protobuf(const FederateSample& sample);
  /// @param le  nullptr: no such label.
  void write_sample(std::string_view suffix, const double* le, double value, Timestamp t);
  void append_name(std::string_view name, bool is_metric);
  void append_label(std::string_view name, std::string_view value, bool& first);

  const FederateStyle style_;
  std::vector<wire::TextPair> external_;  // by name
  std::string text_;
  wire::MetricFamilyWriter protobuf_;
  std::string family_;  // as the store names it; "" before the first
  wire::ProtoType type_ = wire::ProtoType::kUntyped;
  std::string name_;  // of the family, escaped
  Labels labels_;     // of the sample, names escaped
};

}  // namespace tocsin::api
