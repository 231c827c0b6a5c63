// The calls of functions of the naive twin.

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/float_text.hpp"
#include "model/matcher.hpp"
#include "promql/parser/functions.hpp"
#include "support/promql_twin_parts.hpp"

namespace tocsin::test {
namespace {

using namespace promql::parser;
using namespace twin;
using model::Labels;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

double to_seconds_of(Timestamp t) {
  return static_cast<double>(t) / 1000;
}

Labels absent_labels(const Expr& argument) {
  const Expr& expr = strip(argument);
  const VectorSelector* selector = nullptr;
  if (expr.kind == NodeKind::kVectorSelector) selector = static_cast<const VectorSelector*>(&expr);
  if (expr.kind == NodeKind::kMatrixSelector) selector = static_cast<const MatrixSelector&>(expr).vector.get();
  model::LabelsBuilder labels;
  if (selector == nullptr) return {};
  std::set<std::string> equal;
  for (const model::Matcher& matcher : selector->matchers) {
    if (matcher.name() == model::kMetricName) continue;
    labels.remove(matcher.name());
    if (matcher.op() == model::MatchOp::kEqual && equal.insert(matcher.name()).second) {
      labels.set(matcher.name(), matcher.value());
    }
  }
  return labels.build();
}

/// Prometheus goes by the name.
void check_counter(std::string_view function, const TwinVoice& voice) {
  const std::string& metric = voice.metric();
  if ((function != "rate" && function != "increase") || metric.empty()) return;
  for (const char* const end : {"_total", "_sum", "_count", "_bucket"}) {
    if (metric.ends_with(end)) return;
  }
  voice.info(
      fmt::format("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"{}\"", metric));
}

/// As histogram_quantiles writes it into a label.
std::string quantile_text(double q) {
  std::string text = format_float_g(q);
  if (std::isfinite(q) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

TwinVector PromqlTwin::extended_call(const Call& call, const MatrixSelector& matrix, Timestamp t) const {
  const VectorSelector& selector = *matrix.vector;
  const Timestamp end = reference(selector.offset, selector.at, t);
  const Timestamp start = end - milliseconds(matrix.range);
  TwinVector out;
  for (const auto* series : select(selector)) {
    TwinWindow samples;
    for (const auto& [time, point] : series->second) {
      const Timestamp newest = selector.smoothed ? end + query_.lookback_ms : end;
      if (time > start - query_.lookback_ms && time <= newest && !is_end(point)) samples.emplace_back(time, point);
    }
    if (counts_only()) samples = without_buckets(samples);
    for (auto& sample : samples) sample.second.start = query_.start_timestamps ? sample.second.start : 0;
    const TwinVoice voice = this->voice(call, strip(*call.args[0]), series->first);
    const auto value = twin_extended_function(call.function->name, selector.smoothed, samples, start, end, voice);
    if (value) put(out, nameless(series->first), *value);
    if (value && value->h == nullptr) check_counter(call.function->name, voice);
  }
  return out;
}

TwinVector PromqlTwin::range_call(const Call& call, std::size_t argument, Timestamp t) const {
  const std::string_view name = call.function->name;
  std::vector<double> arguments;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (i != argument) arguments.push_back(scalar(*call.args[i], t));
  }
  const Expr& input = strip(*call.args[argument]);
  if (input.kind == NodeKind::kMatrixSelector) {
    const auto& matrix = static_cast<const MatrixSelector&>(input);
    if (matrix.vector->anchored || matrix.vector->smoothed) return extended_call(call, matrix, t);
  }
  const Windows range = windows(input, t);
  if (name == "absent_over_time") {
    TwinVector out;
    if (range.series.empty()) out[absent_labels(*call.args[argument])] = 1;
    return out;
  }
  const bool keeps_name = name == "last_over_time" || name == "first_over_time";
  TwinVector out;
  for (const auto& [labels, window] : range.series) {
    const TwinVoice voice = this->voice(call, strip(*call.args[0]), labels);
    const auto value = twin_range_function(name, window, range.start, range.end, t, arguments, voice);
    if (value && value->h == nullptr) check_counter(name, voice);
    if (value) put(out, keeps_name ? labels : nameless(labels), *value);
  }
  return out;
}

TwinVector PromqlTwin::label_call(const Call& call, Timestamp t) const {
  const std::string target = text_of(*call.args[1]);
  TwinVector out;
  for (const auto& [labels, value] : vector(*call.args[0], t)) {
    std::string text;
    if (call.function->name == "label_join") {
      for (std::size_t i = 3; i < call.args.size(); ++i) {
        if (i > 3) text += text_of(*call.args[2]);
        text += labels.get(text_of(*call.args[i]));
      }
    } else {
      const auto regex = model::AnchoredRegex::make(text_of(*call.args[4]));
      if (!regex) throw TwinError("invalid regular expression");
      if (!regex->expand(labels.get(text_of(*call.args[3])), text_of(*call.args[2]), text)) {
        put(out, labels, value);
        continue;
      }
    }
    put(out, model::LabelsBuilder(labels).set(target, text).build(), value);
  }
  return out;
}

TwinVector PromqlTwin::bucket_call(const Call& call, Timestamp t) const {
  const std::string_view name = call.function->name;
  const std::size_t operand = name == "histogram_quantiles" ? 0 : name == "histogram_quantile" ? 1 : 2;
  std::vector<double> arguments;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (call.args[i]->type() != ValueType::kScalar) continue;
    arguments.push_back(scalar(*call.args[i], t));
    const bool valid = arguments.back() >= 0 && arguments.back() <= 1;
    if (operand != 2 && !valid) voice(call, strip(*call.args[i])).invalid_quantile(arguments.back());
  }
  const TwinVoice voice = this->voice(call, strip(*call.args[operand]));
  const While whole(needs_buckets_);
  std::map<Labels, std::map<double, double>> classic;
  std::map<Labels, TwinHistogram> native;
  for (const auto& [labels, value] : vector(*call.args[operand], t)) {
    double upper = 0;
    if (value.h != nullptr) {
      native[labels] = *value.h;
    } else if (labels.get("le").empty() || !parse_float(labels.get("le"), upper)) {
      voice.warn(fmt::format("bucket label \"le\" is missing or has a malformed value of \"{}\"", labels.get("le")));
    } else {
      classic[labels.without({"le"})][upper] += value.v;
    }
  }
  for (auto it = native.begin(); it != native.end();) {
    const bool conflict = classic.erase(it->first) != 0;
    if (conflict) voice.warn("vector contains a mix of classic and native histograms");
    it = conflict ? native.erase(it) : std::next(it);
  }
  TwinVector out;
  const auto answer = [&](const Labels& labels, double q, double value) {
    model::LabelsBuilder builder(nameless(labels));
    if (operand == 0) builder.set(text_of(*call.args[1]), quantile_text(q));
    put(out, builder.build(), value);
  };
  if (operand == 2) {
    for (const auto& [labels, h] : native) {
      answer(labels, 0, twin_histogram_fraction(arguments[0], arguments[1], h));
    }
    for (const auto& [labels, buckets] : classic) {
      answer(labels, 0, twin_bucket_fraction(arguments[0], arguments[1], buckets));
    }
    return out;
  }
  for (const double q : arguments) {
    for (const auto& [labels, h] : native) answer(labels, q, twin_histogram_quantile(q, h));
    for (const auto& [labels, buckets] : classic) answer(labels, q, twin_bucket_quantile(q, buckets, voice));
  }
  return out;
}

TwinVector PromqlTwin::histogram_call(const Call& call, Timestamp t) const {
  const std::string_view name = call.function->name;
  TwinVector out;
  const While counting(in_count_, name == "histogram_count" || name == "histogram_sum" || name == "histogram_avg");
  for (const auto& [labels, value] : vector(*call.args[0], t)) {
    if (value.h == nullptr) continue;
    const TwinHistogram& h = *value.h;
    double result = 0;
    if (name == "histogram_count") {
      result = h.count;
    } else if (name == "histogram_sum") {
      result = h.sum;
    } else if (name == "histogram_avg") {
      result = h.sum / h.count;
    } else if (name == "histogram_stdvar" || name == "histogram_stddev") {
      result = twin_histogram_variance(h);
      if (name == "histogram_stddev") result = std::sqrt(result);
    } else {
      throw TwinError("the twin does not know " + std::string(name));
    }
    put(out, nameless(labels), result);
  }
  return out;
}

TwinValue PromqlTwin::call(const Call& call, Timestamp t) const {
  const std::string_view name = call.function->name;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (call.args[i]->type() == ValueType::kMatrix) return range_call(call, i, t);
  }
  if (name == "time") return to_seconds_of(t);
  if (name == "pi") return std::acos(-1.0);
  if (name == "vector") return TwinVector{{Labels(), scalar(*call.args[0], t)}};
  if (name == "label_replace" || name == "label_join") return label_call(call, t);
  if (name == "info") return info(call, t);
  if (name == "max_of" || name == "min_of") {
    const double a = scalar(*call.args[0], t), b = scalar(*call.args[1], t);
    return name == "max_of" ? std::max(a, b) : std::min(a, b);
  }
  if (name.starts_with("histogram_quantile") || name == "histogram_fraction") return bucket_call(call, t);
  if (name.starts_with("histogram_")) return histogram_call(call, t);
  if (call.args.empty()) return TwinVector{{Labels(), twin_date_function(name, std::floor(to_seconds_of(t)))}};
  const bool of_times = name == "timestamp" || name == "start_timestamp";
  if (of_times && strip(*call.args[0]).kind == NodeKind::kVectorSelector) {
    if (name == "start_timestamp" && !query_.start_timestamps) return TwinVector();
    const auto& selector = static_cast<const VectorSelector&>(strip(*call.args[0]));
    TwinVector out;
    for (const auto* series : select(selector)) {
      const auto sample = newest(series->second, reference(selector.offset, selector.at, t));
      if (!sample) continue;
      put(out, nameless(series->first), to_seconds_of(name == "timestamp" ? sample->first : sample->second.start));
    }
    return out;
  }
  const TwinVector input = vector(*call.args[0], t);
  if (name == "scalar") {
    std::vector<double> floats;
    for (const auto& element : input) {
      if (element.second.h == nullptr) floats.push_back(element.second.v);
    }
    return floats.size() == 1 ? floats[0] : kNan;
  }
  if (name == "absent") return input.empty() ? TwinVector{{absent_labels(*call.args[0]), 1}} : TwinVector();
  if (name.starts_with("sort") && query_.start != query_.end) {
    voice(call, call).warn("sort is ineffective for range queries since results are always ordered by labels");
  }
  if (name.starts_with("sort_by_label")) return input;
  std::vector<double> arguments;
  for (std::size_t i = 1; i < call.args.size(); ++i) arguments.push_back(scalar(*call.args[i], t));
  TwinVector out;
  if (name == "start_timestamp") return out;  // of a value nobody knows
  for (const auto& [labels, point] : input) {
    if (name == "timestamp") {
      put(out, nameless(labels), to_seconds_of(t));
      continue;
    }
    if (point.h != nullptr) continue;  // the rest is for floats
    const double v = point.v;
    if (name == "sort" || name == "sort_desc") {
      put(out, labels, v);
      continue;
    }
    double value = v;
    if (name == "round") {
      const double inverse = 1 / (arguments.empty() ? 1 : arguments[0]);
      value = std::floor(v * inverse + 0.5) / inverse;
    } else if (name.starts_with("clamp")) {
      const double low = name == "clamp_max" ? -kInf : arguments[0];
      const double high = name == "clamp_min" ? kInf : arguments.back();
      if (high < low) continue;
      // In Go the infinity in question wins over NaN, and NaN over the rest.
      double lower = std::min(high, v);
      if (std::isnan(v) || std::isnan(high)) lower = v == -kInf || high == -kInf ? -kInf : kNan;
      value = std::max(low, lower);
      if (std::isnan(low) || std::isnan(lower)) value = low == kInf || lower == kInf ? kInf : kNan;
    } else if (twin_is_date_function(name)) {
      value = twin_date_function(name, v);
    } else {
      value = twin_math_function(name, v);
    }
    put(out, nameless(labels), value);
  }
  return out;
}

}  // namespace tocsin::test
