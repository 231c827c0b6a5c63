#pragma once
// A classic histogram becomes a native one with custom buckets.

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "model/histogram.hpp"

namespace tocsin::expo {

/// Collects what the series of one classic histogram say, in any order, and makes a native one of it. Used again for
/// the next. Source: Prometheus util/convertnhcb/convertnhcb.go.
class CustomBuckets {
 public:
  void clear();
  /// A bucket with its cumulative count. A bound that was there already counts for nothing.
  void set_bucket(double bound, double cumulative_count);
  void set_count(double count);
  void set_sum(double sum) { sum_ = sum; }
  /// Integer if all counts are. @return kInvalid, in Prometheus' words, if counts are negative, do not rise with the
  /// bounds or are not the count in the end, or if a bound is NaN.
  Result<std::unique_ptr<model::FloatHistogram>> convert() const;

 private:
  struct Bucket {
    double bound, count;
  };
  void refuse(std::string why);

  std::vector<Bucket> buckets_;  // sorted by bound
  double count_ = 0, sum_ = 0;
  bool has_count_ = false;
  std::string error_;  // the first one
};

}  // namespace tocsin::expo
