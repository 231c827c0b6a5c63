#include "tsdb/row_chunk.hpp"

#include "tsdb/row_histogram.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::uint8_t kHasStart = 1;
constexpr std::uint8_t kHasHistogram = 2;

}  // namespace

void encode_row(const Row& row, Timestamp previous, const model::FloatHistogram* last, std::string& out) {
  put_signed(out, wrapping_sub(row.t, previous));
  put_fixed(out, static_cast<std::uint8_t>((row.start != 0 ? kHasStart : 0) | (row.histogram ? kHasHistogram : 0)));
  if (row.start != 0) put_signed(out, wrapping_sub(row.t, row.start));
  if (row.histogram) {
    encode_histogram(*row.histogram, last, out);
  } else {
    put_fixed(out, row.value);
  }
}

bool decode_row(Timestamp previous, ByteReader& in, Row& row, std::string_view* change) {
  row.t = wrapping_add(previous, in.signed_varint());
  const auto flags = in.fixed<std::uint8_t>();
  if (flags > (kHasStart | kHasHistogram)) return false;
  row.start = (flags & kHasStart) != 0 ? wrapping_sub(row.t, in.signed_varint()) : 0;
  row.value = 0;
  row.histogram = nullptr;
  if ((flags & kHasHistogram) != 0) {
    const std::string_view bytes = in.text();
    if (change && is_histogram_change(bytes)) {
      *change = bytes;
      return !in.failed();
    }
    row.histogram = decode_histogram(bytes, nullptr);
    return row.histogram != nullptr;
  }
  row.value = in.fixed<double>();
  return !in.failed();
}

void encode_rows(std::span<const Row> rows, std::string& out) {
  Timestamp previous = 0;
  for (const Row& row : rows) {
    encode_row(row, previous, nullptr, out);
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
