#pragma once
// Float samples in Prometheus' second XOR encoding, which newer Prometheus may write and we only read:
//   start header u8 | t0 varint | v0 f64 | [start] | dt uvarint | v1 xor2 | [start] | then per sample: one control for
//   both the delta of deltas and the value, [start]
// A stale marker takes a control of its own and leaves the value that the next one is coded against.
// Source: Prometheus tsdb/docs/format/chunks.md, "XOR2 chunk data"; xor2.go.

#include <cstdint>
#include <string_view>

#include "storage/storage.hpp"

namespace tocsin::chunkenc {

/// Appends `count` samples of `bytes` (behind the count) to times, values and, where there are any, starts.
/// @return false if the bytes are no such samples; `out` may then have grown.
bool xor2_decode(std::string_view bytes, std::size_t count, storage::SampleColumns& out);

}  // namespace tocsin::chunkenc
