#pragma once
// What is kept of a completed chunk beside its samples: see storage::ChunkSummary for the meaning of each field.

#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/quick_reader.hpp"
#include "storage/storage.hpp"

namespace tocsin::chunkenc {

/// Of float samples in order of time; there is at least one.
storage::ChunkSummary summarise(std::span<const Timestamp> times, std::span<const double> values);

/// Of two neighbours, a before b, as if made from the samples of both. Exact, to the bit: counts, times, changes,
/// resets and their values, first, last, min, max, and increase while there are values of resets (else it is a sum of
/// sums). sum + sum_error is off by at most the rounding of sum_error; mean and m2 follow Chan's formula.
/// If one is unknown, so is the whole.
storage::ChunkSummary combine(const storage::ChunkSummary& a, const storage::ChunkSummary& b);

/// All but first_time, which the file has beside it. Bits are kept: decode(encode(s)) == s, for what the functions
/// above make. Values that follow from others take no bytes: a constant series takes 15 bytes, an integer counter
/// about 35.
void encode_summary(const storage::ChunkSummary& summary, std::string& out);
/// @param first_time  what the summary was made with. Failure shows in `in`.
/// A summary in the form of old files comes back as unknown, with its times.
storage::ChunkSummary decode_summary(Timestamp first_time, ByteReader& in);
/// @param out  a new one.
void decode_summary(Timestamp first_time, QuickReader& in, storage::ChunkSummary& out);

}  // namespace tocsin::chunkenc
