#include "model/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/float_text.hpp"

namespace tocsin::model {
namespace {

using Spans = std::vector<HistogramSpan>;
using Counts = std::vector<double>;

Result<void> validate_spans(const Spans& spans, std::size_t buckets, bool custom) {
  std::uint64_t covered = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if ((i > 0 || custom) && spans[i].offset < 0) {
      return fail(Errc::kInvalid, "span number {} with offset {}: histogram has a span whose offset is negative", i + 1,
                  spans[i].offset);
    }
    covered += spans[i].length;
  }
  if (covered == buckets) return {};
  return fail(
      Errc::kInvalid,
      "spans need {} buckets, have {} buckets: histogram spans specify different number of buckets than provided",
      covered, buckets);
}

/// As Go prints them: integers in full, floats shortest.
std::string count_text(double count, bool integer) {
  return integer ? fmt::format("{:.0f}", count) : format_float_g(count);
}

Result<void> validate_counts(const Counts& counts, bool integer, double& sum) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0) {
      return fail(
          Errc::kInvalid,
          "bucket number {} has observation count of {}: histogram has a bucket whose observation count is negative",
          i + 1, count_text(counts[i], integer));
    }
    sum += counts[i];
  }
  return {};
}

Result<void> validate_bounds(const FloatHistogram& h) {
  double last = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < h.custom_values.size(); ++i) {
    const double bound = h.custom_values[i];
    if (std::isnan(bound)) return fail(Errc::kInvalid, "histogram custom bounds must not be NaN");
    if (i > 0 && bound <= last) {
      return fail(Errc::kInvalid,
                  "previous bound is {:f} and current is {:f}: histogram custom bounds must be in strictly increasing "
                  "order",
                  last, bound);
    }
    last = bound;
  }
  if (last == std::numeric_limits<double>::infinity()) {
    return fail(Errc::kInvalid,
                "last +Inf bound must not be explicitly defined: histogram custom bounds must be finite");
  }
  TOCSIN_OK(validate_spans(h.positive_spans, h.positive_buckets.size(), true));
  std::uint64_t reach = 0;
  for (const auto& span : h.positive_spans) reach += static_cast<std::uint64_t>(span.offset) + span.length;
  if (h.custom_values.size() + 1 >= reach) return {};
  return fail(Errc::kInvalid,
              "only {} custom bounds defined which is insufficient to cover total span length of {}: histogram custom "
              "bounds are too few",
              h.custom_values.size(), reach);
}

Result<void> in_context(Result<void> result, std::string_view context) {
  if (result) return result;
  return fail(std::move(result).error().wrap(context));
}

Result<void> validate_custom(const FloatHistogram& h) {
  TOCSIN_OK(in_context(validate_bounds(h), "custom buckets"));
  if (h.zero_count != 0) return fail(Errc::kInvalid, "custom buckets: must have zero count of 0");
  if (h.zero_threshold != 0) return fail(Errc::kInvalid, "custom buckets: must have zero threshold of 0");
  if (!h.negative_spans.empty()) return fail(Errc::kInvalid, "custom buckets: must not have negative spans");
  if (!h.negative_buckets.empty()) return fail(Errc::kInvalid, "custom buckets: must not have negative buckets");
  return {};
}

Result<void> validate_exponential(const FloatHistogram& h, double& sum) {
  TOCSIN_OK(in_context(validate_spans(h.positive_spans, h.positive_buckets.size(), false), "positive side"));
  TOCSIN_OK(in_context(validate_spans(h.negative_spans, h.negative_buckets.size(), false), "negative side"));
  TOCSIN_OK(in_context(validate_counts(h.negative_buckets, h.integer, sum), "negative side"));
  if (h.zero_count < 0) {
    return fail(Errc::kInvalid,
                "zero bucket has observation count of {}: histogram has a bucket whose observation count is negative",
                count_text(h.zero_count, h.integer));
  }
  if (h.custom_values.empty()) return {};
  return fail(Errc::kInvalid, "histogram with exponential schema must not have custom bounds");
}

/// Of an integer histogram; NaN is counted, and is in no bucket.
Result<void> validate_count(const FloatHistogram& h, double in_buckets) {
  const bool has_nan = std::isnan(h.sum);
  if (has_nan ? in_buckets <= h.count : in_buckets == h.count) return {};
  return fail(Errc::kInvalid, "{} observations found in buckets, but the Count field is {}: {}",
              count_text(in_buckets, true), count_text(h.count, true),
              has_nan
                  ? "histogram's observation count should be at least the number of observations found in the buckets"
                  : "histogram's observation count should equal the number of observations found in the buckets (in "
                    "absence of NaN)");
}

void reduce(Spans& spans, Counts& counts, unsigned shift) {
  Spans to_spans;
  Counts to_counts;
  std::int64_t index = 0;
  std::int64_t last = 0;  // index of the bucket added last
  std::size_t at = 0;
  for (const HistogramSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && at < counts.size(); ++i, ++index, ++at) {
      const std::int64_t to = ((index - 1) >> shift) + 1;
      if (to_spans.empty()) {
        to_spans.push_back({static_cast<std::int32_t>(to), 1});
      } else if (to == last) {
        to_counts.back() += counts[at];
        continue;
      } else if (to == last + 1) {
        ++to_spans.back().length;
      } else {
        to_spans.push_back({static_cast<std::int32_t>(to - last - 1), 1});
      }
      to_counts.push_back(counts[at]);
      last = to;
    }
  }
  spans = std::move(to_spans);
  counts = std::move(to_counts);
}

}  // namespace

Result<void> validate(const FloatHistogram& h) {
  double in_buckets = h.zero_count;
  if (h.schema == kCustomBucketsSchema) {
    TOCSIN_OK(validate_custom(h));
  } else if (h.schema >= kMinSchema && h.schema <= kMaxSchema) {
    TOCSIN_OK(validate_exponential(h, in_buckets));
  } else {
    return fail(Errc::kInvalid,
                "histogram has an invalid schema, which must be between {} and {} for exponential buckets, or {} for "
                "custom buckets, got schema {}",
                kMinSchema, kMaxSchema, kCustomBucketsSchema, h.schema);
  }
  if (h.count < 0) {
    return fail(Errc::kInvalid, "observation count is  {}: histogram's observation count is negative",
                count_text(h.count, h.integer));
  }
  TOCSIN_OK(in_context(validate_counts(h.positive_buckets, h.integer, in_buckets), "positive side"));
  return h.integer ? validate_count(h, in_buckets) : Result<void>();
}

void reduce_resolution(FloatHistogram& h, std::int32_t schema) {
  if (schema >= h.schema) return;
  const auto shift = static_cast<unsigned>(std::min(h.schema - schema, 63));
  reduce(h.positive_spans, h.positive_buckets, shift);
  reduce(h.negative_spans, h.negative_buckets, shift);
  h.schema = schema;
}

}  // namespace tocsin::model
