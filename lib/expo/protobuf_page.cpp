// Delimited MetricFamily messages of rendered pages. Source: prometheus/client_model metrics.proto; what client_golang
// writes: no bucket without a bound unless it has an exemplar.

#include <cmath>

#include "base/float_text.hpp"
#include "expo/exposition.hpp"
#include "expo/lines.hpp"
#include "expo/text_parser.hpp"
#include "wire/metric_family_writer.hpp"

namespace tocsin::expo {
namespace {

wire::ProtoType proto_type(model::MetricType type) {
  switch (type) {
    case model::MetricType::kCounter:
      return wire::ProtoType::kCounter;
    case model::MetricType::kGauge:
    case model::MetricType::kInfo:
    case model::MetricType::kStateset:
      return wire::ProtoType::kGauge;
    case model::MetricType::kHistogram:
    case model::MetricType::kGaugeHistogram:
      return wire::ProtoType::kHistogram;
    case model::MetricType::kSummary:
      return wire::ProtoType::kSummary;
    case model::MetricType::kUnknown:
      break;
  }
  return wire::ProtoType::kUntyped;
}

/// Turns the lines of a family into metrics.
class FamilyReader {
 public:
  FamilyReader(wire::MetricFamilyWriter& out, const MergedFamily& merged, wire::ProtoType type, EscapingScheme escaping)
      : out_(out), merged_(merged), type_(type), escaping_(escaping), note_(merged.family->notes.begin()) {}

  void read() {
    TextParser parser(merged_.lines());
    for (Row row; parser.next(row) == RowKind::kSeries;) {
      if (parser.labels(row, labels_) != ParseErrc::kNone) continue;
      take_notes(row);
      take(row);
    }
  }

 private:
  using Exemplars = std::shared_ptr<const Exemplar>;

  void take_notes(const Row& row) {
    exemplar_.reset();
    const auto& notes = merged_.family->notes;
    if (note_ == notes.end()) return;
    const std::string_view text = merged_.page->text;
    const std::size_t end =
        text.find('\n', static_cast<std::size_t>(row.series.data() - text.data()) + row.series.size());
    for (; note_ != notes.end() && note_->line_end <= end; ++note_) {
      if (note_->exemplar) exemplar_ = note_->exemplar;
      if (note_->created) metric_.created = note_->created;
    }
  }

  /// Takes the name and the bound out of the labels. @return what the name has behind the family's.
  std::string_view split_labels(double& bound) {
    std::string_view suffix;
    metric_.labels.clear();
    for (const model::LabelView& label : labels_) {
      if (label.name == "__name__") {
        suffix = label.value.substr(std::min(label.value.size(), merged_.info().name.size()));
      } else if (label.name == (type_ == wire::ProtoType::kHistogram ? kLe : kQuantile) && is_composed()) {
        parse_float(label.value, bound);
      } else {
        metric_.labels.emplace_back(escape_name(label.name, escaping_), label.value);
      }
    }
    return suffix;
  }

  bool is_composed() const { return type_ == wire::ProtoType::kHistogram || type_ == wire::ProtoType::kSummary; }

  void take(const Row& row) {
    double bound = std::nan("");
    const std::string suffix(split_labels(bound));
    if (row.has_timestamp) metric_.timestamp = row.timestamp;
    if (!is_composed()) {
      metric_.exemplar = exemplar_ ? std::optional(wire_exemplar(*exemplar_)) : std::nullopt;
      out_.add_value(type_, metric_, row.value);
    } else if (suffix == "_sum") {
      sum_ = row.value;
      return;
    } else if (suffix == "_count") {
      if (type_ == wire::ProtoType::kHistogram) {
        out_.add_histogram(metric_, buckets_, sum_, row.value);
      } else {
        out_.add_summary(metric_, quantiles_, sum_, row.value);
      }
    } else if (suffix == "_bucket") {
      if (!std::isinf(bound) || exemplar_) {
        buckets_.push_back({bound, row.value, exemplar_ ? std::optional(wire_exemplar(*exemplar_)) : std::nullopt});
      }
      return;
    } else {
      if (!std::isnan(bound)) quantiles_.push_back({bound, row.value});
      return;
    }
    metric_ = {};
    buckets_.clear();
    quantiles_.clear();
  }

  static wire::ExemplarMessage wire_exemplar(const Exemplar& exemplar) {
    return {exemplar.labels, exemplar.value, exemplar.timestamp};
  }

  wire::MetricFamilyWriter& out_;
  const MergedFamily& merged_;
  const wire::ProtoType type_;
  const EscapingScheme escaping_;
  std::vector<RenderedPage::Note>::const_iterator note_;
  std::vector<model::LabelView> labels_;
  Exemplars exemplar_;  // of the present line
  // The metric whose lines come.
  wire::MetricMessage metric_;
  std::vector<wire::BucketMessage> buckets_;
  std::vector<wire::ProtoQuantile> quantiles_;
  double sum_ = 0;
};

}  // namespace

void append_protobuf(std::string& out, std::span<const MergedFamily> families, EscapingScheme escaping) {
  wire::MetricFamilyWriter writer;
  const FamilyInfo* first = nullptr;
  for (const MergedFamily& merged : families) {
    if (first == nullptr || first->name != merged.info().name) {
      first = merged.family->info.get();
      writer.begin(escape_name(first->name, escaping), proto_type(first->type), first->help, first->unit);
    }
    FamilyReader(writer, merged, proto_type(first->type), escaping).read();
  }
  out += writer.take();
}

}  // namespace tocsin::expo
