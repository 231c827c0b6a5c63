#pragma once
// The buckets of native histograms, one by one. Source: Prometheus model/histogram, the bucket iterators.

#include <cstdint>
#include <vector>

#include "model/histogram.hpp"

namespace tocsin::model {

/// The buckets of one sign in order of index. Thread: one. Must not outlive what it walks.
class BucketCursor {
 public:
  BucketCursor(const std::vector<HistogramSpan>& spans, const std::vector<double>& counts)
      : spans_(spans), counts_(counts) {
    enter();
  }
  bool done() const { return span_ == spans_.size() || at_ == counts_.size(); }
  void next() {
    ++index_;
    ++at_;
    ++in_span_;
    enter();
  }
  std::int64_t index() const { return index_; }
  /// Which of the counts it is.
  std::size_t at() const { return at_; }
  double count() const { return counts_[at_]; }

 private:
  void enter() {
    while (span_ < spans_.size()) {
      if (in_span_ == 0) index_ += spans_[span_].offset;
      if (in_span_ < spans_[span_].length) return;
      in_span_ = 0;
      ++span_;
    }
  }

  const std::vector<HistogramSpan>& spans_;
  const std::vector<double>& counts_;
  std::size_t span_ = 0, at_ = 0;
  std::uint32_t in_span_ = 0;
  std::int64_t index_ = 0;
};

/// `lower` < `upper`, also of negative buckets. Which bounds belong to it: lower_inclusive, upper_inclusive.
struct HistogramBucket {
  double lower = 0, upper = 0;
  bool lower_inclusive = false, upper_inclusive = false;
  double count = 0;
};

inline bool has_custom_buckets(const FloatHistogram& histogram) {
  return histogram.schema == kCustomBucketsSchema;
}

/// The bucket `index` of the positive buckets, or of the negative ones. Outermost custom buckets reach to infinity.
HistogramBucket bucket_at(const FloatHistogram& histogram, std::int64_t index, bool positive);

/// The bucket around zero, which custom buckets do not have.
HistogramBucket zero_bucket(const FloatHistogram& histogram);

/// How much of a bucket lies below a value strictly within it: of its width, or of the logarithm.
double fraction_below(const HistogramBucket& bucket, double value, bool linear);

/// From the lowest to the highest, empty ones included, the zero bucket only if it is not empty. Those that reach into
/// the zero bucket end where it begins.
void all_buckets(const FloatHistogram& histogram, std::vector<HistogramBucket>& out);

}  // namespace tocsin::model
