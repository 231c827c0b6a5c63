#pragma once
// Native histograms in test scripts: notation, sums for `{{A}}+{{B}}xN`, what a store makes of counter reset hints, and
// the conversion of classic histograms for `load_with_nhcb`.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/histogram.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::promqltest {

struct HistogramText {
  model::FloatHistogram histogram;
  bool hint_given = false;
};

/// The inside of `{{...}}`.
Result<HistogramText> parse_histogram(std::string_view inside);

/// Buckets by index; without those of population 0.
std::map<std::int32_t, double> sparse_buckets(const std::vector<model::HistogramSpan>& spans,
                                              const std::vector<double>& buckets);

/// a + factor·b in a's resolution (which is not the finer one).
model::FloatHistogram add_histograms(const model::FloatHistogram& a, const model::FloatHistogram& b, double factor);

/// True if a counter that showed `before` must have been reset to show `now`.
bool is_histogram_reset(const model::FloatHistogram& before, const model::FloatHistogram& now);

/// Samples by label set and time.
using SampleTable = std::map<model::Labels, std::map<Timestamp, double>>;
using HistogramTable = std::map<model::Labels, std::map<Timestamp, model::HistogramPtr>>;

/// Classic histograms (_bucket, _count, _sum) as histograms with custom buckets, under the name without suffix.
Result<HistogramTable> convert_classic_histograms(const SampleTable& samples);

}  // namespace tocsin::promqltest
