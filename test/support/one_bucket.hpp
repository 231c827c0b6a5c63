#pragma once
// The smallest native histogram.

#include <memory>

#include "model/histogram.hpp"

namespace tocsin::test {

/// With all of `count`, which is its sum as well, in one bucket.
inline std::shared_ptr<model::FloatHistogram> one_bucket(double count) {
  auto histogram = std::make_shared<model::FloatHistogram>();
  histogram->count = histogram->sum = count;
  histogram->positive_spans = {{0, 1}};
  histogram->positive_buckets = {count};
  return histogram;
}

}  // namespace tocsin::test
