#include "tsdb/row_chunk.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::uint8_t kHasStart = 1;
constexpr std::uint8_t kHasHistogram = 2;

bool covers(const std::vector<model::HistogramSpan>& spans, std::size_t buckets) {
  std::uint64_t sum = 0;
  for (const auto& span : spans) sum += span.length;
  return sum == buckets;
}

void put_spans(const std::vector<model::HistogramSpan>& spans, std::string& out) {
  put_varint(out, spans.size());
  for (const auto& span : spans) {
    put_signed(out, span.offset);
    put_varint(out, span.length);
  }
}

void put_doubles(const std::vector<double>& values, std::string& out) {
  put_varint(out, values.size());
  for (const double v : values) put_fixed(out, v);
}

void take_spans(ByteReader& in, std::vector<model::HistogramSpan>& spans) {
  spans.resize(in.count(2));
  for (auto& span : spans) {
    span.offset = static_cast<std::int32_t>(in.signed_varint());
    span.length = in.varint32();
  }
}

void take_doubles(ByteReader& in, std::vector<double>& values) {
  values.resize(in.count(sizeof(double)));
  for (double& v : values) v = in.fixed<double>();
}

}  // namespace

bool valid_histogram(const model::FloatHistogram& h) {
  const bool custom = h.schema == model::kCustomBucketsSchema;
  if (!custom && (h.schema < -4 || h.schema > 8)) return false;
  if (!custom && !h.custom_values.empty()) return false;
  return covers(h.positive_spans, h.positive_buckets.size()) && covers(h.negative_spans, h.negative_buckets.size());
}

void encode_histogram(const model::FloatHistogram& h, std::string& out) {
  put_fixed(out, static_cast<std::uint8_t>(h.reset_hint));
  put_signed(out, h.schema);
  put_fixed(out, h.zero_threshold);
  put_fixed(out, h.zero_count);
  put_fixed(out, h.count);
  put_fixed(out, h.sum);
  put_spans(h.positive_spans, out);
  put_spans(h.negative_spans, out);
  put_doubles(h.positive_buckets, out);
  put_doubles(h.negative_buckets, out);
  put_doubles(h.custom_values, out);
}

model::HistogramPtr decode_histogram(ByteReader& in) {
  auto h = std::make_shared<model::FloatHistogram>();
  const auto hint = in.fixed<std::uint8_t>();
  if (hint > static_cast<std::uint8_t>(model::CounterReset::kGauge)) return nullptr;
  h->reset_hint = static_cast<model::CounterReset>(hint);
  h->schema = static_cast<std::int32_t>(in.signed_varint());
  h->zero_threshold = in.fixed<double>();
  h->zero_count = in.fixed<double>();
  h->count = in.fixed<double>();
  h->sum = in.fixed<double>();
  take_spans(in, h->positive_spans);
  take_spans(in, h->negative_spans);
  take_doubles(in, h->positive_buckets);
  take_doubles(in, h->negative_buckets);
  take_doubles(in, h->custom_values);
  if (in.failed() || !valid_histogram(*h)) return nullptr;
  return h;
}

void encode_row(const Row& row, Timestamp previous, std::string& out) {
  put_signed(out, wrapping_sub(row.t, previous));
  put_fixed(out, static_cast<std::uint8_t>((row.start != 0 ? kHasStart : 0) | (row.histogram ? kHasHistogram : 0)));
  if (row.start != 0) put_signed(out, wrapping_sub(row.t, row.start));
  if (row.histogram) {
    encode_histogram(*row.histogram, out);
  } else {
    put_fixed(out, row.value);
  }
}

bool decode_row(Timestamp previous, ByteReader& in, Row& row) {
  row.t = wrapping_add(previous, in.signed_varint());
  const auto flags = in.fixed<std::uint8_t>();
  if (flags > (kHasStart | kHasHistogram)) return false;
  row.start = (flags & kHasStart) != 0 ? wrapping_sub(row.t, in.signed_varint()) : 0;
  row.value = 0;
  row.histogram = nullptr;
  if ((flags & kHasHistogram) != 0) {
    row.histogram = decode_histogram(in);
    return row.histogram != nullptr;
  }
  row.value = in.fixed<double>();
  return !in.failed();
}

void encode_rows(std::span<const Row> rows, std::string& out) {
  Timestamp previous = 0;
  for (const Row& row : rows) {
    encode_row(row, previous, out);
    previous = row.t;
  }
}

bool decode_rows(std::string_view bytes, std::size_t count, std::vector<Row>& rows) {
  rows.clear();
  ByteReader in(bytes);
  Timestamp previous = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Row row;
    if (!decode_row(previous, in, row) || (i > 0 && row.t <= previous)) return false;
    previous = row.t;
    rows.push_back(std::move(row));
  }
  return in.at_end();
}

std::size_t row_bytes(const Row& row) {
  std::size_t bytes = sizeof(Row);
  if (const auto* h = row.histogram.get()) {
    bytes += sizeof *h + (h->positive_spans.size() + h->negative_spans.size()) * sizeof(model::HistogramSpan) +
             (h->positive_buckets.size() + h->negative_buckets.size() + h->custom_values.size()) * sizeof(double);
  }
  return bytes;
}

}  // namespace tocsin::tsdb
