#pragma once
// The message of a native histogram, which prometheus.WriteRequest, io.prometheus.write.v2.Request and
// prometheus.ReadResponse share. Source: Prometheus prompb/types.proto (Histogram).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/histogram.hpp"
#include "wire/fields.hpp"

namespace tocsin::wire {

struct HistogramMessage {
  std::shared_ptr<model::FloatHistogram> histogram;  // spans and buckets may disagree: nobody has looked yet
  Timestamp t = 0;
  Timestamp start = 0;
};

/// Room that is used again. Thread: one.
class HistogramParser {
 public:
  /// Takes no more than `buckets_left` spans, buckets and bounds, and reduces it by what it took.
  HistogramMessage parse(Fields fields, std::size_t& buckets_left);

 private:
  std::vector<std::int64_t> positive_deltas_, negative_deltas_;
  std::vector<double> positive_counts_, negative_counts_;
};

/// Appends the fields of a histogram to `out`, without a length in front.
void append_histogram_message(std::string& out, const model::FloatHistogram& histogram, Timestamp t);

}  // namespace tocsin::wire
