#pragma once
// Samples: a value at a time.

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>

#include "base/time.hpp"

namespace tocsin::model {

/// The bits that mark a series as stale, and those of an ordinary NaN.
/// Source: Prometheus model/value/value.go.
inline constexpr std::uint64_t kStaleNanBits = 0x7ff0000000000002ULL;
inline constexpr std::uint64_t kNormalNanBits = 0x7ff8000000000001ULL;
inline double stale_nan() {
  return std::bit_cast<double>(kStaleNanBits);
}
inline bool is_stale(double value) {
  return std::bit_cast<std::uint64_t>(value) == kStaleNanBits;
}

struct Sample {
  Timestamp t = 0;
  double v = 0;
  /// Equal bits, so that NaN equals NaN and stale differs from both.
  bool operator==(const Sample& o) const {
    return t == o.t && std::bit_cast<std::uint64_t>(v) == std::bit_cast<std::uint64_t>(o.v);
  }
};

struct FloatHistogram;  // histogram.hpp
using HistogramPtr = std::shared_ptr<const FloatHistogram>;

}  // namespace tocsin::model
