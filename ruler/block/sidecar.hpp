#pragma once
// File `tocsin.summaries` of a block: what Prometheus' format has no place for. For each series, in order of the index:
// a summary of each float chunk, one for the whole block, and the start timestamps of samples that have one.
// docs/format/sidecar.md draws the bytes. A block without the file, or with a damaged one, works: chunks are read.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "chunkenc/chunk.hpp"
#include "storage/storage.hpp"

namespace tocsin::block {

inline constexpr const char* kSidecarFile = "tocsin.summaries";

/// Thread: one. Memory: an offset for each series.
class SidecarWriter {
 public:
  /// The file is made at the first add().
  SidecarWriter(Fs& fs, std::string path);
  ~SidecarWriter();
  /// The next series, with its ref in the index.
  Result<void> add(std::uint64_t series_ref, std::span<const chunkenc::EncodedChunk> chunks);
  /// @param index_crc  of the index's table of contents: the sidecar is of this index and no other.
  Result<void> finish(std::uint32_t index_crc);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What is known of the chunks of one series; in order, as many as the index names.
struct SeriesSummaries {
  std::vector<storage::ChunkSummary> chunks;  // count 0: a histogram chunk, to be read
  storage::ChunkSummary whole;                // of all of them; count 0 if one has to be read
};

/// Mapped. Immutable. Thread: any.
class SidecarReader {
 public:
  /// @return kCorrupt, kNotFound; also kCorrupt if it belongs to another index.
  static Result<std::unique_ptr<SidecarReader>> open(Fs& fs, const std::string& path, std::uint32_t index_crc);
  ~SidecarReader();
  /// Replaces `out`. False if it has nothing of the series (or that part is damaged).
  bool summaries(std::uint64_t series_ref, SeriesSummaries& out) const;
  /// The block-level summary alone.
  bool whole(std::uint64_t series_ref, storage::ChunkSummary& out) const;
  /// Whether some sample of the block has a start timestamp.
  bool has_starts() const;
  /// Start timestamps of chunk number `chunk` of a series; false if none has one.
  bool starts(std::uint64_t series_ref, std::size_t chunk, std::vector<Timestamp>& out) const;

 private:
  struct Impl;
  explicit SidecarReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::block
