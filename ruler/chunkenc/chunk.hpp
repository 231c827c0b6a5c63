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
std::uint32_t sample_count(std::string_view data);

/// Appends the samples of a chunk to the columns (`starts` and `histograms` grow only if the chunk has such, and are
/// then padded to the length of `times`). Times must rise within the chunk.
/// @return false if the bytes are no such chunk: the columns are then as before. Thread: any.
bool decode_chunk(Encoding encoding, std::string_view data, storage::SampleColumns& out);

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
  std::size_t max_histogram_bytes = 1024;  // about: a histogram chunk that is larger is cut
};

/// Encodes samples [from, to) of columns, in as few chunks as the options and the kinds of samples allow, of even
/// length: floats, integer histograms and float histograms go to chunks of their own; a histogram chunk ends where its
/// layout (schema, zero threshold, bounds) changes or a counter is reset, as in Prometheus' head. Appends to `out`,
/// whose strings are reused if it was cleared with reuse() (a caller that writes many series keeps one).
/// Start timestamps are kept in EncodedChunk::starts alone. Summaries are made for float chunks.
void encode_chunks(const storage::SampleColumns& in, std::size_t from, std::size_t to, const CutOptions& options,
                   std::vector<EncodedChunk>& out);

}  // namespace tocsin::chunkenc
