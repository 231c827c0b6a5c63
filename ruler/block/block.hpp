#pragma once
// A block of Prometheus' format, opened for reading: meta.json, index (versions 1 to 3), chunks, tombstones, and our
// sidecar if it is there. Everything is mapped; opening reads the tables of symbols and postings, no series.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "block/meta.hpp"
#include "block/tombstones.hpp"
#include "chunkenc/chunk.hpp"
#include "model/labels.hpp"
#include "model/matcher.hpp"
#include "storage/storage.hpp"

namespace tocsin::block {

class IndexReader;
class ChunkReader;
class RestartPoints;
class SidecarReader;

/// Names a series of one block, as postings and tombstones do. Ascending refs are ascending labels.
using SeriesRef = std::uint32_t;

struct ChunkMeta {
  Timestamp min_time = 0, max_time = 0;  // both included
  std::uint64_t ref = 0;                 // segment << 32 | offset
};

/// A chunk as it lies in its segment; views the block.
struct ChunkData {
  chunkenc::Encoding encoding = chunkenc::Encoding::kXor;  // whatever byte stands there: ask is_encoding()
  std::string_view data;
};

/// Immutable but for its tombstones, which are replaced as a whole. Thread: any. Views live as long as the block.
class Block {
 public:
  /// @return kCorrupt (with file, offset and reason) if something that every reader needs is missing or damaged: then
  /// the block is to be set aside; kIo.
  static Result<std::shared_ptr<Block>> open(Fs& fs, std::string path);
  ~Block();

  const std::string& path() const { return path_; }
  /// As it was opened; ask tombstones() for their number now.
  const Meta& meta() const { return meta_; }
  /// Bytes of all its files, ours included.
  std::uint64_t bytes() const;
  int index_version() const;

  /// Ascending refs of the series that match all. @return kCorrupt
  Result<std::vector<SeriesRef>> select(std::span<const model::Matcher> matchers) const;
  /// Replaces both. The checksum is compared. @return kCorrupt. Either may be null.
  Result<void> series(SeriesRef ref, model::Labels* labels, std::vector<ChunkMeta>* chunks) const;
  /// The checksum is compared. @return kCorrupt
  Result<ChunkData> chunk(std::uint64_t ref) const;
  /// Sorted by bytes.
  Result<std::vector<std::string>> label_names() const;
  Result<std::vector<std::string>> label_values(std::string_view name) const;
  /// All symbols in order.
  Result<void> symbols(const std::function<void(std::string_view)>& each) const;

  /// What is known of the chunks of a series without reading them; nullptr if the block has no sidecar.
  const SidecarReader* sidecar() const { return sidecar_.get(); }
  /// Why a sidecar that is there is not used, "" if it is: the block works without it.
  const std::string& sidecar_defect() const { return sidecar_defect_; }

  std::shared_ptr<const Tombstones> tombstones() const;
  /// Adds the intervals, durably; then puts their count into meta.json, if it can: tombstones() counts.
  /// @return kIo: nothing changed; or all is deleted and a power cut may undo it, as the message then says.
  Result<void> remove(const Tombstones& more);

  /// Reads everything: every series, every chunk, all checksums, order of labels and times, that postings are those of
  /// the series and summaries those of the samples. Tells each defect. @return the number of defects.
  std::size_t verify(const std::function<void(std::string)>& defect) const;

  /// Of chunks that could not be read: true the first time that one is named, and then it counts.
  bool note_damaged(std::uint64_t chunk_ref) const;
  std::size_t damaged_chunks() const;

  const IndexReader& index() const { return *index_; }
  const ChunkReader& chunks() const { return *chunks_; }
  /// Of all readers together.
  RestartPoints& restart_points() const { return *restart_points_; }
  /// Memory that readers have left behind.
  std::size_t restart_points_bytes() const;

 private:
  Block();
  Fs* fs_ = nullptr;
  std::string path_;
  Meta meta_;
  std::uint64_t fixed_bytes_ = 0;  // of all files but tombstones
  std::unique_ptr<IndexReader> index_;
  std::unique_ptr<ChunkReader> chunks_;
  std::unique_ptr<SidecarReader> sidecar_;
  std::unique_ptr<RestartPoints> restart_points_;
  std::string sidecar_defect_;
  struct Changing;
  std::unique_ptr<Changing> changing_;
};

/// The block as a store, without what tombstones take away. Ids of its series are refs. It holds the block while it
/// lives. A damaged chunk is left out of the answer, counted and told once (`damaged`, which may be empty), as is one
/// of an unknown encoding; a damaged series ends a selection with kCorrupt. Thread: as storage::Querier.
std::unique_ptr<storage::Querier> make_block_querier(std::shared_ptr<const Block> block, Timestamp start, Timestamp end,
                                                     std::function<void(std::string)> damaged);

}  // namespace tocsin::block
