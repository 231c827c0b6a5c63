#pragma once
// Native histograms as PromQL and storage see them. Source: Prometheus model/histogram/float_histogram.go.

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "model/sample.hpp"

namespace tocsin::model {

enum class CounterReset : std::uint8_t { kUnknown, kReset, kNotReset, kGauge };

/// A run of buckets: `offset` indices after the end of the last run (or from 0 for the first), `length` buckets long.
struct HistogramSpan {
  std::int32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const HistogramSpan&) const = default;
};

inline constexpr std::int32_t kCustomBucketsSchema = -53;
inline constexpr std::int32_t kMinSchema = -4, kMaxSchema = 8;
/// What a later Prometheus may write; finer ones than kMaxSchema are read at kMaxSchema.
inline constexpr std::int32_t kMinReservedSchema = -9, kMaxReservedSchema = 52;

struct FloatHistogram {
  CounterReset reset_hint = CounterReset::kUnknown;
  /// The source counts in integers, and storage keeps it so (chunks and remote read have both kinds). How it is kept is
  /// no part of the value: == passes over it. Arithmetic makes a float histogram: whoever derives one clears it.
  bool integer = false;
  std::int32_t schema = 0;  // -4..8 exponential, kCustomBucketsSchema for custom bounds
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<HistogramSpan> positive_spans, negative_spans;
  std::vector<double> positive_buckets, negative_buckets;  // absolute counts
  std::vector<double> custom_values;                       // upper bounds, without +Inf
  bool operator==(const FloatHistogram& other) const {
    return reset_hint == other.reset_hint && schema == other.schema && zero_threshold == other.zero_threshold &&
           zero_count == other.zero_count && count == other.count && sum == other.sum &&
           positive_spans == other.positive_spans && negative_spans == other.negative_spans &&
           positive_buckets == other.positive_buckets && negative_buckets == other.negative_buckets &&
           custom_values == other.custom_values;
  }
};

/// Ends a series, as a float with these bits does: the sum says so, all else is nothing.
inline bool is_stale(const FloatHistogram& histogram) {
  return is_stale(histogram.sum);
}

/// Whether it makes sense: schema, spans and buckets agree, no count is negative, custom bounds rise and are finite; of
/// integer histograms also that the buckets add up to the count (to less, if a NaN was observed).
/// @return kInvalid with Prometheus' text. Source: Prometheus model/histogram, Validate.
Result<void> validate(const FloatHistogram& histogram);

/// Merges buckets until they are those of `schema`, which is not finer than its own. The histogram is exponential and
/// its spans and buckets agree. Source: OpenTelemetry data model, "Exponential buckets"; Prometheus ReduceResolution.
void reduce_resolution(FloatHistogram& histogram, std::int32_t schema);

}  // namespace tocsin::model
