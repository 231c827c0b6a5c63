#include "storage/window_ends.hpp"

#include <algorithm>

#include "model/sample.hpp"

namespace tocsin::storage {
namespace {

bool any_stale(std::span<const double> values) {
  return std::ranges::any_of(values, [](double value) { return model::is_stale(value); });
}

}  // namespace

WindowEndsBuilder::WindowEndsBuilder(std::span<const TimeRange> windows, WindowEnds& out)
    : windows_(windows), out_(out) {
  out_.windows.assign(windows.size(), {});
  out_.resets.clear();
  out_.decoded = 0;
}

void WindowEndsBuilder::add(std::span<const Timestamp> times, std::span<const double> values) {
  out_.decoded += times.size();
  if (!any_stale(values)) return add_float(times, values);
  times_.clear();
  values_.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (model::is_stale(values[i])) continue;
    times_.push_back(times[i]);
    values_.push_back(values[i]);
  }
  add_float(times_, values_);
}

void WindowEndsBuilder::add_float(std::span<const Timestamp> times, std::span<const double> values) {
  std::size_t next = 0;
  while (next < times.size()) {
    while (at_ < windows_.size() && windows_[at_].end < times[next]) ++at_;
    if (at_ == windows_.size()) return;
    while (next < times.size() && times[next] < windows_[at_].start) ++next;
    // A run ends where a counter is reset.
    for (std::size_t first = next; next < times.size() && times[next] <= windows_[at_].end; first = next) {
      do {
        ++next;
      } while (next < times.size() && times[next] <= windows_[at_].end && !(values[next] < values[next - 1]));
      add_rising(at_, {static_cast<std::uint32_t>(next - first), times[first], times[next - 1], values[first],
                       values[next - 1]});
    }
  }
}

void WindowEndsBuilder::add_rising(std::size_t window, const WindowEnds::Window& samples) {
  WindowEnds::Window& all = out_.windows[window];
  if (all.count == 0) {
    all = samples;
    return;
  }
  if (samples.first < all.last) out_.resets.push_back({samples.first_time, all.last});
  all.count += samples.count;
  all.last_time = samples.last_time;
  all.last = samples.last;
}

}  // namespace tocsin::storage
