#pragma once
// Writes a block in Prometheus' format: index version 2, chunks in segments of at most 512 MiB, meta.json, and the
// sidecar of summaries and start timestamps that other tools ignore.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "block/meta.hpp"
#include "chunkenc/chunk.hpp"
#include "model/labels.hpp"

namespace tocsin::block {

/// Of the folder of a block that is being written; whoever opens the data directory removes such folders.
inline constexpr const char* kCreationSuffix = ".tmp-for-creation";

/// One block on its way to the disk, in `<folder>/<ulid>.tmp-for-creation` until finish(). Memory: the symbols, the
/// distinct label pairs, and 4 bytes for each label of each series. Thread: one. The destructor removes what was not
/// finished. After an error the writer is of no more use.
class Writer {
 public:
  struct Options {
    std::uint64_t segment_bytes = 512U << 20U;
    bool sidecar = true;
  };
  /// @param meta  ulid, times and compaction of the block; stats are counted.
  static Result<std::unique_ptr<Writer>> create(Fs& fs, std::string folder, Meta meta, Options options);
  virtual ~Writer() = default;

  /// All texts that labels will have, ascending by bytes, each once. Before the first series.
  virtual Result<void> symbols(std::span<const std::string_view> sorted) = 0;
  /// Series in ascending order of labels, chunks in order of time and within the block's.
  /// @return kInvalid if one of these does not hold, or a label is no symbol; kIo, kLimit
  virtual Result<void> add(const model::Labels& labels, std::span<const chunkenc::EncodedChunk> chunks) = 0;
  /// Writes the rest, syncs all and gives the block its name.
  /// @return its meta. A block without series is not made; stats.series is 0 then.
  virtual Result<Meta> finish() = 0;
};

}  // namespace tocsin::block
