#pragma once
// Start timestamps of counters: when a sample's counting began. Source: Prometheus promql/functions.go,
// isStartTimestampReset and checkStartTimeOverlap.

#include "base/time.hpp"

namespace tocsin::promql {

/// A sample whose count began after the sample before it was taken is the first after a reset. 0 is unknown, and so is
/// a start at or behind its own sample (OpenTelemetry writes start == time for "unknown"). A start exactly at the
/// sample before it means a delta series, unless that one's start is unknown.
inline bool is_start_time_reset(Timestamp previous_start, Timestamp previous, Timestamp start, Timestamp t) {
  if (start == 0 || start >= t || start < previous) return false;
  if (start > previous) return true;
  return previous_start != 0 && previous_start < previous;
}

/// Counting began before the sample before it was taken, and not with it: the source contradicts itself.
inline bool is_start_time_overlap(Timestamp previous_start, Timestamp previous, Timestamp start) {
  return start != 0 && start < previous && start != previous_start;
}

}  // namespace tocsin::promql
