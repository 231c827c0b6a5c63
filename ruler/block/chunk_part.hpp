#pragma once
// A part of a chunk of floats: what is before it is passed over from a restart point on, what is behind it is left.

#include <cstdint>
#include <string_view>
#include <vector>

#include "block/block.hpp"
#include "storage/storage.hpp"

namespace tocsin::block {

/// About how many of the samples of a chunk are before a time, if they are evenly spread.
std::size_t about_before(const ChunkMeta& chunk, std::uint32_t samples, Timestamp time);

/// Thread: one. Keeps its memory from chunk to chunk.
class ChunkPart {
 public:
  /// Appends all samples within [start, end], and some around them.
  /// @param data  of a chunk of kXor of the series.
  /// @return false: it is to be read as a whole (it is short, all of it is wanted, its samples are not evenly spread,
  /// it is damaged); the columns are then as before.
  bool append(const Block& block, SeriesRef series, const ChunkMeta& chunk, std::string_view data, Timestamp start,
              Timestamp end, storage::SampleColumns& out);

 private:
  struct Range {
    std::uint32_t from = 0, to = 0;  // samples, by number
  };
  static Range range_of(const ChunkMeta& chunk, std::uint32_t samples, Timestamp start, Timestamp end);
  /// Behind so many samples. @return false if the chunk is damaged.
  bool find_place(const Block& block, SeriesRef series, const ChunkMeta& chunk, std::string_view data,
                  std::uint32_t samples, chunkenc::XorPlace& out);

  std::vector<Timestamp> times_;  // that are passed over
  std::vector<double> values_;
};

}  // namespace tocsin::block
