#pragma once
// One completed chunk as it stands in a chunk file; docs/format/head_chunks.md draws the bytes.

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/storage.hpp"

namespace tocsin::tsdb {

/// Where a chunk stands: number of the file and offset in it. 0 is none. Later chunks have greater refs.
using ChunkRef = std::uint64_t;
inline ChunkRef make_chunk_ref(std::uint32_t file, std::uint32_t offset) {
  return static_cast<ChunkRef>(file) << 32U | offset;
}
inline std::uint32_t chunk_file(ChunkRef ref) {
  return static_cast<std::uint32_t>(ref >> 32U);
}
inline std::uint32_t chunk_offset(ChunkRef ref) {
  return static_cast<std::uint32_t>(ref);
}

enum class ChunkEncoding : std::uint8_t {
  kXor = 1,             // xor_chunk.hpp, as in Prometheus' blocks
  kHistogram = 2,       // histogram_chunk.hpp
  kFloatHistogram = 3,  // the same
  kRows = 128,          // row_chunk.hpp
};
inline bool is_histogram_encoding(ChunkEncoding encoding) {
  return encoding == ChunkEncoding::kHistogram || encoding == ChunkEncoding::kFloatHistogram;
}

struct ChunkHeader {
  std::uint32_t series = 0;
  ChunkRef previous = 0;  // the chunk of the series before this one, of the same kind: late or not
  ChunkEncoding encoding = ChunkEncoding::kXor;
  std::uint32_t count = 0;
  Timestamp first_time = 0, last_time = 0;
  storage::ChunkSummary summary;  // of an XOR chunk
  bool late = false;              // of samples that came after newer ones of the series: a chain of their own
};

struct ChunkView {
  ChunkHeader header;
  std::string_view data;
  std::uint32_t data_crc = 0;
  std::size_t record_bytes = 0;
  /// Whether the data is what was written.
  bool data_intact() const;
};

/// Appends the record; `self` is where it will stand.
void encode_chunk(ChunkRef self, const ChunkHeader& header, std::string_view data, std::string& out);

/// Reads the record at the beginning of `bytes`, which stands at `self`. Views `bytes`.
/// @return false if that is no record: cut off, damaged, or none.
bool parse_chunk(ChunkRef self, std::string_view bytes, ChunkView& out);

inline constexpr std::size_t kChunkFileHeaderBytes = 16;
std::string chunk_file_header(std::uint32_t file);
bool is_chunk_file(std::uint32_t file, std::string_view bytes);

}  // namespace tocsin::tsdb
