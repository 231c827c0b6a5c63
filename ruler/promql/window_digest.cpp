#include "promql/window_digest.hpp"

#include <algorithm>
#include <cmath>

#include "model/sample.hpp"

namespace tocsin::promql {
namespace {

/// The mean may be so many standard deviations away from zero; farther away, rounding of the mean shows in the spread.
constexpr double kMaxMeanToDeviation = 1000;

bool changed(double before, double now) {
  return now != before && !(std::isnan(now) && std::isnan(before));
}

}  // namespace

void WindowDigest::reset(const DigestNeeds& needs) {
  needs_ = needs;
  if (needs_.spread) needs_.sum = true;
  if (needs_.sum) needs_.extremes = true;
  complete_ = true;
  count = 0;
  reset_values.clear();
  changes = resets = 0;
  sum = {};
  m2 = 0;
}

/// What happens between the last sample so far and the first of the next part.
void WindowDigest::join(Timestamp at, double value) {
  if (count == 0) {
    first_time = at;
    first = min = max = value;
    return;
  }
  if (value < last) {
    ++resets;
    if (needs_.reset_values) reset_values.push_back(last);
  }
  if (changed(last, value)) ++changes;
}

void WindowDigest::add_transitions(std::span<const double> values) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (needs_.reset_values && values[i] < values[i - 1]) reset_values.push_back(values[i - 1]);
    if (!needs_.transitions) continue;
    if (values[i] < values[i - 1]) ++resets;
    if (changed(values[i - 1], values[i])) ++changes;
  }
}

/// Chan's formula. `sum` does not have the new part yet.
void WindowDigest::add_spread(std::uint32_t more, double more_sum, double more_m2) {
  m2 += more_m2;
  if (count == 0) return;
  const double distance = more_sum / more - sum.value() / count;
  m2 += distance * distance * (static_cast<double>(count) * more / (static_cast<double>(count) + more));
}

void WindowDigest::add(std::span<const Timestamp> times, std::span<const double> values) {
  bool stale = false;
  for (const double value : values) stale = stale || model::is_stale(value);
  if (stale) {
    times_.clear();
    values_.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (model::is_stale(values[i])) continue;
      times_.push_back(times[i]);
      values_.push_back(values[i]);
    }
    times = times_;
    values = values_;
  }
  if (values.empty()) return;

  join(times.front(), values.front());
  if (needs_.reset_values || needs_.transitions) add_transitions(values);
  if (needs_.extremes) {
    for (const double value : values) {
      if (value < min || std::isnan(min)) min = value;
      if (value > max || std::isnan(max)) max = value;
    }
  }
  if (needs_.spread) {
    KahanSum part;
    for (const double value : values) part.add(value);
    const double mean = part.value() / static_cast<double>(values.size());
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    add_spread(static_cast<std::uint32_t>(values.size()), part.value(), squares);
  }
  if (needs_.sum) {
    for (const double value : values) sum.add(value);
  }
  last_time = times.back();
  last = values.back();
  count += static_cast<std::uint32_t>(values.size());
}

void WindowDigest::add(const storage::ChunkSummary& s) {
  if (s.count == 0) return;
  join(s.first_at, s.first);
  changes += s.changes;
  resets += s.resets;
  if (needs_.reset_values) {
    complete_ = complete_ && s.has_reset_values();
    reset_values.insert(reset_values.end(), s.reset_values.begin(), s.reset_values.end());
  }
  if (s.min < min || std::isnan(min)) min = s.min;
  if (s.max > max || std::isnan(max)) max = s.max;
  if (needs_.spread) add_spread(s.count, s.sum, s.m2);
  if (needs_.sum) sum.add({s.sum, s.sum_error});
  last_time = s.last_at;
  last = s.last;
  count += s.count;
}

bool WindowDigest::answers() const {
  if (!complete_) return false;
  if (!needs_.sum || count == 0) return true;
  // A scan must not overflow on its way either.
  const double greatest = std::max(std::abs(min), std::abs(max));
  if (!std::isfinite(sum.value()) || !std::isfinite(greatest * count)) return false;
  if (!needs_.spread || (m2 == 0 && min == max)) return true;
  const double mean = sum.value() / count;
  return std::isfinite(m2) && mean * mean * count <= kMaxMeanToDeviation * kMaxMeanToDeviation * m2;
}

}  // namespace tocsin::promql
