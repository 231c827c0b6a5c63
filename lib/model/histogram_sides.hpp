#pragma once
// How arithmetic sees a histogram: two sides, each a sparse row of buckets. For histogram_*.cpp alone.

#include <cstdint>
#include <vector>

#include "base/kahan.hpp"
#include "model/histogram.hpp"

namespace tocsin::model::sides {

using Spans = std::vector<HistogramSpan>;
using Counts = std::vector<double>;

/// Adds to a sum and what it misses (base/kahan.hpp).
inline void add_compensated(double x, double& sum, double& error) {
  KahanSum kahan{sum, error};
  kahan.add(x);
  sum = kahan.sum;
  error = kahan.c;
}

/// Buckets in order of index as they are put together. `errors` is as long as `counts` (zeros where nobody wants them).
struct Buckets {
  Spans spans;
  Counts counts, errors;

  void push(std::int64_t index, double count, double error) {
    if (!spans.empty() && index == next_) {
      ++spans.back().length;
    } else {
      spans.push_back({static_cast<std::int32_t>(index - next_), 1});
    }
    counts.push_back(count);
    errors.push_back(error);
    next_ = index + 1;
  }

 private:
  std::int64_t next_ = 0;  // behind the last one
};

/// One side of a histogram, with what its counts miss (nullptr: nothing).
struct Side {
  const Spans& spans;
  const Counts& counts;
  const Counts* errors;
};

inline double error_of(const Side& side, std::size_t at) {
  return side.errors ? (*side.errors)[at] : 0;
}

/// Buckets of a schema that is coarser by `shift`. Plain sums if what they miss is not wanted.
Buckets reduced(const Side& side, unsigned shift, bool compensated);

/// What the zero bucket of a histogram would hold if it were wider; `threshold` is moved out to the end of a filled
/// bucket that it falls into.
struct WiderZero {
  double count = 0, error = 0, threshold = 0;
};

/// @param threshold  not less than that of the histogram.
/// @param errors     what the counts of the histogram miss, in the same buckets; nullptr: nothing.
WiderZero widened(const FloatHistogram& histogram, const FloatHistogram* errors, double threshold);

}  // namespace tocsin::model::sides
