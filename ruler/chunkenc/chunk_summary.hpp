#pragma once
// What is kept of a completed chunk beside its samples: see storage::ChunkSummary for the meaning of each field.

#include <span>
#include <string>

#include "base/bytes.hpp"
#include "storage/storage.hpp"

namespace tocsin::chunkenc {

/// Of float samples in order of time; there is at least one.
storage::ChunkSummary summarise(std::span<const Timestamp> times, std::span<const double> values);

/// All but first_time, which the chunk file has beside it. Bits are kept: decode(encode(s)) == s.
/// Values that follow from others take no bytes: a constant series takes 6 bytes, an integer counter about 30.
void encode_summary(const storage::ChunkSummary& summary, std::string& out);
/// @param first_time  what the summary was made with. Failure shows in `in`.
storage::ChunkSummary decode_summary(Timestamp first_time, ByteReader& in);

}  // namespace tocsin::chunkenc
