#pragma once
// Constants and primitives of Prometheus' block format: integers big-endian, varints as Go's (which are those of
// base/bytes.hpp), checksums CRC-32C. docs/format/blocks.md draws the files.
// Source: Prometheus tsdb/docs/format/index.md, chunks.md; tsdb/index/index.go; tsdb/chunks/chunks.go.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/result.hpp"

namespace tocsin::block {

inline constexpr std::uint32_t kIndexMagic = 0xBAAAD700;
inline constexpr std::size_t kIndexHeaderBytes = 5;
inline constexpr std::size_t kTocBytes = 6 * 8 + 4;
inline constexpr std::size_t kCrcBytes = 4;
inline constexpr std::uint64_t kSeriesAlign = 16;
inline constexpr std::uint64_t kPostingsAlign = 4;
/// Each entry of the postings offset table begins with the number of its texts.
inline constexpr std::uint8_t kPostingsKeys = 2;

inline constexpr std::uint32_t kChunksMagic = 0x85BD40DD;
inline constexpr std::uint8_t kChunksVersion = 1;
inline constexpr std::size_t kChunksHeaderBytes = 8;

inline constexpr const char* kIndexFile = "index";
inline constexpr const char* kMetaFile = "meta.json";
inline constexpr const char* kTombstonesFile = "tombstones";
inline constexpr const char* kChunksFolder = "chunks";

inline std::uint32_t get_be32(ByteReader& in) {
  return std::byteswap(in.fixed<std::uint32_t>());
}
inline std::uint64_t get_be64(ByteReader& in) {
  return std::byteswap(in.fixed<std::uint64_t>());
}
inline void put_be32(std::string& out, std::uint32_t value) {
  put_fixed(out, std::byteswap(value));
}
inline void put_be64(std::string& out, std::uint64_t value) {
  put_fixed(out, std::byteswap(value));
}

/// A section behind its length in four bytes, its checksum compared; nullptr-like (data() == nullptr) if it does not
/// fit into the file or the checksum is another.
inline std::string_view checked_section(std::string_view file, std::uint64_t offset) {
  if (offset > file.size()) return {};
  ByteReader in(file.substr(offset));
  const std::string_view body = in.take(get_be32(in));
  const std::uint32_t crc = get_be32(in);
  return !in.failed() && crc32c(body) == crc ? body : std::string_view();
}

}  // namespace tocsin::block
