#include "api/self_metrics.hpp"

#include <cmath>
#include <span>
#include <vector>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "expo/text_parser.hpp"

namespace tocsin::api {
namespace {

using OwnLabels = std::vector<std::pair<std::string, std::string>>;

/// One metric of a family: of a histogram or summary, its lines together.
struct Metric {
  OwnLabels labels;  // without le and quantile
  double value = 0, sum = 0, count = 0;
  std::vector<std::pair<double, double>> parts;  // bound or quantile, value
};

struct Family {
  std::string name, help;
  model::MetricType type = model::MetricType::kUnknown;
  std::vector<Metric> metrics;

  Metric& metric(OwnLabels labels) {
    // Lines of one metric follow each other.
    if (metrics.empty() || metrics.back().labels != labels) metrics.push_back({std::move(labels), 0, 0, 0, {}});
    return metrics.back();
  }
};

/// protojson has no numbers for what JSON lacks.
void write_double(JsonWriter& json, double value) {
  if (std::isfinite(value)) {
    json.number(value);
  } else {
    json.text(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  }
}

/// 64-bit integers are texts in protojson.
void write_count(JsonWriter& json, double value) {
  json.text(format_float_f(value));
}

std::string_view type_name(model::MetricType type) {
  switch (type) {
    case model::MetricType::kCounter:
      return "COUNTER";
    case model::MetricType::kGauge:
      return "GAUGE";
    case model::MetricType::kSummary:
      return "SUMMARY";
    case model::MetricType::kHistogram:
      return "HISTOGRAM";
    default:
      return "UNTYPED";
  }
}

void write_parts(JsonWriter& json, const Metric& metric, bool histogram) {
  json.key(histogram ? "histogram" : "summary").begin_object().key("sampleCount");
  write_count(json, metric.count);
  write_double(json.key("sampleSum"), metric.sum);
  json.key(histogram ? "bucket" : "quantile").begin_array();
  for (const auto& [bound, value] : metric.parts) {
    json.begin_object();
    if (histogram) {
      write_count(json.key("cumulativeCount"), value);
      write_double(json.key("upperBound"), bound);
    } else {
      write_double(json.key("quantile"), bound);
      write_double(json.key("value"), value);
    }
    json.end_object();
  }
  json.end_array().end_object();
}

void write_metric(JsonWriter& json, const Metric& metric, model::MetricType type) {
  json.begin_object().key("label").begin_array();
  for (const auto& [name, value] : metric.labels) {
    json.begin_object().key("name").text(name).key("value").text(value).end_object();
  }
  json.end_array();
  const bool histogram = type == model::MetricType::kHistogram;
  if (histogram || type == model::MetricType::kSummary) {
    write_parts(json, metric, histogram);
  } else {
    json.key(to_lower(type_name(type))).begin_object();
    write_double(json.key("value"), metric.value);
    json.end_object();
  }
  json.end_object();
}

void write_family(JsonWriter& json, const Family& family) {
  json.begin_object().key("name").text(family.name).key("help").text(family.help);
  json.key("type").text(type_name(family.type)).key("metric").begin_array();
  for (const Metric& metric : family.metrics) write_metric(json, metric, family.type);
  json.end_array().end_object();
}

void take_line(Family& family, std::span<const model::LabelView> labels, double value) {
  OwnLabels own;
  std::string_view name;
  double bound = 0;
  bool has_bound = false;
  for (const model::LabelView& label : labels) {
    if (label.name == model::kMetricName) {
      name = label.value;
    } else if (label.name == "le" || label.name == "quantile") {
      has_bound = parse_float(label.value, bound);
    } else {
      own.emplace_back(label.name, label.value);
    }
  }
  Metric& metric = family.metric(std::move(own));
  const std::string_view suffix = name.substr(std::min(family.name.size(), name.size()));
  if (has_bound) {
    metric.parts.emplace_back(bound, value);
  } else if (suffix == "_sum") {
    metric.sum = value;
  } else if (suffix == "_count") {
    metric.count = value;
  } else {
    metric.value = value;
  }
}

}  // namespace

Result<std::optional<model::AnchoredRegex>> compile_metric_pattern(const std::string& pattern) {
  if (pattern.empty()) return std::nullopt;
  auto regex = model::AnchoredRegex::make(pattern);
  if (!regex) return fail(std::move(regex.error()).wrap("invalid metric_name_pattern"));
  return std::move(*regex);
}

void write_metric_families(JsonWriter& json, std::string_view page,
                           const std::optional<model::AnchoredRegex>& pattern) {
  json.begin_array();
  Family family;
  const auto flush = [&] {
    const bool wanted = !family.metrics.empty() && (!pattern || pattern->matches(family.name));
    if (wanted) write_family(json, family);
    family = Family();
  };
  expo::TextParser parser(page);
  expo::Row row;
  std::vector<model::LabelView> labels;
  for (;;) {
    switch (parser.next(row)) {
      case expo::RowKind::kHelp:
        flush();
        family.name = row.name;
        family.help = expo::unescape_help(row.text);
        break;
      case expo::RowKind::kType:
        if (family.name != row.name) flush();
        family.name = row.name;
        family.type = row.type;
        break;
      case expo::RowKind::kSeries:
        if (parser.labels(row, labels) == expo::ParseErrc::kNone) take_line(family, labels, row.value);
        break;
      case expo::RowKind::kUnit:
      case expo::RowKind::kHistogram:  // of protobuf alone
      case expo::RowKind::kComment:
        break;
      case expo::RowKind::kEnd:
      case expo::RowKind::kError:
        flush();
        json.end_array();
        return;
    }
  }
}

}  // namespace tocsin::api
