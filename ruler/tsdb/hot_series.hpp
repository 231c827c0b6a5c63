#pragma once
// All that an append touches of a series, in half a cache line.

#include <cstdint>

#include "base/time.hpp"
#include "tsdb/block_arena.hpp"

namespace tocsin::tsdb {

/// No appender: the series has no sample yet, or its visibility is in its SeriesExtra alone.
inline constexpr std::uint16_t kNoSlot = 0xffff;

/// Written under the commit lock and the lock of its page; read under either of them, but for last_time and last_value,
/// which appenders look at with relaxed atomic loads and no lock.
struct HotSeries {
  Timestamp last_time = kMinTimestamp;  // that is: no sample yet
  double last_value = 0;

  // The open chunk: what its next sample is coded against (xor_chunk.hpp).
  std::int32_t last_delta = 0;
  std::uint32_t block = kNoBlock;   // the last of the chain
  std::uint32_t bits_used : 9 = 0;  // of the last block
  std::uint32_t leading : 5 = 31;   // window of the last coded difference; 31 and 63 together: none yet
  std::uint32_t trailing : 6 = 63;
  std::uint32_t count : 7 = 0;  // samples in it, bits or rows
  std::uint32_t rows : 1 = 0;   // it is in the SeriesExtra, not in blocks

  std::uint32_t first_cut : 1 = 0;      // its first chunk was completed
  std::uint32_t has_extra : 1 = 0;      // there is a SeriesExtra
  std::uint32_t value_unknown : 1 = 0;  // last_value was not loaded: it is in the chunk file

  std::uint16_t owner = kNoSlot;  // slot of the appender whose watermark says what is seen (visibility.hpp)
  std::uint8_t wal_seen = 0;      // code of the segment in which last_value was logged last, 0: none
  std::uint8_t open_segment = 0;  // code of the segment with the first sample of the open chunk
};
static_assert(sizeof(HotSeries) == 32);

}  // namespace tocsin::tsdb
