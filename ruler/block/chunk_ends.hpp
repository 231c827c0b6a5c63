#pragma once
// The ends of windows in chunks of floats that never fall: of a chunk no more is decoded than up to the last edge of a
// window in it.

#include <cstdint>
#include <span>
#include <vector>

#include "block/block.hpp"
#include "chunkenc/chunk.hpp"
#include "storage/window_ends.hpp"

namespace tocsin::block {

/// Thread: one. Keeps its memory from series to series.
class ChunkEnds {
 public:
  /// @param chunks  of one series, in order of time; not one of their samples is smaller than the one before, NaN, or a
  ///                staleness marker.
  /// @return false if one of them is damaged or of another kind: what was added is void.
  bool add(const Block& block, std::span<const ChunkMeta> chunks, storage::WindowEndsBuilder& builder);

 private:
  /// A chunk that has something in some window.
  struct Piece {
    const ChunkMeta* chunk = nullptr;
    std::string_view data;
    std::uint32_t samples = 0;  // that it has
    std::uint32_t wanted = 0;   // of these, the first ones
    Timestamp edge = 0;         // one of those wanted is later, unless all are
    std::size_t window = 0;     // the first one that it reaches
  };

  /// @param next  the chunk behind it, nullptr: none.
  bool plan(const Block& block, const ChunkMeta& chunk, const ChunkMeta* next,
            std::span<const storage::TimeRange> windows);
  /// Decodes what was planned, and forgets it.
  bool take(storage::WindowEndsBuilder& builder);
  static void add(const Piece& piece, std::span<const Timestamp> times, std::span<const double> values,
                  storage::WindowEndsBuilder& builder);

  std::vector<Piece> pieces_;
  std::vector<chunkenc::XorHead> heads_;
  std::vector<Timestamp> times_, whole_times_;
  std::vector<double> values_, whole_values_;
  std::size_t window_ = 0;  // the first that does not end before the chunk at hand
};

}  // namespace tocsin::block
