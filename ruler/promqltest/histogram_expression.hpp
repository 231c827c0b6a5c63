#pragma once
// Native histograms as scripts write them.

#include <string>

#include "model/histogram.hpp"

namespace tocsin::promqltest {

/// `{{count:3 sum:5.5 buckets:[1 2]}}`: what parse_histogram() reads; 0 and what is unknown is left out, gaps between
/// buckets are written out. Source: Prometheus model/histogram, FloatHistogram.TestExpression().
std::string histogram_expression(const model::FloatHistogram& histogram);

}  // namespace tocsin::promqltest
