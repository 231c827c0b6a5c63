// Any bytes as a chunk: as a record of a chunk file, as XOR bits, as rows; and any samples through an open chunk and
// back.
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.hpp"
#include "chunkenc/chunk_summary.hpp"
#include "chunkenc/xor.hpp"
#include "tsdb/chunk_record.hpp"
#include "tsdb/histogram_chunk.hpp"
#include "tsdb/row_chunk.hpp"
#include "tsdb/row_histogram.hpp"
#include "tsdb/xor_chunk.hpp"

using namespace tocsin;
using namespace tocsin::tsdb;

namespace {

void read_anything(std::string_view bytes) {
  std::vector<Timestamp> times;
  std::vector<double> values;
  std::vector<Row> rows;
  const std::size_t count = bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]);
  chunkenc::xor_decode(bytes, count, times, values);
  check(times.size() == values.size() && (times.empty() || times.size() == count), "columns agree");
  decode_rows(bytes, count, rows);
  for (const auto encoding : {ChunkEncoding::kHistogram, ChunkEncoding::kFloatHistogram}) {
    storage::SampleColumns columns;
    const bool good = decode_histogram_chunk(encoding, bytes, columns);
    check(columns.histograms.size() == columns.size() && (good || columns.size() == 0), "columns agree");
  }
  decode_histogram(bytes, nullptr);
  ChunkView view;
  if (parse_chunk(make_chunk_ref(7, 1000), bytes, view)) {
    check(view.record_bytes <= bytes.size(), "a record is within its file");
    check(view.header.previous < make_chunk_ref(7, 1000), "links go backwards");
  }
}

void round_trip(std::string_view bytes) {
  BlockArena arena;
  HotSeries series;
  std::vector<Timestamp> times;
  std::vector<double> values;
  Timestamp t = 0;
  for (; bytes.size() >= 12 && times.size() < kChunkSamples; bytes.remove_prefix(12)) {
    std::uint32_t step = 0;
    double value = 0;
    std::memcpy(&step, bytes.data(), sizeof step);
    std::memcpy(&value, bytes.data() + 4, sizeof value);
    t += 1 + (step >> (1 + step % 31));
    xor_append(series, arena, t, value);
    times.push_back(t);
    values.push_back(value);
  }
  if (times.empty()) return;
  std::string chunk;
  xor_copy(series, arena, chunk);
  ChunkHeader header{3, 0, ChunkEncoding::kXor, series.count, times.front(), t, chunkenc::summarise(times, values)};
  std::string record;
  encode_chunk(make_chunk_ref(1, 16), header, chunk, record);
  ChunkView view;
  check(parse_chunk(make_chunk_ref(1, 16), record, view) && view.data_intact(), "a record is read");
  check(view.header.first_time == times.front() && view.header.last_time == t, "with its times");
  std::vector<Timestamp> times_again;
  std::vector<double> values_again;
  check(chunkenc::xor_decode(view.data, view.header.count, times_again, values_again), "bits are read");
  check(times_again == times, "times come back");
  check(std::memcmp(values_again.data(), values.data(), values.size() * sizeof(double)) == 0, "values come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_anything(bytes);
  round_trip(bytes);
  return 0;
}
