#pragma once
// Points in time and durations as the whole house uses them.

#include <chrono>
#include <cstdint>
#include <limits>

namespace tocsin {

/// Milliseconds since the Unix epoch (UTC), as in Prometheus' model.
using Timestamp = std::int64_t;
inline constexpr Timestamp kMinTimestamp = std::numeric_limits<std::int64_t>::min();
inline constexpr Timestamp kMaxTimestamp = std::numeric_limits<std::int64_t>::max();

using Duration = std::chrono::nanoseconds;
/// Monotonic time since an arbitrary start; only differences mean something.
using MonoTime = std::chrono::nanoseconds;

inline constexpr std::int64_t to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
inline constexpr double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace tocsin
