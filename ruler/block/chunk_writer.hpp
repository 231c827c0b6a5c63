#pragma once
// Writes the folder `chunks` of a block; see chunk_reader.hpp for the bytes.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "block/buffered_file.hpp"
#include "chunkenc/chunk.hpp"

namespace tocsin::block {

/// Thread: one.
class ChunkWriter {
 public:
  /// The folder exists and is empty.
  ChunkWriter(Fs& fs, std::string folder, std::uint64_t segment_bytes)
      : fs_(fs), folder_(std::move(folder)), segment_bytes_(segment_bytes) {}
  /// @return the ref of the chunk: ascending.
  Result<std::uint64_t> add(const chunkenc::EncodedChunk& chunk);
  Result<void> finish();

 private:
  Result<void> next_segment();

  Fs& fs_;
  const std::string folder_;
  const std::uint64_t segment_bytes_;
  std::uint64_t segments_ = 0;
  std::optional<BufferedFile> file_;
  std::string record_;
};

}  // namespace tocsin::block
