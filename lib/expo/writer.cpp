#include "expo/writer.hpp"

#include <algorithm>

#include "expo/escape.hpp"
#include "expo/lines.hpp"

namespace tocsin::expo {
namespace {

std::string_view type_text(model::MetricType type) {
  switch (type) {
    case model::MetricType::kCounter:
      return "counter";
    case model::MetricType::kGauge:
    case model::MetricType::kInfo:
    case model::MetricType::kStateset:
      return "gauge";
    case model::MetricType::kHistogram:
    case model::MetricType::kGaugeHistogram:
      return "histogram";
    case model::MetricType::kSummary:
      return "summary";
    case model::MetricType::kUnknown:
      break;
  }
  return "untyped";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, true);
  out += '"';
}

void append_label(std::string& out, const model::LabelView& label) {
  if (model::is_legacy_label_name(label.name)) {
    out += label.name;
  } else {
    append_quoted(out, label.name);
  }
  out += '=';
  append_quoted(out, label.value);
}

}  // namespace

void append_family_header(std::string& out, std::string_view name, std::string_view help, model::MetricType type) {
  const auto append_name = [&] {
    if (model::is_legacy_metric_name(name)) {
      out += name;
    } else {
      append_quoted(out, name);
    }
  };
  if (!help.empty()) {
    out += "# HELP ";
    append_name();
    out += ' ';
    append_escaped(out, help, false);
    out += '\n';
  }
  out += "# TYPE ";
  append_name();
  out += ' ';
  out += type_text(type);
  out += '\n';
}

void append_head(std::string& out, std::string_view name, std::string_view suffix,
                 std::span<const model::LabelView> labels, model::LabelView extra) {
  std::vector<model::LabelView> sorted;
  if (!std::is_sorted(labels.begin(), labels.end(), label_name_less)) {
    sorted.assign(labels.begin(), labels.end());
    std::sort(sorted.begin(), sorted.end(), label_name_less);
    labels = sorted;
  }
  bool open = false;
  const auto separate = [&] {
    out += open ? ',' : '{';
    open = true;
  };
  if (model::is_legacy_metric_name(name)) {
    out += name;
    out += suffix;
  } else {
    separate();
    out += '"';
    append_escaped(out, name, true);
    append_escaped(out, suffix, true);
    out += '"';
  }
  for (const auto& label : labels) {
    separate();
    append_label(out, label);
  }
  if (!extra.name.empty()) {
    separate();
    append_label(out, extra);
  }
  out += open ? "} " : " ";
}

void TextWriter::family(std::string_view name, std::string_view help, model::MetricType type) {
  name_ = name;
  append_family_header(out_, name, help, type);
}

void TextWriter::sample(std::string_view suffix, std::span<const model::LabelView> labels, double value,
                        std::optional<Timestamp> timestamp, model::LabelView extra) {
  append_head(out_, name_, suffix, labels, extra);
  append_number_line(out_, value, timestamp);
}

void TextWriter::histogram(std::span<const model::LabelView> labels, std::span<const Bucket> buckets, double sum,
                           double count, std::optional<Timestamp> timestamp) {
  for (const Bucket& bucket : buckets) {
    sample("_bucket", labels, bucket.cumulative_count, timestamp, {kLe, number_text(bucket.upper_bound)});
  }
  if (!ends_with_infinity(buckets)) sample("_bucket", labels, count, timestamp, {kLe, "+Inf"});
  sample("_sum", labels, sum, timestamp);
  sample("_count", labels, count, timestamp);
}

void TextWriter::summary(std::span<const model::LabelView> labels, std::span<const Quantile> quantiles, double sum,
                         double count, std::optional<Timestamp> timestamp) {
  for (const Quantile& quantile : quantiles) {
    sample({}, labels, quantile.value, timestamp, {kQuantile, number_text(quantile.quantile)});
  }
  sample("_sum", labels, sum, timestamp);
  sample("_count", labels, count, timestamp);
}

}  // namespace tocsin::expo
