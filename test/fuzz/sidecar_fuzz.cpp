// Any bytes as a sidecar, as they are and with its checksums put right so that they do not guard what is behind them:
// refused, or every series is found in the same way whether one walks or jumps, and answers are of bounded size.
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/mem_fs.hpp"
#include "block/sidecar.hpp"
#include "block/sidecar_format.hpp"

using namespace tocsin;
using namespace tocsin::block;

namespace {

constexpr std::uint32_t kIndexCrc = 7;

std::uint64_t u40_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, 5);
  return value;
}

/// Puts the checksum of a part that ends with one.
void seal(std::string& bytes, std::size_t from, std::size_t end) {
  if (end > bytes.size() || end < from + sidecar::kCrcBytes) return;
  const std::uint32_t crc = crc32c(std::string_view(bytes).substr(from, end - from - sidecar::kCrcBytes));
  std::memcpy(bytes.data() + end - sidecar::kCrcBytes, &crc, sizeof crc);
}

/// Of the details of a series: its head, and the parts whose lengths stand there if there is one group.
void seal_details(std::string& bytes, std::uint64_t at) {
  if (at >= bytes.size()) return;
  ByteReader in(std::string_view(bytes).substr(at));
  const std::string_view head = in.text();
  if (in.failed()) return;
  const auto from = static_cast<std::size_t>(head.data() - bytes.data());
  const std::size_t end = from + head.size();
  ByteReader lengths(head);
  const std::uint64_t summaries = lengths.varint();
  const std::uint64_t starts = lengths.varint();
  seal(bytes, from, end);
  if (summaries > bytes.size() || starts > bytes.size()) return;
  seal(bytes, end, end + summaries);
  seal(bytes, end + summaries, end + summaries + starts);
}

/// Records from `at` on, a row of them.
void seal_row(std::string& bytes, std::uint64_t at) {
  for (std::size_t i = 0; i < sidecar::kRowSeries && at < bytes.size(); ++i) {
    ByteReader in(std::string_view(bytes).substr(at));
    const std::string_view body = in.text();
    in.take(sidecar::kCrcBytes);
    if (in.failed()) return;
    ByteReader fields(body);
    fields.varint();
    fields.fixed<std::uint32_t>();
    fields.varint();
    const std::uint64_t details = fields.varint();
    const std::size_t end = bytes.size() - in.left();
    seal_details(bytes, details);
    seal(bytes, at, end);
    at = end;
  }
}

std::string sealed(std::string bytes) {
  const std::size_t least = sidecar::kMagic.size() + sidecar::kFooterBytes;
  if (bytes.size() < least) return bytes;
  bytes.replace(0, sidecar::kMagic.size(), sidecar::kMagic);
  // A directory of one row or a few, as the first byte of the footer says.
  const std::size_t footer = bytes.size() - sidecar::kFooterBytes;
  const std::size_t most = (footer - sidecar::kMagic.size()) / sidecar::kEntryBytes;
  const std::size_t rows = std::min<std::size_t>(most, 1 + static_cast<unsigned char>(bytes[footer]) % 4);
  const std::uint64_t directory = footer - rows * sidecar::kEntryBytes;
  const std::uint64_t series = rows * sidecar::kRowSeries - (rows > 0 ? 5 : 0);
  std::string fields;
  put_fixed(fields, directory);
  put_fixed(fields, series);
  put_fixed(fields, kIndexCrc);
  put_fixed(fields, std::uint32_t{1});
  bytes.replace(footer, fields.size(), fields);
  for (std::size_t row = 0; row < rows; ++row) {
    seal_row(bytes, u40_at(bytes, directory + row * sidecar::kEntryBytes + 5));
  }
  seal(bytes, directory, bytes.size());
  return bytes;
}

void read_series(const SidecarReader& reader, std::uint64_t ref, const SidecarSeries& series, std::size_t bytes) {
  std::vector<storage::ChunkSummary> summaries;
  std::vector<storage::TimeRange> rest;
  for (const auto& [start, end] :
       {std::pair{kMinTimestamp, kMaxTimestamp}, std::pair<Timestamp, Timestamp>{-5, 1000}}) {
    summaries.clear();
    rest.clear();
    if (!reader.summaries(series, start, end, summaries, rest)) {
      check(summaries.empty() && rest.empty(), "nothing was appended");
    }
    check(summaries.size() + rest.size() <= bytes, "no more than there are bytes for");
    for (const auto& one : summaries) {
      check(one.known() && one.first_time >= start && one.last_time <= end, "known, and within the window");
    }
  }
  SidecarSummaries all;
  if (reader.all_summaries(series, all)) check(all.chunks.size() <= bytes, "no more than there are bytes for");
  std::vector<Timestamp> starts;
  for (const std::size_t chunk : {std::size_t{0}, std::size_t{1}, std::size_t{17}}) {
    check(reader.starts(ref, chunk, starts) == !starts.empty(), "starts, or none");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const bool seal_all : {false, true}) {
    MemFs fs;
    check((*fs.open_append("sidecar"))->append(seal_all ? sealed(bytes) : bytes).has_value(), "a file in memory");
    const auto reader = SidecarReader::open(fs, "sidecar", kIndexCrc);
    if (!reader) {
      check(reader.error().code == Errc::kCorrupt, "the reason is the bytes");
      continue;
    }
    SidecarPlace place;
    SidecarSeries walked, jumped;
    for (std::uint64_t ref = 0; ref < 300; ++ref) {
      const bool found = (*reader)->find(ref, walked, &place);
      if (found) read_series(**reader, ref, walked, size);
      // Out of order a walk may see what a search does not; what a search finds, a walk finds.
      if ((*reader)->find(ref, jumped)) check(found, "found by a walk, too");
    }
  }
  return 0;
}
