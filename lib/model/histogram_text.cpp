#include "model/histogram_text.hpp"

#include <algorithm>
#include <limits>

#include "base/float_text.hpp"
#include "model/histogram_bounds.hpp"

namespace tocsin::model {
namespace {

double bound(std::int64_t index, const FloatHistogram& histogram) {
  if (histogram.schema != kCustomBucketsSchema) return exponential_bound(histogram.schema, index);
  if (index < 0) return -std::numeric_limits<double>::infinity();
  const auto at = static_cast<std::size_t>(index);
  return at < histogram.custom_values.size() ? histogram.custom_values[at] : std::numeric_limits<double>::infinity();
}

std::string count_text(const FloatHistogram& histogram, double count) {
  return histogram.integer ? fmt::format("{:.0f}", count) : format_float_g(count);
}

std::string bucket_text(const FloatHistogram& histogram, double lower, double upper, bool with_lower, bool with_upper,
                        double count) {
  return fmt::format("{}{},{}{}:{}", with_lower ? '[' : '(', format_float_g(lower), format_float_g(upper),
                     with_upper ? ']' : ')', count_text(histogram, count));
}

/// Texts of the buckets of one sign that are not empty, from zero outwards.
std::vector<std::string> bucket_texts(const FloatHistogram& histogram, bool positive) {
  const bool custom = histogram.schema == kCustomBucketsSchema;
  const auto& counts = positive ? histogram.positive_buckets : histogram.negative_buckets;
  std::vector<std::string> texts;
  std::int64_t index = 0;
  auto count = counts.begin();
  for (const HistogramSpan& span : positive ? histogram.positive_spans : histogram.negative_spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && count != counts.end(); ++i, ++index, ++count) {
      if (*count == 0) continue;
      double lower = bound(index - 1, histogram);
      double upper = bound(index, histogram);
      if (!positive) lower = -std::exchange(upper, -lower);
      texts.push_back(
          bucket_text(histogram, lower, upper, custom ? index == 0 : lower < 0, custom || upper > 0, *count));
    }
  }
  return texts;
}

}  // namespace

std::string histogram_text(const FloatHistogram& histogram) {
  std::string out =
      fmt::format("{{count:{}, sum:{}", count_text(histogram, histogram.count), format_float_g(histogram.sum));
  std::vector<std::string> texts = bucket_texts(histogram, false);
  std::ranges::reverse(texts);
  if (histogram.zero_count != 0) {
    texts.push_back(
        bucket_text(histogram, -histogram.zero_threshold, histogram.zero_threshold, true, true, histogram.zero_count));
  }
  std::ranges::move(bucket_texts(histogram, true), std::back_inserter(texts));
  for (const std::string& text : texts) out += ", " + text;
  return out + "}";
}

}  // namespace tocsin::model
