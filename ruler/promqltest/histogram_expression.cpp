#include "promqltest/histogram_expression.hpp"

#include <limits>
#include <vector>

#include <fmt/ranges.h>

#include "base/float_text.hpp"
#include "model/histogram_compact.hpp"

namespace tocsin::promqltest {
namespace {

using Parts = std::vector<std::string>;

std::string list(const std::vector<double>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const double value : values) texts.push_back(format_float_g(value));
  return fmt::format("[{}]", fmt::join(texts, " "));
}

void add_number(Parts& parts, std::string_view key, double value) {
  if (value != 0) parts.push_back(fmt::format("{}:{}", key, format_float_g(value)));
}

/// "" for unknown.
std::string_view hint_text(model::CounterReset hint) {
  switch (hint) {
    case model::CounterReset::kReset:
      return "reset";
    case model::CounterReset::kNotReset:
      return "not_reset";
    case model::CounterReset::kGauge:
      return "gauge";
    case model::CounterReset::kUnknown:
      break;
  }
  return {};
}

void add_buckets(Parts& parts, std::string_view prefix, const std::vector<model::HistogramSpan>& spans,
                 const std::vector<double>& buckets) {
  if (buckets.empty()) return;
  if (spans.front().offset != 0) parts.push_back(fmt::format("{}offset:{}", prefix, spans.front().offset));
  parts.push_back(fmt::format("{}buckets:{}", prefix, list(buckets)));
}

}  // namespace

std::string histogram_expression(const model::FloatHistogram& histogram) {
  model::FloatHistogram one_span = histogram;
  model::compact(one_span, std::numeric_limits<std::uint32_t>::max());
  Parts parts;
  if (one_span.schema != 0) parts.push_back(fmt::format("schema:{}", one_span.schema));
  add_number(parts, "count", one_span.count);
  add_number(parts, "sum", one_span.sum);
  add_number(parts, "z_bucket", one_span.zero_count);
  add_number(parts, "z_bucket_w", one_span.zero_threshold);
  if (one_span.schema == model::kCustomBucketsSchema) {
    parts.push_back("custom_values:" + list(one_span.custom_values));
  }
  const std::string_view hint = hint_text(one_span.reset_hint);
  if (!hint.empty()) parts.push_back(fmt::format("counter_reset_hint:{}", hint));
  add_buckets(parts, "", one_span.positive_spans, one_span.positive_buckets);
  add_buckets(parts, "n_", one_span.negative_spans, one_span.negative_buckets);
  return fmt::format("{{{{{}}}}}", fmt::join(parts, " "));
}

}  // namespace tocsin::promqltest
