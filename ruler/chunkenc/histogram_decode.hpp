#pragma once
// Reading histogram chunks.

#include <cstdint>
#include <string_view>

#include "storage/storage.hpp"

namespace tocsin::chunkenc {

/// What stands in front of the samples of a histogram chunk says of its first one.
enum class ResetHeader : std::uint8_t {
  kUnknown = 0,
  kNotReset = 0x40,
  kReset = 0x80,
  kGauge = 0xc0,
};
inline constexpr std::uint8_t kResetHeaderMask = 0xc0;

struct HistogramChunk {
  std::string_view bits;  // from the layout on
  std::size_t count = 0;
  ResetHeader header = ResetHeader::kUnknown;
  bool integers = true;
  bool has_starts = false;
  std::uint8_t start_header = 0;
};

/// Appends the samples to `out`: histograms, their times, 0 as values, and starts if there are any. Counter reset hints
/// are Prometheus': gauges say so; a chunk holds no reset, so all but its first are kNotReset; of the first nothing is
/// sure, since the chunk before may be gone (Prometheus tsdb/chunkenc/histogram_meta.go, counterResetHint).
/// @return false if the bytes are no such samples; `out` may then have grown.
bool decode_histograms(const HistogramChunk& chunk, storage::SampleColumns& out);

}  // namespace tocsin::chunkenc
