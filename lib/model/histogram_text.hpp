#pragma once
// Native histograms as people read them.

#include <string>

#include "model/histogram.hpp"

namespace tocsin::model {

/// `{count:3, sum:5.5, [-0.001,0.001]:1, (1,2]:2}`: buckets that are not empty, from the lowest to the highest; counts
/// of integer histograms as integers. Source: Prometheus model/histogram, String() of Histogram and FloatHistogram.
std::string histogram_text(const FloatHistogram& histogram);

}  // namespace tocsin::model
