#include "promqltest/histograms.hpp"

#include <cmath>
#include <limits>
#include <memory>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::promqltest {
namespace {

using model::FloatHistogram;

constexpr double kMaxIndex = 1U << 24U;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    if (at == text.size()) break;
    std::size_t end = at;
    bool list = false;
    while (end < text.size() && (list || (text[end] != ' ' && text[end] != '\t'))) {
      if (text[end] == '[') list = true;
      if (text[end] == ']') list = false;
      ++end;
    }
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

Result<double> number(std::string_view text) {
  double value = 0;
  if (!parse_float(text, value)) return fail(Errc::kInvalid, "{} is not a number in a histogram", go_quote(text));
  return value;
}

Result<std::vector<double>> numbers(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') {
    return fail(Errc::kInvalid, "{} is not a list of numbers", go_quote(text));
  }
  std::vector<double> out;
  for (const std::string_view word : words_of(text.substr(1, text.size() - 2))) {
    TOCSIN_TRY(const double value, number(word));
    out.push_back(value);
  }
  return out;
}

Result<model::CounterReset> reset_hint(std::string_view text) {
  if (text == "unknown") return model::CounterReset::kUnknown;
  if (text == "reset") return model::CounterReset::kReset;
  if (text == "not_reset") return model::CounterReset::kNotReset;
  if (text == "gauge") return model::CounterReset::kGauge;
  return fail(Errc::kInvalid, "{} is not a counter reset hint", go_quote(text));
}

/// Schema and offsets: as far from 0 as the arithmetic of indexes bears.
Result<std::int32_t> small_integer(std::string_view text) {
  TOCSIN_TRY(const double value, number(text));
  if (!(std::abs(value) <= kMaxIndex) || value != std::trunc(value)) {
    return fail(Errc::kInvalid, "{} is not an integer of a histogram", go_quote(text));
  }
  return static_cast<std::int32_t>(value);
}

bool is_schema(std::int32_t schema) {
  return (schema >= -4 && schema <= 8) || schema == model::kCustomBucketsSchema;
}

void set_buckets(const std::map<std::int32_t, double>& buckets, std::vector<model::HistogramSpan>& spans,
                 std::vector<double>& counts) {
  spans.clear();
  counts.clear();
  std::int32_t next = 0;
  for (const auto& [index, count] : buckets) {
    if (spans.empty() || index != next) {
      spans.push_back({index - next, 1});
    } else {
      ++spans.back().length;
    }
    counts.push_back(count);
    next = index + 1;
  }
}

/// The bucket that covers bucket `index` when the resolution is halved `steps` times.
std::int32_t coarser(std::int32_t index, std::int32_t steps) {
  return ((index - 1) >> steps) + 1;
}

std::map<std::int32_t, double> sum(const std::map<std::int32_t, double>& a, const std::map<std::int32_t, double>& b,
                                   std::int32_t steps, double factor) {
  std::map<std::int32_t, double> out = a;
  for (const auto& [index, count] : b) out[coarser(index, steps)] += factor * count;
  return out;
}

bool any_decrease(const std::map<std::int32_t, double>& before, const std::map<std::int32_t, double>& now) {
  for (const auto& [index, count] : before) {
    const auto found = now.find(index);
    if (found == now.end() || found->second < count) return true;
  }
  return false;
}

}  // namespace

Result<HistogramText> parse_histogram(std::string_view inside) {
  HistogramText out;
  FloatHistogram& histogram = out.histogram;
  std::int32_t offset = 0;
  std::int32_t negative_offset = 0;
  for (const std::string_view word : words_of(inside)) {
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) return fail(Errc::kInvalid, "{} has no value", go_quote(word));
    const std::string_view key = word.substr(0, colon);
    const std::string_view text = word.substr(colon + 1);
    if (key == "counter_reset_hint") {
      TOCSIN_TRY(histogram.reset_hint, reset_hint(text));
      out.hint_given = true;
    } else if (key == "buckets" || key == "n_buckets" || key == "custom_values") {
      TOCSIN_TRY(std::vector<double> values, numbers(text));
      (key == "buckets"     ? histogram.positive_buckets
       : key == "n_buckets" ? histogram.negative_buckets
                            : histogram.custom_values) = std::move(values);
    } else if (key == "schema") {
      TOCSIN_TRY(histogram.schema, small_integer(text));
      if (!is_schema(histogram.schema)) return fail(Errc::kInvalid, "there is no schema {}", text);
    } else if (key == "offset" || key == "n_offset") {
      TOCSIN_TRY((key == "offset" ? offset : negative_offset), small_integer(text));
    } else {
      TOCSIN_TRY(const double value, number(text));
      if (key == "count" || key == "sum" || key == "z_bucket" || key == "z_bucket_w") {
        (key == "count"      ? histogram.count
         : key == "sum"      ? histogram.sum
         : key == "z_bucket" ? histogram.zero_count
                             : histogram.zero_threshold) = value;
      } else {
        return fail(Errc::kInvalid, "a histogram has no {}", go_quote(key));
      }
    }
  }
  if (!histogram.positive_buckets.empty()) {
    histogram.positive_spans = {{offset, static_cast<std::uint32_t>(histogram.positive_buckets.size())}};
  }
  if (!histogram.negative_buckets.empty()) {
    histogram.negative_spans = {{negative_offset, static_cast<std::uint32_t>(histogram.negative_buckets.size())}};
  }
  return out;
}

std::map<std::int32_t, double> sparse_buckets(const std::vector<model::HistogramSpan>& spans,
                                              const std::vector<double>& buckets) {
  std::map<std::int32_t, double> out;
  std::int32_t index = 0;
  std::size_t at = 0;
  for (const model::HistogramSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && at < buckets.size(); ++i, ++index, ++at) {
      if (buckets[at] != 0) out[index] = buckets[at];
    }
  }
  return out;
}

FloatHistogram add_histograms(const FloatHistogram& a, const FloatHistogram& b, double factor) {
  FloatHistogram out = a;
  const std::int32_t steps = a.schema == model::kCustomBucketsSchema ? 0 : b.schema - a.schema;
  out.count += factor * b.count;
  out.sum += factor * b.sum;
  out.zero_count += factor * b.zero_count;
  out.zero_threshold = std::max(a.zero_threshold, b.zero_threshold);
  set_buckets(sum(sparse_buckets(a.positive_spans, a.positive_buckets),
                  sparse_buckets(b.positive_spans, b.positive_buckets), steps, factor),
              out.positive_spans, out.positive_buckets);
  set_buckets(sum(sparse_buckets(a.negative_spans, a.negative_buckets),
                  sparse_buckets(b.negative_spans, b.negative_buckets), steps, factor),
              out.negative_spans, out.negative_buckets);
  if (b.reset_hint == model::CounterReset::kGauge) out.reset_hint = model::CounterReset::kGauge;
  return out;
}

bool is_histogram_reset(const FloatHistogram& before, const FloatHistogram& now) {
  if (now.count < before.count || now.zero_count < before.zero_count) return true;
  if (now.schema != before.schema || now.zero_threshold != before.zero_threshold ||
      now.custom_values != before.custom_values) {
    return true;
  }
  return any_decrease(sparse_buckets(before.positive_spans, before.positive_buckets),
                      sparse_buckets(now.positive_spans, now.positive_buckets)) ||
         any_decrease(sparse_buckets(before.negative_spans, before.negative_buckets),
                      sparse_buckets(now.negative_spans, now.negative_buckets));
}

namespace {

struct ClassicHistogram {
  std::map<double, double> cumulative;  // by upper bound
  bool has_count = false;
  double count = 0, sum = 0;
};

Result<FloatHistogram> convert(const ClassicHistogram& classic) {
  FloatHistogram out;
  out.schema = model::kCustomBucketsSchema;
  constexpr double kInf = std::numeric_limits<double>::infinity();
  std::map<double, double> cumulative = classic.cumulative;
  const double highest = cumulative.empty() ? 0 : cumulative.rbegin()->second;
  out.count = classic.has_count ? classic.count : highest;
  out.sum = classic.sum;
  cumulative.try_emplace(kInf, out.count);
  double before = 0;
  std::vector<double> counts;
  for (const auto& [upper, count] : cumulative) {
    if (count < before) return fail(Errc::kInvalid, "the counts of a classic histogram decrease");
    if (upper != kInf) out.custom_values.push_back(upper);
    counts.push_back(count - before);
    before = count;
  }
  if (before != out.count) return fail(Errc::kInvalid, "the count of a classic histogram is not its +Inf bucket");
  out.positive_spans = {{0, static_cast<std::uint32_t>(counts.size())}};
  out.positive_buckets = std::move(counts);
  return out;
}

}  // namespace

Result<HistogramTable> convert_classic_histograms(const SampleTable& samples) {
  std::map<model::Labels, std::map<Timestamp, ClassicHistogram>> groups;
  for (const auto& [labels, points] : samples) {
    const std::string_view name = labels.metric_name();
    for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
      if (!name.ends_with(suffix)) continue;
      double upper = 0;
      const std::string_view le = labels.get("le");
      if (suffix == "_bucket" && (le.empty() || !parse_float(le, upper) || std::isnan(upper))) continue;
      const std::string base(name.substr(0, name.size() - suffix.size()));
      auto& group = groups[model::LabelsBuilder(labels).remove("le").set(model::kMetricName, base).build()];
      for (const auto& [t, value] : points) {
        ClassicHistogram& classic = group[t];
        if (suffix == "_bucket") classic.cumulative[upper] = value;
        if (suffix == "_sum") classic.sum = value;
        if (suffix == "_count") {
          classic.count = value;
          classic.has_count = true;
        }
      }
    }
  }
  HistogramTable out;
  for (const auto& [labels, points] : groups) {
    for (const auto& [t, classic] : points) {
      TOCSIN_TRY(FloatHistogram histogram, convert(classic));
      out[labels][t] = std::make_shared<const FloatHistogram>(std::move(histogram));
    }
  }
  return out;
}

}  // namespace tocsin::promqltest
