#pragma once
// Arithmetic of native histograms. Results may have empty buckets and spans without a gap between: compact() them.
// What is derived from an integer histogram is a float histogram. Source: Prometheus
// model/histogram/float_histogram.go.

#include <optional>

#include "model/histogram.hpp"

namespace tocsin::model {

/// What an operation on two histograms did besides, which PromQL tells its user.
struct HistogramNotes {
  bool reset_collision = false;    // one begins at a reset, the other surely does not: unknown from now on
  bool bounds_reconciled = false;  // custom bounds differed: those that both have are left

  HistogramNotes& operator|=(const HistogramNotes& other) {
    reset_collision |= other.reset_collision;
    bounds_reconciled |= other.bounds_reconciled;
    return *this;
  }
};

/// Whether two can be added: custom buckets and exponential ones cannot.
bool are_compatible(const FloatHistogram& a, const FloatHistogram& b);

/// Both must be compatible. The result has the coarser of the schemas and the wider zero bucket, widened to the end of
/// a bucket that is filled.
HistogramNotes add(FloatHistogram& to, const FloatHistogram& other);
HistogramNotes subtract(FloatHistogram& from, const FloatHistogram& other);

/// A negative factor or divisor makes a gauge of it; division by zero leaves no buckets.
void multiply(FloatHistogram& histogram, double factor);
void divide(FloatHistogram& histogram, double divisor);

/// Whether a count is infinite.
bool has_overflow(const FloatHistogram& histogram);

/// A sum that keeps what rounding drops, bucket by bucket (base/kahan.hpp).
class HistogramSum {
 public:
  explicit HistogramSum(const FloatHistogram& first);
  /// Must be compatible.
  HistogramNotes add(const FloatHistogram& other);
  void multiply(double factor);
  void divide(double divisor);
  /// Without what rounding dropped.
  FloatHistogram& sum() { return sum_; }
  const FloatHistogram& sum() const { return sum_; }
  /// With it; the sum is used up.
  FloatHistogram take();

 private:
  FloatHistogram sum_;
  FloatHistogram errors_;  // the same buckets; meaningless before the first add()
  bool has_errors_ = false;
};

/// A mean: a sum divided by the count as long as no count overflows, then a running mean.
class HistogramMean {
 public:
  explicit HistogramMean(const FloatHistogram& first) : total_(first) {}
  HistogramNotes add(const FloatHistogram& other);
  /// Of what was added, the first included.
  const FloatHistogram& total() const { return total_.sum(); }
  FloatHistogram& total() { return total_.sum(); }
  FloatHistogram take();

 private:
  HistogramSum total_;  // the sum, or (running) the mean
  double count_ = 1;
  bool running_ = false;
};

/// Whether all values are the same, to the bit; hints, and how the buckets lie in spans, do not matter.
bool equal_values(const FloatHistogram& a, const FloatHistogram& b);

/// Whether a counter began anew between the two: a count is less than before or a bucket is missing. The reset hint of
/// `now` decides, if it says anything.
bool is_reset(const FloatHistogram& now, const FloatHistogram& before);

/// Takes away what lies above `bound` (`</`) or below it (`>/`), of the bucket around it a part as if it were filled
/// evenly (exponential buckets: on a logarithmic scale). Count and sum are estimated anew if anything was taken.
void trim_above(FloatHistogram& histogram, double bound);
void trim_below(FloatHistogram& histogram, double bound);

}  // namespace tocsin::model
