#pragma once
// Float samples in Prometheus' XOR encoding (Gorilla):
//   count u16 big-endian | t0 varint | v0 f64 | dt uvarint | v1 xor | then per sample: delta of delta, xor
// Source: Prometheus tsdb/chunkenc/xor.go; the format is in reference form at tsdb/docs/format/chunks.md.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "chunkenc/chunk.hpp"

namespace tocsin::chunkenc {

/// Appends `count` samples of `bytes` (without the count in front) to both columns.
/// @return false if the bytes end before the samples do, or times do not rise; the columns are then as before.
bool xor_decode(std::string_view bytes, std::size_t count, std::vector<Timestamp>& times, std::vector<double>& values);

struct XorChunk {
  std::string_view bytes;  // without the count in front
  std::size_t count = 0;
};
/// The same for several chunks, one after the other; quicker than each alone. Whether times rise from one chunk to the
/// next is not asked. @return false if one of them is none; the columns are then as before.
bool xor_decode(std::span<const XorChunk> chunks, std::vector<Timestamp>& times, std::vector<double>& values);

/// The first `count` samples of each chunk into columns of that length together. @return false if one of them is none.
bool xor_decode(std::span<const XorChunk> chunks, std::span<Timestamp> times, std::span<double> values);

/// As chunkenc::decode_xor_on().
bool xor_decode_on(std::string_view bytes, XorPlace& place, std::span<Timestamp> times, std::span<double> values);

/// Appends the bits of the samples (the same number of both, one at least) to `out`, without the count.
void xor_encode(std::span<const Timestamp> times, std::span<const double> values, std::string& out);

}  // namespace tocsin::chunkenc
