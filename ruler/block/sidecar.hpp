#pragma once
// File `tocsin.summaries` of a block: what Prometheus' format has no place for. For each series, in order of the index:
// a summary of each float chunk, of each 16 chunks and of all, and the start timestamps of samples that have one. The
// summaries of all chunks of each series stand side by side: who walks over series reads consecutive memory.
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
#include "model/labels.hpp"
#include "storage/storage.hpp"

namespace tocsin::block {

inline constexpr const char* kSidecarFile = "tocsin.summaries";

/// Thread: one. Memory: an entry for each 16 series, and the records of the last thousand.
class SidecarWriter {
 public:
  /// The file is made at the first add().
  SidecarWriter(Fs& fs, std::string path);
  ~SidecarWriter();
  /// The next series, with its ref in the index.
  Result<void> add(std::uint64_t series_ref, const model::Labels& labels,
                   std::span<const chunkenc::EncodedChunk> chunks);
  /// @param index_crc  of the index's table of contents: the sidecar is of this index and no other.
  Result<void> finish(std::uint32_t index_crc);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where the record of a series stands that is perhaps the next one; at first: nowhere. Thread: one.
struct SidecarPlace {
  std::uint64_t number = 0, offset = 0;
};

/// What the record of a series says. Views the file.
struct SidecarSeries {
  std::uint32_t labels_crc = 0;  // of Labels::encoded()
  std::size_t chunks = 0;
  std::uint64_t details = 0;  // offset of what is known of groups, chunks and starts; 0: nothing
  std::string_view whole;     // the coded summary of all chunks
};

/// All summaries of a series.
struct SidecarSummaries {
  storage::ChunkSummary whole;
  std::vector<storage::ChunkSummary> groups, chunks;
};

/// Mapped. Immutable. Thread: any. What is damaged is passed over, as if it were not there: the chunks are read.
class SidecarReader {
 public:
  /// @return kCorrupt, kNotFound; also kCorrupt if it belongs to another index.
  static Result<std::unique_ptr<SidecarReader>> open(Fs& fs, const std::string& path, std::uint32_t index_crc);
  ~SidecarReader();
  /// @param place  if not nullptr: what the last call left there. The next series is quickly found.
  /// @return false if nothing is known of the series.
  bool find(std::uint64_t series_ref, SidecarSeries& out, SidecarPlace* place = nullptr) const;
  /// Appends to both: summaries of what the series has wholly within [start, end], as coarse as can be (all chunks, 16
  /// in a row, one), and the times at which chunks have to be read. See storage::ChunkSummarySet::summaries().
  /// @return false, and nothing appended, if nothing is known of the series.
  bool summaries(const SidecarSeries& series, Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                 std::vector<storage::TimeRange>& rest) const;
  /// Of all chunks of a series together; false if it is damaged.
  bool whole(const SidecarSeries& series, storage::ChunkSummary& out) const;
  /// All that stands there, to be compared; false if something is damaged.
  bool all_summaries(const SidecarSeries& series, SidecarSummaries& out) const;
  /// Whether some sample of the block has a start timestamp.
  bool has_starts() const;
  /// Replaces `out` by the start timestamps of chunk number `chunk` of a series; false if none has one.
  bool starts(std::uint64_t series_ref, std::size_t chunk, std::vector<Timestamp>& out) const;
  /// How many there are.
  std::uint64_t series() const;
  /// Bytes of the file.
  std::uint64_t bytes() const;

 private:
  struct Impl;
  explicit SidecarReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::block
