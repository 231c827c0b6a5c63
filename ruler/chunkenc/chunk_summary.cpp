#include "chunkenc/chunk_summary.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "model/sample.hpp"

namespace tocsin::chunkenc {
namespace {

using storage::ChunkSummary;

ChunkSummary of_times(Timestamp first, Timestamp last) {
  ChunkSummary s;
  s.first_time = s.first_at = first;
  s.last_time = s.last_at = last;
  return s;
}

/// A compensated sum (Neumaier): the same additions as PromQL's.
struct Sum {
  double sum = 0, error = 0;

  void add(double x) {
    const double t = sum + x;
    error += std::abs(sum) >= std::abs(x) ? (sum - t) + x : (x - t) + sum;
    sum = t;
  }

  /// The nearest double, and what is missing from it. The rest is kept with the digits of a float: together 77 bits.
  void store(ChunkSummary& s) const {
    s.sum = sum + error;
    s.sum_error = 0;
    if (!std::isfinite(s.sum)) {
      s.sum = sum;
      return;
    }
    const double part = s.sum - sum;
    const double rest = (sum - (s.sum - part)) + (error - part);
    const double magnitude = std::abs(rest);
    const bool fits = magnitude >= std::numeric_limits<float>::min() && magnitude <= std::numeric_limits<float>::max();
    s.sum_error = fits ? static_cast<double>(static_cast<float>(rest)) : rest;
  }
};

bool changed(double before, double now) {
  return now != before && !(std::isnan(now) && std::isnan(before));
}

/// As PromQL adds up: the difference, then what each reset took away, in order.
double increase_of(const ChunkSummary& s, std::span<const double> reset_values) {
  double increase = s.last - s.first;
  for (const double value : reset_values) increase += value;
  return increase;
}

/// The squares of the distances from s.mean, which is off by its rounding: what that adds is taken away again.
double squares_of(const ChunkSummary& s, std::span<const double> values) {
  double squares = 0;
  double distances = 0;
  for (const double v : values) {
    if (model::is_stale(v)) continue;
    const double distance = v - s.mean;
    squares += distance * distance;
    distances += distance;
  }
  const double m2 = squares - distances * distances / s.count;
  return m2 < 0 ? 0 : m2;
}

void keep_reset_values(ChunkSummary& s) {
  if (s.reset_values.size() > ChunkSummary::kMaxResetValues) s.reset_values.clear();
}

}  // namespace

ChunkSummary summarise(std::span<const Timestamp> times, std::span<const double> values) {
  ChunkSummary s = of_times(times.front(), times.back());
  Sum sum;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    if (std::isnan(v)) {
      if (model::is_stale(v)) {
        s.has_stale = true;
        continue;
      }
      s.has_nan = true;
    }
    if (s.count == 0) {
      s.first_at = times[i];
      s.first = s.min = s.max = v;
    } else {
      if (changed(s.last, v)) ++s.changes;
      if (v < s.last) s.reset_values.push_back(s.last);
      if (v < s.min || std::isnan(s.min)) s.min = v;
      if (v > s.max || std::isnan(s.max)) s.max = v;
    }
    s.last_at = times[i];
    s.last = v;
    ++s.count;
    sum.add(v);
  }
  if (s.count == 0) return s;
  s.resets = static_cast<std::uint32_t>(s.reset_values.size());
  s.increase = increase_of(s, s.reset_values);
  keep_reset_values(s);
  sum.store(s);
  s.mean = s.sum / s.count;
  s.m2 = squares_of(s, values);
  return s;
}

ChunkSummary combine(const ChunkSummary& a, const ChunkSummary& b) {
  const bool countable = std::uint64_t{a.count} + b.count <= std::numeric_limits<std::uint32_t>::max();
  if (!a.known() || !b.known() || !countable) return of_times(a.first_time, b.last_time);
  ChunkSummary s = a.count == 0 && b.count == 0 ? of_times(a.first_time, b.last_time) : b.count == 0 ? a : b;
  s.first_time = a.first_time;
  s.last_time = b.last_time;
  s.has_stale = a.has_stale || b.has_stale;
  if (a.count == 0 || b.count == 0) return s;

  const bool reset = b.first < a.last;
  s.first_at = a.first_at;
  s.first = a.first;
  s.count = a.count + b.count;
  s.has_nan = a.has_nan || b.has_nan;
  s.changes = a.changes + b.changes + (changed(a.last, b.first) ? 1 : 0);
  s.resets = a.resets + b.resets + (reset ? 1 : 0);
  s.min = b.min < a.min || std::isnan(a.min) ? b.min : a.min;
  s.max = b.max > a.max || std::isnan(a.max) ? b.max : a.max;
  s.reset_values.clear();
  if (a.has_reset_values() && b.has_reset_values()) {
    s.reset_values = a.reset_values;
    if (reset) s.reset_values.push_back(a.last);
    s.reset_values.insert(s.reset_values.end(), b.reset_values.begin(), b.reset_values.end());
    s.increase = increase_of(s, s.reset_values);
  } else {
    s.increase = a.increase + (reset ? b.first : b.first - a.last) + b.increase;
  }
  keep_reset_values(s);

  Sum sum{a.sum, a.sum_error + b.sum_error};
  sum.add(b.sum);
  sum.store(s);
  s.mean = s.sum / s.count;
  const double distance = b.mean - a.mean;
  s.m2 = a.m2 + b.m2 + distance * distance * (static_cast<double>(a.count) * b.count / s.count);
  return s;
}

}  // namespace tocsin::chunkenc
