#include "base/length_summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin {

void LengthSummary::observe(MonoTime now, double seconds) {
  ++totals_.count;
  totals_.sum_seconds += seconds;
  for (std::size_t i = 0; i < LengthStats::kBounds.size(); ++i) {
    if (seconds <= LengthStats::kBounds[i]) ++totals_.buckets[i];
  }
  if (seen_.size() < kKept) {
    seen_.push_back({now, seconds});
    return;
  }
  seen_[next_] = {now, seconds};
  next_ = (next_ + 1) % kKept;
}

LengthStats LengthSummary::stats(MonoTime now) const {
  LengthStats out = totals_;
  std::vector<double> recent;
  for (const Seen& seen : seen_) {
    if (now - seen.at <= kMaxAge) recent.push_back(seen.seconds);
  }
  std::sort(recent.begin(), recent.end());
  for (std::size_t i = 0; i < LengthStats::kQuantiles.size(); ++i) {
    const double rank = std::ceil(LengthStats::kQuantiles[i] * static_cast<double>(recent.size()));
    out.quantiles[i] = recent.empty() ? std::numeric_limits<double>::quiet_NaN()
                                      : recent[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  }
  return out;
}

}  // namespace tocsin
