#include "api/federate_page.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "expo/escape.hpp"

namespace tocsin::api {
namespace {

constexpr std::string_view kProtobufType = "application/vnd.google.protobuf";
constexpr std::string_view kProtobufMessage = "io.prometheus.client.MetricFamily";

struct AcceptClause {
  std::string_view type, version, escaping, proto, encoding;
};

/// By quality, best first; those of one quality as they stand.
using AcceptClauses = std::multimap<double, AcceptClause, std::greater<>>;

AcceptClauses parse_accept(std::string_view accept) {
  AcceptClauses clauses;
  for (const std::string_view text : split(accept, ',')) {
    AcceptClause clause;
    double quality = 1;
    for (const std::string_view part : split(text, ';')) {
      const std::size_t equal = part.find('=');
      const std::string_view key = trim(part.substr(0, equal));
      if (equal == std::string_view::npos) {
        clause.type = key;
        continue;
      }
      const std::string_view value = trim(part.substr(equal + 1));
      if (key == "version") clause.version = value;
      if (key == "escaping") clause.escaping = value;
      if (key == "proto") clause.proto = value;
      if (key == "encoding") clause.encoding = value;
      if (key == "q" && !(parse_float(value, quality) && quality >= 0)) quality = 0;
    }
    clauses.emplace(quality, clause);
  }
  return clauses;
}

std::string_view scheme_text(expo::EscapingScheme scheme) {
  static constexpr std::string_view kTexts[] = {"allow-utf-8", "underscores", "dots", "values"};
  return kTexts[static_cast<std::size_t>(scheme)];
}

bool is_custom(const model::FloatHistogram& histogram) {
  return histogram.schema == model::kCustomBucketsSchema;
}

/// Of a histogram with custom buckets: all bounds but +Inf.
std::vector<wire::CumulativeBucket> cumulative(const model::FloatHistogram& histogram) {
  std::vector<wire::CumulativeBucket> out;
  for (const double bound : histogram.custom_values) out.push_back({bound, 0});
  std::int64_t index = 0;
  std::size_t bucket = 0;
  for (const model::HistogramSpan& span : histogram.positive_spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index, ++bucket) {
      const bool is_there = index >= 0 && index < std::ssize(out) && bucket < histogram.positive_buckets.size();
      if (is_there) out[static_cast<std::size_t>(index)].count += histogram.positive_buckets[bucket];
    }
  }
  for (std::size_t i = 1; i < out.size(); ++i) out[i].count += out[i - 1].count;
  return out;
}

wire::ProtoType type_of(const FederateSample& sample) {
  if (!sample.histogram) return wire::ProtoType::kUntyped;
  return sample.histogram->reset_hint == model::CounterReset::kGauge ? wire::ProtoType::kGaugeHistogram
                                                                     : wire::ProtoType::kHistogram;
}

}  // namespace

FederateStyle federate_style(std::string_view accept) {
  FederateStyle style;
  for (const auto& [quality, clause] : parse_accept(accept)) {
    // The scheme that is named last, down to the clause that decides.
    style.escaping = expo::escaping_scheme(clause.escaping).value_or(style.escaping);
    style.protobuf = clause.type == kProtobufType && clause.proto == kProtobufMessage && clause.encoding == "delimited";
    if (style.protobuf) break;
    if (clause.type == "text/plain" && (clause.version.empty() || clause.version == "0.0.4")) break;
  }
  return style;
}

std::string content_type(const FederateStyle& style) {
  const std::string_view escaping = scheme_text(style.escaping);
  if (style.protobuf) {
    return fmt::format("{}; proto={}; encoding=delimited; escaping={}", kProtobufType, kProtobufMessage, escaping);
  }
  return fmt::format("text/plain; version=0.0.4; charset=utf-8; escaping={}", escaping);
}

FederatePage::FederatePage(const FederateStyle& style, const model::Labels& external) : style_(style) {
  for (const model::LabelView label : external) external_.emplace_back(label.name, label.value);
  // So that the reader's own does not take its place.
  const auto place = std::ranges::lower_bound(external_, "instance", {}, &wire::TextPair::first);
  if (place == external_.end() || place->first != "instance") external_.emplace(place, "instance", "");
}

void FederatePage::add(const model::Labels& labels, const FederateSample& sample) {
  if (sample.histogram && !style_.protobuf && !is_custom(*sample.histogram)) return;
  begin_family(labels.metric_name(), sample);
  set_labels(labels);
  style_.protobuf ? add_protobuf(sample) : add_text(sample);
}

void FederatePage::begin_family(std::string_view name, const FederateSample& sample) {
  const wire::ProtoType type = type_of(sample);
  if (name == family_ && type == type_) return;
  family_ = name;
  type_ = type;
  name_ = style_.escaping == expo::EscapingScheme::kAllowUtf8 ? family_ : expo::escape_name(name, style_.escaping);
  if (style_.protobuf) {
    protobuf_.begin(name_, type);
    return;
  }
  text_ += "# TYPE ";
  append_name(name_, true);
  text_ += sample.histogram ? " histogram\n" : " untyped\n";  // this text has no histograms of gauges
}

void FederatePage::set_labels(const model::Labels& labels) {
  labels_.clear();
  const auto put = [this](std::string_view name, std::string_view value) {
    const bool as_it_is = style_.escaping == expo::EscapingScheme::kAllowUtf8;
    labels_.emplace_back(as_it_is ? std::string(name) : expo::escape_name(name, style_.escaping), value);
  };
  for (const model::LabelView label : labels) {
    if (label.name != model::kMetricName && !label.value.empty()) put(label.name, label.value);
  }
  for (const auto& [name, value] : external_) {
    if (labels.get(name).empty()) put(name, value);
  }
}

void FederatePage::add_protobuf(const FederateSample& sample) {
  if (!sample.histogram) {
    protobuf_.add_untyped(labels_, sample.t, sample.value);
  } else if (is_custom(*sample.histogram)) {
    protobuf_.add_classic(labels_, sample.t, *sample.histogram, cumulative(*sample.histogram));
  } else {
    protobuf_.add_native(labels_, sample.t, *sample.histogram);
  }
}

void FederatePage::add_text(const FederateSample& sample) {
  if (!sample.histogram) return write_sample("", nullptr, sample.value, sample.t);
  std::vector<wire::CumulativeBucket> buckets = cumulative(*sample.histogram);
  buckets.push_back({std::numeric_limits<double>::infinity(), sample.histogram->count});
  for (const wire::CumulativeBucket& bucket : buckets) {
    write_sample("_bucket", &bucket.bound, bucket.count, sample.t);
  }
  write_sample("_sum", nullptr, sample.histogram->sum, sample.t);
  write_sample("_count", nullptr, sample.histogram->count, sample.t);
}

void FederatePage::write_sample(std::string_view suffix, const double* le, double value, Timestamp t) {
  const std::string name = name_ + std::string(suffix);
  const bool quoted = !model::is_legacy_metric_name(name);
  bool first = !quoted;
  if (quoted) text_ += '{';
  append_name(name, true);
  for (const auto& [label, text] : labels_) append_label(label, text, first);
  if (le != nullptr) {
    std::string bound;
    append_float_expo(bound, *le);
    append_label("le", bound, first);
  }
  text_ += first ? " " : "} ";
  append_float_expo(text_, value);
  fmt::format_to(std::back_inserter(text_), " {}\n", t);
}

void FederatePage::append_name(std::string_view name, bool is_metric) {
  if (is_metric ? model::is_legacy_metric_name(name) : model::is_legacy_label_name(name)) {
    text_ += name;
    return;
  }
  text_ += '"';
  expo::append_escaped(text_, name, true);
  text_ += '"';
}

void FederatePage::append_label(std::string_view name, std::string_view value, bool& first) {
  text_ += std::exchange(first, false) ? '{' : ',';
  append_name(name, false);
  text_ += "=\"";
  expo::append_escaped(text_, value, true);
  text_ += '"';
}

std::string FederatePage::take() {
  return style_.protobuf ? protobuf_.take() : std::move(text_);
}

}  // namespace tocsin::api
