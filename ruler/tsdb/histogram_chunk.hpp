#pragma once
// The open chunk of a series of native histograms: bits as in a block, with the state that the next sample needs, and
// the start timestamps beside it as runs, since they change with the process that is scraped and not with the sample.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chunkenc/histogram_encoder.hpp"
#include "storage/storage.hpp"
#include "tsdb/chunk_record.hpp"

namespace tocsin::tsdb {

/// From sample number `from` on, the start is this.
struct StartRun {
  std::uint32_t from = 0;
  Timestamp start = 0;
};

/// Thread: as SeriesExtra, which owns it.
class OpenHistograms {
 public:
  using Fit = chunkenc::HistogramEncoder::Fit;

  std::uint32_t count() const { return static_cast<std::uint32_t>(encoder_.count()); }
  Timestamp first_time() const { return encoder_.first_time(); }
  ChunkEncoding encoding() const;
  const chunkenc::HistogramEncoder& encoder() const { return encoder_; }
  std::size_t bytes() const;  // of memory

  /// Whether a sample goes on in this chunk, of at most so many, and else what the header of the next one says.
  Fit judge(const model::FloatHistogram& histogram, unsigned most_samples) const;
  /// The first sample. @param before  what the chunk before said of it.
  void begin(Timestamp t, const model::FloatHistogram& histogram, Timestamp start, chunkenc::ResetHeader before);
  void append(Timestamp t, const model::FloatHistogram& histogram, Timestamp start);

  /// Appends the data of a chunk file: runs of starts, then the chunk as in a block.
  void encode(std::string& out) const;

 private:
  void note_start(Timestamp start);

  chunkenc::HistogramEncoder encoder_;
  std::vector<StartRun> starts_;  // none: no sample has one
};

/// Appends the samples of such data to the columns. @return false if it is none; the columns are then as before.
bool decode_histogram_chunk(ChunkEncoding encoding, std::string_view data, storage::SampleColumns& out);

}  // namespace tocsin::tsdb
