#include "wire/metric_family_writer.hpp"

#include <algorithm>
#include <cmath>

#include <protozero/pbf_writer.hpp>

#include "base/bytes.hpp"

namespace tocsin::wire {
namespace {

using protozero::pbf_writer;

// Numbers of fields.
constexpr std::uint32_t kMetric = 4;                                                        // of a family
constexpr std::uint32_t kLabel = 1, kSummary = 4, kUntyped = 5, kTime = 6, kHistogram = 7;  // of a metric

void write_spans(pbf_writer& out, std::uint32_t field, const std::vector<model::HistogramSpan>& spans) {
  for (const model::HistogramSpan& span : spans) {
    pbf_writer message(out, field);
    message.add_sint32(1, span.offset);
    message.add_uint32(2, span.length);
  }
}

void write_counts(pbf_writer& out, std::uint32_t field, const std::vector<double>& counts) {
  for (const double count : counts) out.add_double(field, count);  // not packed: proto2
}

void write_frame(pbf_writer& metric, std::span<const TextPair> labels, Timestamp t) {
  for (const auto& [name, value] : labels) {
    pbf_writer label(metric, kLabel);
    label.add_string(1, name);
    label.add_string(2, value);
  }
  metric.add_int64(kTime, t);
}

void write_labels(pbf_writer& out, std::span<const TextPair> labels) {
  for (const auto& [name, value] : labels) {
    pbf_writer label(out, kLabel);
    label.add_string(1, name);
    label.add_string(2, value);
  }
}

/// google.protobuf.Timestamp of milliseconds.
void write_time(pbf_writer& out, std::uint32_t field, const std::optional<Timestamp>& time) {
  if (!time) return;
  const Timestamp rest = (*time % 1000 + 1000) % 1000;
  pbf_writer message(out, field);
  message.add_int64(1, (*time - rest) / 1000);
  message.add_int32(2, static_cast<std::int32_t>(rest * 1'000'000));
}

void write_exemplar(pbf_writer& out, std::uint32_t field, const std::optional<ExemplarMessage>& exemplar) {
  if (!exemplar) return;
  pbf_writer message(out, field);
  write_labels(message, exemplar->labels);
  message.add_double(2, exemplar->value);
  write_time(message, 3, exemplar->timestamp);
}

/// A count by its integer field, or by its float field if it is no integer.
void write_count(pbf_writer& out, std::uint32_t field, std::uint32_t float_field, double count) {
  constexpr double kMax = 9007199254740992.0;  // 2^53: all integers below are exact
  if (count >= 0 && count <= kMax && count == std::floor(count)) {
    out.add_uint64(field, static_cast<std::uint64_t>(count));
  } else {
    out.add_double(float_field, count);
  }
}

/// Source: metrics.proto, the fields of Metric.
std::uint32_t field_of(ProtoType type) {
  switch (type) {
    case ProtoType::kGauge:
      return 2;
    case ProtoType::kCounter:
      return 3;
    default:
      return kUntyped;
  }
}

}  // namespace

void MetricFamilyWriter::begin(std::string_view name, ProtoType type, std::string_view help, std::string_view unit) {
  end();
  pbf_writer family(family_);
  family.add_string(1, name.data(), name.size());
  if (!help.empty()) family.add_string(2, help.data(), help.size());
  family.add_enum(3, static_cast<std::int32_t>(type));
  if (!unit.empty()) family.add_string(5, unit.data(), unit.size());
}

void MetricFamilyWriter::add_value(ProtoType type, const MetricMessage& message, double value) {
  pbf_writer family(family_);
  pbf_writer metric(family, kMetric);
  write_labels(metric, message.labels);
  {
    pbf_writer out(metric, field_of(type));
    out.add_double(1, value);
    if (type == ProtoType::kCounter) {
      write_exemplar(out, 2, message.exemplar);
      write_time(out, 3, message.created);
    }
  }
  if (message.timestamp) metric.add_int64(kTime, *message.timestamp);
}

void MetricFamilyWriter::add_histogram(const MetricMessage& message, std::span<const BucketMessage> buckets, double sum,
                                       double count) {
  pbf_writer family(family_);
  pbf_writer metric(family, kMetric);
  write_labels(metric, message.labels);
  {
    pbf_writer out(metric, kHistogram);
    write_count(out, 1, 4, count);
    out.add_double(2, sum);
    for (const BucketMessage& bucket : buckets) {
      pbf_writer part(out, 3);
      write_count(part, 1, 4, bucket.cumulative_count);
      part.add_double(2, bucket.bound);
      write_exemplar(part, 3, bucket.exemplar);
    }
    write_time(out, 15, message.created);
  }
  if (message.timestamp) metric.add_int64(kTime, *message.timestamp);
}

void MetricFamilyWriter::add_summary(const MetricMessage& message, std::span<const ProtoQuantile> quantiles, double sum,
                                     double count) {
  pbf_writer family(family_);
  pbf_writer metric(family, kMetric);
  write_labels(metric, message.labels);
  {
    pbf_writer out(metric, kSummary);
    out.add_uint64(1, count > 0 ? static_cast<std::uint64_t>(std::min(count, 1e18)) : 0);
    out.add_double(2, sum);
    for (const ProtoQuantile& quantile : quantiles) {
      pbf_writer part(out, 3);
      part.add_double(1, quantile.quantile);
      part.add_double(2, quantile.value);
    }
    write_time(out, 4, message.created);
  }
  if (message.timestamp) metric.add_int64(kTime, *message.timestamp);
}

void MetricFamilyWriter::begin(std::string_view name, ProtoType type) {
  end();
  pbf_writer family(family_);
  family.add_string(1, name.data(), name.size());
  family.add_enum(3, static_cast<std::int32_t>(type));
}

void MetricFamilyWriter::end() {
  if (family_.empty()) return;
  put_varint(out_, family_.size());
  out_ += family_;
  family_.clear();
}

void MetricFamilyWriter::add_untyped(std::span<const TextPair> labels, Timestamp t, double value) {
  pbf_writer family(family_);
  pbf_writer metric(family, kMetric);
  write_frame(metric, labels, t);
  pbf_writer untyped(metric, kUntyped);
  untyped.add_double(1, value);
}

void MetricFamilyWriter::add_native(std::span<const TextPair> labels, Timestamp t,
                                    const model::FloatHistogram& histogram) {
  pbf_writer family(family_);
  pbf_writer metric(family, kMetric);
  write_frame(metric, labels, t);
  pbf_writer out(metric, kHistogram);
  out.add_double(2, histogram.sum);
  out.add_double(4, histogram.count);
  out.add_sint32(5, histogram.schema);
  out.add_double(6, histogram.zero_threshold);
  out.add_double(8, histogram.zero_count);
  write_spans(out, 9, histogram.negative_spans);
  write_counts(out, 11, histogram.negative_buckets);
  write_spans(out, 12, histogram.positive_spans);
  write_counts(out, 14, histogram.positive_buckets);
}

void MetricFamilyWriter::add_classic(std::span<const TextPair> labels, Timestamp t,
                                     const model::FloatHistogram& histogram,
                                     std::span<const CumulativeBucket> buckets) {
  pbf_writer family(family_);
  pbf_writer metric(family, kMetric);
  write_frame(metric, labels, t);
  pbf_writer out(metric, kHistogram);
  out.add_double(2, histogram.sum);
  out.add_double(4, histogram.count);
  for (const CumulativeBucket& bucket : buckets) {
    pbf_writer message(out, 3);
    message.add_double(2, bucket.bound);
    message.add_double(4, bucket.count);
  }
}

std::string MetricFamilyWriter::take() {
  end();
  return std::move(out_);
}

}  // namespace tocsin::wire
