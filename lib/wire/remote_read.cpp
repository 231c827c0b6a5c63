#include "wire/remote_read.hpp"

#include <cmath>
#include <utility>

#include <protozero/pbf_writer.hpp>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "wire/fields.hpp"
#include "wire/histogram_message.hpp"

namespace tocsin::wire {
namespace {

ReadMatcher parse_matcher(Fields fields) {
  ReadMatcher out;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        out.type = fields.number_uint32();
        break;
      case 2:
        out.name = fields.text();
        break;
      case 3:
        out.value = fields.text();
        break;
      default:
        fields.skip();
    }
  }
  return out;
}

ReadHints parse_hints(Fields fields) {
  ReadHints out;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        out.step_ms = fields.number_int64();
        break;
      case 2:
        out.function = fields.text();
        break;
      case 3:
        out.start = fields.number_int64();
        break;
      case 4:
        out.end = fields.number_int64();
        break;
      case 7:
        out.range_ms = fields.number_int64();
        break;
      default:
        fields.skip();
    }
  }
  return out;
}

void judge(std::size_t count, std::size_t limit, const char* what) {
  if (count >= limit) throw Fault{Errc::kLimit, fmt::format("more than {} {}", limit, what)};
}

ReadQuery parse_query(Fields fields, const ReadLimits& limits, std::size_t& matchers) {
  ReadQuery out;
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        out.start = fields.number_int64();
        break;
      case 2:
        out.end = fields.number_int64();
        break;
      case 3:
        judge(matchers++, limits.max_matchers, "matchers");
        out.matchers.push_back(parse_matcher(fields.message()));
        break;
      case 4:
        out.has_hints = true;
        out.hints = parse_hints(fields.message());
        break;
      default:
        fields.skip();
    }
  }
  return out;
}

ReadRequest parse_request(Fields fields, const ReadLimits& limits) {
  ReadRequest out;
  std::size_t matchers = 0;
  const auto add_type = [&](std::uint32_t type) {
    judge(out.accepted.size(), limits.max_accepted, "response types");
    out.accepted.push_back(type);
  };
  while (fields.next()) {
    switch (fields.number()) {
      case 1:
        judge(out.queries.size(), limits.max_queries, "queries");
        out.queries.push_back(parse_query(fields.message(), limits, matchers));
        break;
      case 2:
        fields.uint32s(add_type);
        break;
      default:
        fields.skip();
    }
  }
  return out;
}

/// The labels of a TimeSeries or a ChunkedSeries: field 1 of both.
void write_labels(protozero::pbf_writer& series, std::span<const model::LabelView> labels) {
  for (const model::LabelView& label : labels) {
    protozero::pbf_writer message(series, 1);
    message.add_string(1, label.name.data(), label.name.size());
    message.add_string(2, label.value.data(), label.value.size());
  }
}

}  // namespace

Result<ReadRequest> parse_read_request(std::string_view body, const ReadLimits& limits) {
  Trail trail(body);
  return guard("remote read request", trail, [&] { return parse_request(Fields(body, trail), limits); });
}

void ReadResponseWriter::begin_result() {
  end_result();
  in_result_ = true;
}

void ReadResponseWriter::end_result() {
  if (!in_result_) return;
  in_result_ = false;
  protozero::pbf_writer(response_).add_message(1, result_);
  result_.clear();
}

void ReadResponseWriter::add_series(std::span<const model::LabelView> labels, std::span<const Timestamp> times,
                                    std::span<const double> values, std::span<const model::HistogramPtr> histograms) {
  series_.clear();
  protozero::pbf_writer series(series_);
  write_labels(series, labels);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!histograms.empty() && histograms[i] != nullptr) continue;
    protozero::pbf_writer sample(series, 2);
    if (values[i] != 0 || std::signbit(values[i])) sample.add_double(1, values[i]);
    if (times[i] != 0) sample.add_int64(2, times[i]);
  }
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    if (histograms[i] == nullptr) continue;
    histogram_.clear();
    append_histogram_message(histogram_, *histograms[i], times[i]);
    series.add_message(4, histogram_);
  }
  protozero::pbf_writer(result_).add_message(1, series_);
}

std::string ReadResponseWriter::take() {
  end_result();
  return std::exchange(response_, {});
}

void ChunkFrameWriter::begin_series(std::span<const model::LabelView> labels) {
  series_.clear();
  protozero::pbf_writer series(series_);
  write_labels(series, labels);
  label_bytes_ = series_.size();
}

void ChunkFrameWriter::add_chunk(const ChunkView& chunk) {
  chunk_.clear();
  protozero::pbf_writer message(chunk_);
  if (chunk.first_time != 0) message.add_int64(1, chunk.first_time);
  if (chunk.last_time != 0) message.add_int64(2, chunk.last_time);
  message.add_enum(3, chunk.encoding);
  message.add_bytes(4, chunk.data.data(), chunk.data.size());
  protozero::pbf_writer(series_).add_message(2, chunk_);
}

void ChunkFrameWriter::end_frame(std::int64_t query_index, std::string& out) {
  message_.clear();
  protozero::pbf_writer message(message_);
  message.add_message(1, series_);
  if (query_index != 0) message.add_int64(2, query_index);
  put_varint(out, message_.size());
  const std::uint32_t sum = crc32c(message_);
  for (unsigned shift = 32; shift > 0; shift -= 8) out += static_cast<char>((sum >> (shift - 8)) & 0xffU);
  out += message_;
  series_.resize(label_bytes_);
}

}  // namespace tocsin::wire
