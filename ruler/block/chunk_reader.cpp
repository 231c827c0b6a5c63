#include "block/chunk_reader.hpp"

#include <algorithm>
#include <charconv>

#include "base/quick_reader.hpp"
#include "block/format.hpp"

namespace tocsin::block {
namespace {

std::unexpected<Error> corrupt(const std::string& path, std::uint64_t offset, std::string_view what) {
  return fail(Errc::kCorrupt, "{}: offset {}: {}", path, offset, what);
}

/// Names that are numbers, in order of these; others are passed over, as by Prometheus.
Result<std::vector<std::string>> segment_names(Fs& fs, const std::string& folder) {
  TOCSIN_TRY(const auto names, fs.list(folder));
  std::vector<std::pair<std::uint64_t, std::string>> segments;
  for (const std::string& name : names) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) segments.emplace_back(number, name);
  }
  std::ranges::sort(segments);
  std::vector<std::string> sorted;
  for (auto& [number, name] : segments) sorted.push_back(std::move(name));
  return sorted;
}

Result<void> check_header(const std::string& path, std::string_view bytes) {
  if (bytes.size() < kChunksHeaderBytes) return corrupt(path, 0, "too short for a segment of chunks");
  ByteReader in(bytes);
  if (const std::uint32_t magic = get_be32(in); magic != kChunksMagic) {
    return corrupt(path, 0, fmt::format("invalid magic number {:x}", magic));
  }
  if (const auto version = in.fixed<std::uint8_t>(); version != kChunksVersion) {
    return corrupt(path, 4, fmt::format("invalid chunk format version {}", version));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ChunkReader>> ChunkReader::open(Fs& fs, const std::string& folder) {
  std::unique_ptr<ChunkReader> reader(new ChunkReader);
  TOCSIN_TRY(const auto names, segment_names(fs, folder));
  for (const std::string& name : names) {
    Segment& segment = reader->segments_.emplace_back();
    segment.path = folder + "/" + name;
    TOCSIN_TRY(segment.file, fs.map(segment.path));
    TOCSIN_OK(check_header(segment.path, segment.file->bytes()));
  }
  return reader;
}

Result<ChunkData> ChunkReader::chunk(std::uint64_t ref) const {
  const std::uint64_t number = ref >> 32U;
  const std::uint64_t offset = ref & 0xffffffffU;
  if (number >= segments_.size()) {
    return fail(Errc::kCorrupt, "chunk {:#x}: there is no segment {}, of {}", ref, number + 1, segments_.size());
  }
  const Segment& segment = segments_[number];
  const std::string_view bytes = segment.file->bytes();
  if (offset < kChunksHeaderBytes || offset >= bytes.size()) return corrupt(segment.path, offset, "no chunk is there");
  QuickReader in(bytes.substr(offset));
  const std::uint32_t size = in.varint32();
  const std::string_view body = in.take(std::size_t{size} + 1);  // with the encoding
  const auto crc = std::byteswap(in.fixed<std::uint32_t>());
  if (in.failed()) return corrupt(segment.path, offset, "a chunk does not end");
  if (crc32c(body) != crc) return corrupt(segment.path, offset, "the checksum of a chunk did not match");
  return ChunkData{static_cast<chunkenc::Encoding>(body[0]), body.substr(1)};
}

void ChunkReader::prefetch(std::uint64_t ref) const {
  constexpr std::uint64_t kMost = 512;  // of floats with all their digits; the processor goes on by itself
  const std::uint64_t number = ref >> 32U;
  if (number >= segments_.size()) return;
  const std::string_view bytes = segments_[number].file->bytes();
  const std::uint64_t end = std::min<std::uint64_t>((ref & 0xffffffffU) + kMost, bytes.size());
  for (std::uint64_t at = ref & 0xffffffffU; at < end; at += 64) __builtin_prefetch(bytes.data() + at);
}

std::uint64_t ChunkReader::bytes() const {
  std::uint64_t total = 0;
  for (const Segment& segment : segments_) total += segment.file->bytes().size();
  return total;
}

}  // namespace tocsin::block
