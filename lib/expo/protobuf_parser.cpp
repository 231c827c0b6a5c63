#include "expo/protobuf_parser.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/strings.hpp"
#include "expo/bytes.hpp"
#include "expo/openmetrics_float.hpp"
#include "model/histogram_compact.hpp"

namespace tocsin::expo {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr char kLabelsStart = '\xff';
/// No label field begins so.
constexpr char kNumberStart = '\0';

model::MetricType metric_type(wire::ProtoType type) {
  switch (type) {
    case wire::ProtoType::kCounter:
      return model::MetricType::kCounter;
    case wire::ProtoType::kGauge:
      return model::MetricType::kGauge;
    case wire::ProtoType::kSummary:
      return model::MetricType::kSummary;
    case wire::ProtoType::kHistogram:
      return model::MetricType::kHistogram;
    case wire::ProtoType::kGaugeHistogram:
      return model::MetricType::kGaugeHistogram;
    case wire::ProtoType::kUntyped:
      break;
  }
  return model::MetricType::kUnknown;
}

/// "" if the spans of a side describe its buckets. Source of the words: protobufparse.go, as the file's.
std::string check_side(std::string_view side, const std::vector<model::HistogramSpan>& spans, std::size_t buckets) {
  std::uint64_t total = 0;
  for (const auto& span : spans) total += span.length;
  if (total == buckets) return "";
  return fmt::format("{} side: spans require {} buckets, have {}", side, total, buckets);
}

std::string check_sides(const wire::ProtoHistogram& h) {
  const bool is_float = h.is_float();
  std::string wrong =
      check_side("positive", h.positive_spans, is_float ? h.positive_counts.size() : h.positive_deltas.size());
  if (!wrong.empty()) return wrong;
  return check_side("negative", h.negative_spans, is_float ? h.negative_counts.size() : h.negative_deltas.size());
}

std::vector<double> sum_deltas(const std::vector<std::int64_t>& deltas) {
  std::vector<double> out;
  out.reserve(deltas.size());
  std::uint64_t count = 0;  // wraps around as Go's does
  for (const std::int64_t delta : deltas) {
    count += static_cast<std::uint64_t>(delta);
    out.push_back(static_cast<double>(static_cast<std::int64_t>(count)));
  }
  return out;
}

}  // namespace

ProtobufParser::ProtobufParser(std::string_view page, const HistogramOptions& options)
    : page_(page), options_(options), reader_(page) {}

ProtobufParser::Part ProtobufParser::fail(std::string message, std::size_t offset) {
  error_ = std::move(message);
  error_offset_ = offset;
  found_ = true;
  return part_ = Part::kError;
}

std::string ProtobufParser::describe_error(std::string_view) const {
  return fmt::format("{} at byte {}", error_, error_offset_);
}

void ProtobufParser::find() {
  if (found_) return;
  part_ = part_behind();
  found_ = true;
  // Without labels, metrics of no bytes could make more rows than memory holds.
  if (is_series() && ++rows_ > page_.size() / 2 + 64) fail("the page has too many series for its size", 0);
}

ProtobufParser::Part ProtobufParser::part_behind() {
  switch (part_) {
    case Part::kNone:
      return next_family();
    case Part::kHelp:
      return reader_.family().unit.empty() ? Part::kType : Part::kUnit;
    case Part::kUnit:
      return Part::kType;
    case Part::kType:
      return begin_metric();
    case Part::kValue:
    case Part::kConverted:
      return next_metric();
    case Part::kNative:
      return options_.classic && !reader_.metric().histogram.buckets.empty() ? Part::kCount : next_metric();
    case Part::kCount:
      return Part::kSum;
    case Part::kSum:
      return element(0);
    case Part::kElement:
      return element(element_ + 1);
    case Part::kEnd:
    case Part::kError:
      break;
  }
  return part_;
}

ProtobufParser::Part ProtobufParser::next_family() {
  while (true) {
    if (const Step step = reader_.next_family(); step != Step::kOne) {
      return step == Step::kEnd ? Part::kEnd : fail_by_reader();
    }
    const Step step = reader_.next_metric();
    if (step == Step::kOne) break;
    if (step == Step::kError) return fail_by_reader();
  }
  const wire::ProtoFamily& family = reader_.family();
  if (!model::is_valid_name(family.name)) {
    return fail(fmt::format("invalid metric name: {}", go_quote(family.name.substr(0, 50))), offset_of(family.name));
  }
  if (!is_valid_utf8(family.help)) {
    return fail(fmt::format("invalid help for metric {}", go_quote(family.name)), offset_of(family.help));
  }
  if (!family.has_known_type()) {
    return fail(fmt::format("unknown metric type for metric {}: {}", go_quote(family.name), family.type),
                offset_of(family.name));
  }
  return Part::kHelp;
}

ProtobufParser::Part ProtobufParser::next_metric() {
  switch (reader_.next_metric()) {
    case Step::kOne:
      return begin_metric();
    case Step::kEnd:
      return next_family();
    case Step::kError:
      break;
  }
  return fail_by_reader();
}

ProtobufParser::Part ProtobufParser::begin_metric() {
  switch (type()) {
    case wire::ProtoType::kCounter:
    case wire::ProtoType::kGauge:
    case wire::ProtoType::kUntyped:
      return Part::kValue;
    case wire::ProtoType::kSummary:
      return Part::kCount;
    case wire::ProtoType::kHistogram:
    case wire::ProtoType::kGaugeHistogram:
      break;
  }
  if (!is_native()) return options_.convert && !options_.classic ? convert() : Part::kCount;
  if (const std::string wrong = check_sides(reader_.metric().histogram); !wrong.empty()) {
    return fail(fmt::format("histogram {}: {}", go_quote(reader_.family().name), wrong),
                offset_of(reader_.family().name));
  }
  return Part::kNative;
}

ProtobufParser::Part ProtobufParser::element(std::size_t i) {
  const wire::ProtoMetric& metric = reader_.metric();
  element_ = i;
  if (is_summary()) return i < metric.quantiles.size() ? Part::kElement : next_metric();
  // Whatever stands behind the bucket of +Inf is none.
  const auto& buckets = metric.histogram.buckets;
  const bool is_behind = i > 0 && (i > buckets.size() || buckets[i - 1].upper_bound == kInf);
  if (!is_behind) return Part::kElement;
  return options_.convert && !is_native() ? convert() : next_metric();
}

ProtobufParser::Part ProtobufParser::convert() {
  const wire::ProtoHistogram& h = reader_.metric().histogram;
  buckets_.clear();
  buckets_.set_count(h.count());
  buckets_.set_sum(h.sample_sum);
  for (const auto& bucket : h.buckets) buckets_.set_bucket(bucket.upper_bound, bucket.cumulative_count);
  auto made = buckets_.convert();
  if (!made) {
    return fail(fmt::format("histogram {}: {}", go_quote(reader_.family().name), made.error().message),
                offset_of(reader_.family().name));
  }
  converted_ = std::move(*made);
  if (type() == wire::ProtoType::kGaugeHistogram) converted_->reset_hint = model::CounterReset::kGauge;
  return Part::kConverted;
}

std::string_view ProtobufParser::suffix() const {
  switch (part_) {
    case Part::kCount:
      return "_count";
    case Part::kSum:
      return "_sum";
    case Part::kElement:
      return is_summary() ? "" : "_bucket";
    default:
      return "";
  }
}

double ProtobufParser::element_number() const {
  const wire::ProtoMetric& metric = reader_.metric();
  if (is_summary()) return metric.quantiles[element_].quantile;
  return element_ < metric.histogram.buckets.size() ? metric.histogram.buckets[element_].upper_bound : kInf;
}

double ProtobufParser::value() const {
  const wire::ProtoMetric& metric = reader_.metric();
  const wire::ProtoHistogram& h = metric.histogram;
  switch (part_) {
    case Part::kValue:
      return metric.value;
    case Part::kCount:
      return is_summary() ? static_cast<double>(metric.summary_count) : h.count();
    case Part::kSum:
      return is_summary() ? metric.summary_sum : h.sample_sum;
    case Part::kElement:
      if (is_summary()) return metric.quantiles[element_].value;
      return element_ < h.buckets.size() ? h.buckets[element_].cumulative_count : h.count();
    default:
      return 0;
  }
}

std::string_view ProtobufParser::make_key() {
  std::string& key = keys_[key_ ^ 1U];
  if (has_key_) return key;
  has_key_ = true;
  key.assign(reader_.family().name);
  key += suffix();
  key += kLabelsStart;
  key += reader_.metric().labels;
  if (part_ == Part::kElement) {
    const double number = element_number();
    std::array<char, sizeof number> bits;
    std::memcpy(bits.data(), &number, sizeof number);
    key += kNumberStart;
    key.append(bits.data(), bits.size());
  }
  return key;
}

RowKind ProtobufParser::next(Row& row) {
  find();
  if (part_ == Part::kEnd) return row.kind = RowKind::kEnd;
  if (part_ == Part::kError) return row.kind = RowKind::kError;
  if (is_series()) {
    make_key();
    return take_series(row);
  }
  return take_metadata(row);
}

bool ProtobufParser::next_known(std::string_view shared, std::string_view rest, Row& row) {
  find();
  if (!is_series()) return false;
  const std::string_view key = make_key();
  if (key.size() != shared.size() + rest.size()) return false;
  // What differs most often is the end.
  if (!equal_bytes(key.data() + shared.size(), rest.data(), rest.size())) return false;
  if (!equal_bytes(key.data(), shared.data(), shared.size())) return false;
  return take_series(row) != RowKind::kError;
}

RowKind ProtobufParser::take_metadata(Row& row) {
  const wire::ProtoFamily& family = reader_.family();
  found_ = false;
  row.name = family.name;
  row.text = {};
  if (part_ == Part::kHelp) {
    row.text = family.help;
    return row.kind = RowKind::kHelp;
  }
  if (part_ == Part::kUnit) {
    row.text = family.unit;
    return row.kind = RowKind::kUnit;
  }
  row.type = metric_type(type());
  row.text = model::metric_type_text(row.type);
  return row.kind = RowKind::kType;
}

RowKind ProtobufParser::take_series(Row& row) {
  const wire::ProtoMetric& metric = reader_.metric();
  found_ = has_key_ = false;
  key_ ^= 1U;
  row.series = keys_[key_];
  row.has_timestamp = metric.timestamp != 0;
  row.timestamp = metric.timestamp;
  row.start = options_.starts ? metric.start : 0;
  row.exemplar.labels = {};
  if (part_ == Part::kNative || part_ == Part::kConverted) return row.kind = RowKind::kHistogram;
  row.value = value();
  const auto& buckets = metric.histogram.buckets;
  std::string_view exemplar;
  if (part_ == Part::kValue) {
    exemplar = metric.exemplar.bytes;
  } else if (part_ == Part::kElement && !is_summary() && element_ < buckets.size()) {
    exemplar = buckets[element_].exemplar.bytes;
  }
  if (!exemplar.empty()) read_exemplar(exemplar, row.exemplar);
  return row.kind = part_ == Part::kError ? RowKind::kError : RowKind::kSeries;
}

bool ProtobufParser::read_exemplar(std::string_view message, ExemplarText& out) {
  wire::ProtoExemplar exemplar;
  if (reader_.read_exemplar(message, exemplar) == Step::kError) {
    fail_by_reader();
    return false;
  }
  out = {message, exemplar.value, exemplar.has_timestamp, exemplar.timestamp};
  return true;
}

ParseErrc ProtobufParser::labels(const Row&, std::vector<model::LabelView>& out) {
  if (reader_.read_labels(reader_.metric().labels, out) == Step::kError) {
    fail_by_reader();
    return ParseErrc::kProtobuf;
  }
  for (const auto& label : out) {
    const bool is_name = model::is_valid_name(label.name);
    if (is_name && is_valid_utf8(label.value)) continue;
    fail(is_name ? fmt::format("invalid label value: {}", go_quote(label.value.substr(0, 50)))
                 : fmt::format("invalid label name: {}", go_quote(label.name.substr(0, 50))),
         offset_of(reader_.family().name));
    return ParseErrc::kProtobuf;
  }
  name_ = reader_.family().name;
  name_ += suffix();
  out.push_back({model::kMetricName, name_});
  if (part_ == Part::kElement) {
    number_.clear();
    append_openmetrics_float(number_, element_number());
    out.push_back({is_summary() ? "quantile" : "le", number_});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  return twice == out.end() ? ParseErrc::kNone : ParseErrc::kDuplicateLabel;
}

void ProtobufParser::exemplar_labels(const ExemplarText& exemplar, std::vector<model::LabelView>& out) {
  wire::ProtoExemplar message;
  out.clear();
  if (reader_.read_exemplar(exemplar.labels, message) == Step::kError ||
      reader_.read_labels(message.labels, out) == Step::kError) {
    out.clear();
    fail_by_reader();
  }
}

void ProtobufParser::histogram_exemplars(std::vector<ExemplarText>& out) {
  out.clear();
  const wire::ProtoHistogram& h = reader_.metric().histogram;
  ExemplarText exemplar;
  const auto add = [&](std::string_view message) {
    if (!message.empty() && read_exemplar(message, exemplar) && exemplar.has_timestamp) out.push_back(exemplar);
  };
  for (const std::string_view message : h.exemplars) add(message);
  if (!h.exemplars.empty()) return;
  for (const auto& bucket : h.buckets) add(bucket.exemplar.bytes);
}

std::unique_ptr<model::FloatHistogram> ProtobufParser::histogram() {
  if (part_ == Part::kConverted) return std::move(converted_);
  const wire::ProtoHistogram& h = reader_.metric().histogram;
  auto out = std::make_unique<model::FloatHistogram>();
  out->integer = !h.is_float();
  out->schema = h.schema;
  out->sum = h.sample_sum;
  out->zero_threshold = h.zero_threshold;
  out->count = out->integer ? static_cast<double>(h.sample_count) : h.sample_count_float;
  out->zero_count = out->integer ? static_cast<double>(h.zero_count) : h.zero_count_float;
  out->positive_spans = h.positive_spans;
  out->negative_spans = h.negative_spans;
  out->positive_buckets = out->integer ? sum_deltas(h.positive_deltas) : h.positive_counts;
  out->negative_buckets = out->integer ? sum_deltas(h.negative_deltas) : h.negative_counts;
  if (type() == wire::ProtoType::kGaugeHistogram) out->reset_hint = model::CounterReset::kGauge;
  model::compact(*out, 0);
  return out;
}

}  // namespace tocsin::expo
