#pragma once
// Open chunks of float samples: the bits of an XOR chunk (chunkenc/xor.hpp) are written into a chain of blocks, and are
// at its end the bytes that a block of Prometheus holds. The count is not in the chain; chunk files put it in front.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "tsdb/block_arena.hpp"
#include "tsdb/hot_series.hpp"

namespace tocsin::tsdb {

inline constexpr unsigned kChunkSamples = 120;

/// True if a sample at `t` can follow in the same chunk (its distance fits).
inline bool xor_fits(const HotSeries& series, Timestamp t) {
  return series.count == 0 || t - series.last_time <= 0x7fffffff;
}

/// How many series before its own a sample is announced: about as many as are in flight between memory and a core.
inline constexpr std::size_t kPrefetchAhead = 8;

/// A sample will be appended soon. Without it, each of a target's series waits for its own line of memory in turn.
inline void xor_prefetch(const HotSeries& series, const BlockArena& arena) {
  arena.prefetch(series.block);
}

/// Appends a sample; `t` is after last_time unless the chunk is empty. Sets last_time and last_value.
void xor_append(HotSeries& series, BlockArena& arena, Timestamp t, double value);

/// Appends the bytes of the chain to `out`.
void xor_copy(const HotSeries& series, const BlockArena& arena, std::string& out);

/// Gives the blocks back and empties the chunk; last_time and last_value stay.
void xor_clear(HotSeries& series, BlockArena& arena);

/// Time of the first sample. The chunk is not empty.
Timestamp xor_first_time(const HotSeries& series, const BlockArena& arena);

}  // namespace tocsin::tsdb
