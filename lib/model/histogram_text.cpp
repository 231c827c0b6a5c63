#include "model/histogram_text.hpp"

#include <algorithm>

#include "base/float_text.hpp"
#include "model/histogram_buckets.hpp"

namespace tocsin::model {
namespace {

std::string count_text(const FloatHistogram& histogram, double count) {
  return histogram.integer ? fmt::format("{:.0f}", count) : format_float_g(count);
}

std::string bucket_text(const FloatHistogram& histogram, const HistogramBucket& bucket) {
  return fmt::format("{}{},{}{}:{}", bucket.lower_inclusive ? '[' : '(', format_float_g(bucket.lower),
                     format_float_g(bucket.upper), bucket.upper_inclusive ? ']' : ')',
                     count_text(histogram, bucket.count));
}

/// Texts of the buckets of one sign that are not empty, from zero outwards.
std::vector<std::string> bucket_texts(const FloatHistogram& histogram, bool positive) {
  std::vector<std::string> texts;
  BucketCursor at(positive ? histogram.positive_spans : histogram.negative_spans,
                  positive ? histogram.positive_buckets : histogram.negative_buckets);
  for (; !at.done(); at.next()) {
    if (at.count() == 0) continue;
    HistogramBucket bucket = bucket_at(histogram, at.index(), positive);
    bucket.count = at.count();
    texts.push_back(bucket_text(histogram, bucket));
  }
  return texts;
}

}  // namespace

std::string histogram_text(const FloatHistogram& histogram) {
  std::string out =
      fmt::format("{{count:{}, sum:{}", count_text(histogram, histogram.count), format_float_g(histogram.sum));
  std::vector<std::string> texts = bucket_texts(histogram, false);
  std::ranges::reverse(texts);
  if (histogram.zero_count != 0) texts.push_back(bucket_text(histogram, zero_bucket(histogram)));
  std::ranges::move(bucket_texts(histogram, true), std::back_inserter(texts));
  for (const std::string& text : texts) out += ", " + text;
  return out + "}";
}

}  // namespace tocsin::model
