#pragma once
// What range functions need to know of a window of floats, put together from summaries of chunks and from samples, in
// order of time. The answer is that of a scan of all samples: to the bit but for sums whose order of additions matters
// (sum + c is then off by a rounding of the exact sum, as that of the scan is) and the spread (1e-12).

#include <cstdint>
#include <span>
#include <vector>

#include "base/kahan.hpp"
#include "base/time.hpp"
#include "storage/storage.hpp"
#include "storage/window_ends.hpp"

namespace tocsin::promql {

/// The parts of a digest that cost something. Count, first and last are always there.
struct DigestNeeds {
  bool reset_values = false;
  bool transitions = false;  // changes, resets
  bool extremes = false;
  bool sum = false;     // and the extremes
  bool spread = false;  // and the sum
};

/// Thread: one. Reused from window to window: reset() keeps the memory.
class WindowDigest {
 public:
  void reset(const DigestNeeds& needs);
  /// Staleness markers are passed over. There are no histograms among the samples.
  void add(std::span<const Timestamp> times, std::span<const double> values);
  void add(const storage::ChunkSummary& summary);
  /// In place of reset() and add(), where no more is needed than that; `reset_values` are empty.
  void set_ends(const storage::WindowEnds::Window& window) {
    count = window.count;
    first_time = window.first_time;
    last_time = window.last_time;
    first = window.first;
    last = window.last;
    reset_values.clear();
  }
  /// False if a scan of all samples may find something else: what is needed is not all known, not finite, or (for the
  /// spread) so small beside the mean that the digits of both ways differ.
  bool answers() const;

  std::uint32_t count = 0;
  Timestamp first_time = 0, last_time = 0;  // of the samples first and last
  double first = 0, last = 0;
  std::vector<double> reset_values;  // right before each reset
  std::uint32_t changes = 0, resets = 0;
  double min = 0, max = 0;
  KahanSum sum;
  double m2 = 0;  // squares of the distances from the mean

 private:
  void join(Timestamp at, double value);
  void add_transitions(std::span<const double> values);
  void add_spread(std::uint32_t more, double more_sum, double more_m2);

  DigestNeeds needs_;
  bool complete_ = true;
  std::vector<Timestamp> times_;  // of add(), when there are staleness markers to pass over
  std::vector<double> values_;
};

}  // namespace tocsin::promql
