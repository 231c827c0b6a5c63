#pragma once
// Chunks as Prometheus' blocks hold them: an encoding, and bytes with the count of samples in front (u16 big-endian).
// All are read; written are XOR, histogram and float histogram chunks, which every Prometheus since 2.40 reads.
// Source: Prometheus tsdb/chunkenc; tsdb/docs/format/chunks.md.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "storage/storage.hpp"

namespace tocsin::chunkenc {

enum class Encoding : std::uint8_t {
  kXor = 1,
  kHistogram = 2,       // integer counts
  kFloatHistogram = 3,  // float counts
  kXor2 = 4,            // read only, as the two below: with start timestamps
  kHistogramSt = 5,
  kFloatHistogramSt = 6,
};
bool is_encoding(std::uint8_t byte);

/// Samples that a chunk says it has; 0 if `data` is too short to say.
std::uint32_t sample_count(Encoding encoding, std::string_view data);

/// Appends the samples of a chunk to the columns (`starts` and `histograms` grow only if the chunk has such, and are
/// then padded to the length of `times`; the value of a histogram is 0). Times must rise within the chunk.
/// The counter reset hint of a sample is about the one before it in its chunk, kUnknown for the first (kGauge in a
/// chunk of gauges): who puts samples of other chunks between them makes the hints there kUnknown. A stale histogram is
/// nothing but a sum with the stale bits. Histograms of integer counts have `integer` set.
/// Memory: what it takes is bounded by a multiple of `data`, which may have 4 MiB.
/// @return false if the bytes are no such chunk: the columns are then as before. Thread: any.
bool decode_chunk(Encoding encoding, std::string_view data, storage::SampleColumns& out);
/// The same for several chunks of kXor, one after the other: quicker than each alone. Whether times rise from one chunk
/// to the next is not asked. @return false if one of them is none: the columns are then as before.
bool decode_xor_chunks(std::span<const std::string_view> chunks, storage::SampleColumns& out);

/// The first samples of a chunk of kXor.
struct XorHead {
  std::string_view data;
  std::uint32_t samples = 0;  // at most sample_count()
};
/// Several of them, one after the other, into columns as long as they are together. Times must rise within each.
/// @return false if one of them is none. Thread: any.
bool decode_xor_heads(std::span<const XorHead> heads, std::span<Timestamp> times, std::span<double> values);

/// A place between two samples of a chunk of kXor, and what decoding goes on with from there.
struct XorPlace {
  std::uint32_t samples = 0;  // before it; 0: the beginning of the chunk, else two at least
  std::uint32_t bit = 0;      // behind the count of samples
  Timestamp time = 0;         // of the sample before it, as all that follows
  std::int64_t delta = 0;
  std::uint64_t value = 0;
  std::uint8_t size = 0, trailing = 0;  // of the window in which bits change
};
/// Decodes what comes behind `place`, which is of this chunk, and moves it: as many samples as the columns, of one
/// length, have room for; two at least from the beginning. Times must rise, also from the one before.
/// @return false if there are not so many, or it is no such chunk: the place is then void. Thread: any.
bool decode_xor_on(std::string_view data, XorPlace& place, std::span<Timestamp> times, std::span<double> values);

/// A chunk to be written. `summary` and `starts` go to a sidecar that other tools ignore (block/sidecar.hpp).
struct EncodedChunk {
  Encoding encoding = Encoding::kXor;
  Timestamp first_time = 0, last_time = 0;
  std::uint32_t count = 0;
  std::string data;  // with the count in front
  storage::ChunkSummary summary;
  std::vector<Timestamp> starts;  // of each sample, or empty if none has one
};

struct CutOptions {
  std::size_t max_samples = 120;
  std::size_t max_histogram_bytes = 1024;  // a histogram chunk that has these, and 10 samples, gets no more
};

/// Appends samples [from, to) of columns, whose times rise, to `out`, in as few chunks as the options and the kinds of
/// samples allow; a run of floats in chunks of even length. Floats, integer histograms and float histograms go to
/// chunks of their own; a histogram chunk ends where its layout (schema, zero threshold, bounds) changes, a counter is
/// reset, or gauges and counters meet, as in Prometheus' head; buckets that come and go do not end it. Histograms are
/// valid (model::validate); integer ones whose counts are no integers that a double tells apart go to float chunks.
/// Start timestamps are kept in EncodedChunk::starts alone. Summaries are made of float chunks; that of a histogram
/// chunk has nothing but its times. Thread: any.
void encode_chunks(const storage::SampleColumns& in, std::size_t from, std::size_t to, const CutOptions& options,
                   std::vector<EncodedChunk>& out);

}  // namespace tocsin::chunkenc
