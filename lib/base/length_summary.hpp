#pragma once
// How long something took, counted as Prometheus counts its own intervals: a summary and a histogram.

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.hpp"

namespace tocsin {

struct LengthStats {
  static constexpr std::array<double, 5> kQuantiles = {0.01, 0.05, 0.5, 0.9, 0.99};
  static constexpr std::array<double, 4> kBounds = {0.01, 0.1, 1, 10};
  std::uint64_t count = 0;
  double sum_seconds = 0;
  std::array<double, 5> quantiles{};       // of what was seen lately; NaN if nothing was
  std::array<std::uint64_t, 4> buckets{};  // cumulative
};

/// Quantiles are of the last thousand observations that are not older than ten minutes. Thread: one at a time.
class LengthSummary {
 public:
  void observe(MonoTime now, double seconds);
  LengthStats stats(MonoTime now) const;

 private:
  struct Seen {
    MonoTime at{0};
    double seconds = 0;
  };
  static constexpr std::size_t kKept = 1000;
  static constexpr Duration kMaxAge = std::chrono::minutes(10);

  LengthStats totals_;
  std::vector<Seen> seen_;  // a ring once it is full
  std::size_t next_ = 0;
};

}  // namespace tocsin
