#include "wire/histogram_message.hpp"

#include <cmath>

#include <protozero/pbf_writer.hpp>

#include "base/bytes.hpp"

namespace tocsin::wire {
namespace {

using model::CounterReset;
using model::FloatHistogram;
using model::HistogramSpan;

void count_down(std::size_t& left) {
  if (left == 0) throw Fault{Errc::kLimit, "too many buckets of histograms"};
  --left;
}

HistogramSpan parse_span(Fields fields) {
  HistogramSpan span;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        span.offset = fields.number_sint32();
        break;
      case 2:
        span.length = fields.number_uint32();
        break;
      default:
        fields.skip();
    }
  }
  return span;
}

CounterReset reset_hint(std::uint32_t value) {
  return value <= static_cast<std::uint32_t>(CounterReset::kGauge) ? static_cast<CounterReset>(value)
                                                                   : CounterReset::kUnknown;
}

void add_up(const std::vector<std::int64_t>& deltas, std::vector<double>& counts) {
  std::int64_t count = 0;
  counts.reserve(deltas.size());
  for (const std::int64_t delta : deltas) {
    count = wrapping_add(count, delta);
    counts.push_back(static_cast<double>(count));
  }
}

void write_spans(protozero::pbf_writer& out, std::uint32_t field, const std::vector<HistogramSpan>& spans) {
  for (const HistogramSpan& span : spans) {
    protozero::pbf_writer message(out, field);
    if (span.offset != 0) message.add_sint32(1, span.offset);
    if (span.length != 0) message.add_uint32(2, span.length);
  }
}

void write_deltas(protozero::pbf_writer& out, std::uint32_t field, const std::vector<double>& counts) {
  std::vector<std::int64_t> deltas;
  deltas.reserve(counts.size());
  std::int64_t last = 0;
  for (const double count : counts) {
    const auto whole = static_cast<std::int64_t>(count);
    deltas.push_back(wrapping_sub(whole, last));
    last = whole;
  }
  out.add_packed_sint64(field, deltas.begin(), deltas.end());
}

}  // namespace

HistogramMessage HistogramParser::parse(Fields fields, std::size_t& buckets_left) {
  for (auto* deltas : {&positive_deltas_, &negative_deltas_}) deltas->clear();
  for (auto* counts : {&positive_counts_, &negative_counts_}) counts->clear();
  HistogramMessage out;
  out.histogram = std::make_shared<FloatHistogram>();
  FloatHistogram& h = *out.histogram;
  h.integer = true;  // unless its count is a float
  double zero_integer = 0, zero_float = 0;
  const auto into = [&](auto& values) {
    return [&](auto value) {
      count_down(buckets_left);
      values.push_back(value);
    };
  };
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        h.count = static_cast<double>(fields.number_uint64());
        h.integer = true;
        break;
      case 2:
        h.count = fields.number_double();
        h.integer = false;
        break;
      case 3:
        h.sum = fields.number_double();
        break;
      case 4:
        h.schema = fields.number_sint32();
        break;
      case 5:
        h.zero_threshold = fields.number_double();
        break;
      case 6:
        zero_integer = static_cast<double>(fields.number_uint64());
        zero_float = 0;
        break;
      case 7:
        zero_float = fields.number_double();
        zero_integer = 0;
        break;
      case 8:
        into(h.negative_spans)(parse_span(fields.message()));
        break;
      case 9:
        fields.sint64s(into(negative_deltas_));
        break;
      case 10:
        fields.doubles(into(negative_counts_));
        break;
      case 11:
        into(h.positive_spans)(parse_span(fields.message()));
        break;
      case 12:
        fields.sint64s(into(positive_deltas_));
        break;
      case 13:
        fields.doubles(into(positive_counts_));
        break;
      case 14:
        h.reset_hint = reset_hint(fields.number_uint32());
        break;
      case 15:
        out.t = fields.number_int64();
        break;
      case 16:
        fields.doubles(into(h.custom_values));
        break;
      case 17:
        out.start = fields.number_int64();
        break;
      default:
        fields.skip();
    }
  }
  h.zero_count = h.integer ? zero_integer : zero_float;
  if (h.integer) {
    add_up(positive_deltas_, h.positive_buckets);
    add_up(negative_deltas_, h.negative_buckets);
  } else {
    h.positive_buckets = positive_counts_;
    h.negative_buckets = negative_counts_;
  }
  return out;
}

void append_histogram_message(std::string& out, const FloatHistogram& h, Timestamp t) {
  protozero::pbf_writer message(out);
  if (h.integer) {
    message.add_uint64(1, static_cast<std::uint64_t>(h.count));
  } else {
    message.add_double(2, h.count);
  }
  if (h.sum != 0) message.add_double(3, h.sum);
  if (h.schema != 0) message.add_sint32(4, h.schema);
  if (h.zero_threshold != 0) message.add_double(5, h.zero_threshold);
  if (h.integer) {
    message.add_uint64(6, static_cast<std::uint64_t>(h.zero_count));
  } else {
    message.add_double(7, h.zero_count);
  }
  write_spans(message, 8, h.negative_spans);
  if (h.integer) {
    write_deltas(message, 9, h.negative_buckets);
  } else {
    message.add_packed_double(10, h.negative_buckets.begin(), h.negative_buckets.end());
  }
  write_spans(message, 11, h.positive_spans);
  if (h.integer) {
    write_deltas(message, 12, h.positive_buckets);
  } else {
    message.add_packed_double(13, h.positive_buckets.begin(), h.positive_buckets.end());
  }
  if (h.reset_hint != CounterReset::kUnknown) message.add_enum(14, static_cast<std::int32_t>(h.reset_hint));
  if (t != 0) message.add_int64(15, t);
  message.add_packed_double(16, h.custom_values.begin(), h.custom_values.end());
}

}  // namespace tocsin::wire
