#pragma once
// Quantiles of samples.

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace tocsin::promql {

/// Orders samples for quantiles and sort(): NaN is smaller than everything.
inline bool nan_first_less(double a, double b) {
  if (std::isnan(a)) return !std::isnan(b);
  return a < b;
}

/// The value at rank q·(n−1), between two samples their weighted mean. NaN for no samples or q = NaN; −Inf for q < 0,
/// +Inf for q > 1. Source: Prometheus promql/quantile.go.
inline double quantile_of_sorted(double q, std::span<const double> sorted) {
  if (sorted.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  const double last = static_cast<double>(sorted.size() - 1);
  const double rank = q * last;
  const double below = std::max(0.0, std::floor(rank));
  const double above = std::min(last, below + 1);
  const double weight = rank - std::floor(rank);
  return sorted[static_cast<std::size_t>(below)] * (1 - weight) + sorted[static_cast<std::size_t>(above)] * weight;
}

inline double quantile_of(double q, std::vector<double>& values) {
  std::sort(values.begin(), values.end(), nan_first_less);
  return quantile_of_sorted(q, values);
}

}  // namespace tocsin::promql
