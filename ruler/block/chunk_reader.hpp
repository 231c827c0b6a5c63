#pragma once
// Reads the folder `chunks` of a block: segments 000001, 000002, ... of
//   magic u32 | version u8 1 | 3 bytes | ( length uvarint | encoding u8 | data | crc u32 of encoding and data )*

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fs.hpp"
#include "block/block.hpp"

namespace tocsin::block {

/// Immutable. Thread: any. Errors name file and offset.
class ChunkReader {
 public:
  /// Maps all segments and checks their headers. @return kCorrupt, kIo
  static Result<std::unique_ptr<ChunkReader>> open(Fs& fs, const std::string& folder);
  /// @param ref  number of the segment (from 0, in order of names) << 32 | offset. @return kCorrupt
  Result<ChunkData> chunk(std::uint64_t ref) const;
  /// Tells the processor that the chunk will be wanted soon. Any ref.
  void prefetch(std::uint64_t ref) const;
  std::uint64_t bytes() const;

  struct Segment {
    std::string path;
    std::unique_ptr<MappedFile> file;
  };
  const std::vector<Segment>& segments() const { return segments_; }

 private:
  ChunkReader() = default;
  std::vector<Segment> segments_;
};

}  // namespace tocsin::block
