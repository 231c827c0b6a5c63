#pragma once
// What rate() and its like want to know of windows of a series: the first and the last sample of each, how many there
// are, and where a counter was reset. Who has chunks finds that without taking all of their samples.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/storage.hpp"

namespace tocsin::storage {

/// Of floats; staleness markers are passed over.
struct WindowEnds {
  struct Window {
    std::uint32_t count = 0;
    Timestamp first_time = 0, last_time = 0;
    double first = 0, last = 0;
  };
  /// The sample at `time` is smaller than the one before it, which is in the same window.
  struct Reset {
    Timestamp time = 0;
    double before = 0;
  };
  std::vector<Window> windows;  // one for each that was asked for
  std::vector<Reset> resets;    // in order
  std::size_t decoded = 0;      // samples that were looked at
};

/// Puts together what parts of a series say, in order of time. Thread: one.
class WindowEndsBuilder {
 public:
  /// @param windows  in order, not overlapping. Lives as long as this, as does `out`, which is replaced.
  WindowEndsBuilder(std::span<const TimeRange> windows, WindowEnds& out);

  std::span<const TimeRange> windows() const { return windows_; }
  /// Samples that are later than all before.
  void add(std::span<const Timestamp> times, std::span<const double> values);
  /// Samples in a row of window number `window`, not one of which is smaller than the one before, later than all
  /// before. Of the last one time and value need not be known if more of the window follows: then they lie between the
  /// others.
  void add_rising(std::size_t window, const WindowEnds::Window& samples);
  void note_decoded(std::size_t samples) { out_.decoded += samples; }

 private:
  void add_float(std::span<const Timestamp> times, std::span<const double> values);

  std::span<const TimeRange> windows_;
  WindowEnds& out_;
  std::size_t at_ = 0;  // the first window that does not end before what comes next
  std::vector<Timestamp> times_;
  std::vector<double> values_;
};

/// Beside SeriesSet.
class WindowEndsReader {
 public:
  virtual ~WindowEndsReader() = default;
  /// Of the series at hand. Replaces `out`. @param windows  within the time of the querier, in order, not overlapping.
  /// @return false: samples are to be read (histograms, samples of several sources side by side, damage), nothing is
  /// said.
  virtual Result<bool> window_ends(std::span<const TimeRange> windows, WindowEnds& out) = 0;
};

}  // namespace tocsin::storage
