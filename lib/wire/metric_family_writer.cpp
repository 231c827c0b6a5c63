#include "wire/metric_family_writer.hpp"

#include <protozero/pbf_writer.hpp>

#include "base/bytes.hpp"

namespace tocsin::wire {
namespace {

using protozero::pbf_writer;

// Numbers of fields.
constexpr std::uint32_t kMetric = 4;                                          // of a family
constexpr std::uint32_t kLabel = 1, kUntyped = 5, kTime = 6, kHistogram = 7;  // of a metric

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

}  // namespace

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
