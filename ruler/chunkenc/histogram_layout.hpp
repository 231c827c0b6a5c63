#pragma once
// What the histograms of one chunk have in common: schema, zero threshold, which buckets there are. It stands once, in
// front of the samples. Source: Prometheus tsdb/docs/format/chunks.md, "Histogram chunk data"; histogram_meta.go.

#include <cstdint>
#include <vector>

#include "chunkenc/bit_reader.hpp"
#include "chunkenc/bit_writer.hpp"
#include "model/histogram.hpp"

namespace tocsin::chunkenc {

using Spans = std::vector<model::HistogramSpan>;

struct HistogramLayout {
  std::int32_t schema = 0;
  double zero_threshold = 0;
  Spans positive, negative;
  std::vector<double> custom_values;
};

HistogramLayout layout_of(const model::FloatHistogram& histogram);
/// Equal but for hints and for buckets that are empty. Source: Prometheus model/histogram, Equals.
bool same_observations(const model::FloatHistogram& a, const model::FloatHistogram& b);
bool same_bounds(const std::vector<double>& a, const std::vector<double>& b);
std::uint64_t bucket_count(const Spans& spans);

void put_layout(BitWriter& out, const HistogramLayout& layout);
/// @return false if it is none, or claims more than the bits can hold.
bool take_layout(BitReader& in, HistogramLayout& layout);

/// Indices of the buckets that spans name, one after the other.
class BucketCursor {
 public:
  explicit BucketCursor(const Spans& spans) : spans_(spans) { enter(); }
  bool at_end() const { return span_ == spans_.size(); }
  std::int64_t index() const { return index_; }
  /// How many buckets came before this one.
  std::size_t place() const { return place_; }
  void next() {
    ++index_;
    ++place_;
    if (++in_span_ < spans_[span_].length) return;
    ++span_;
    enter();
  }

 private:
  void enter() {
    for (in_span_ = 0; span_ < spans_.size(); ++span_) {
      index_ += spans_[span_].offset;
      if (spans_[span_].length > 0) return;
    }
  }

  const Spans& spans_;
  std::size_t span_ = 0;
  std::uint32_t in_span_ = 0;
  std::int64_t index_ = 0;
  std::size_t place_ = 0;
};

/// How buckets of a chunk (a) and of a sample (b) become one layout.
struct SpanMerge {
  bool possible = true;
  bool only_a = false, only_b = false;  // there are buckets that only one has
  Spans spans;                          // of both
};
SpanMerge merge_spans(const Spans& a, const Spans& b);

/// For each bucket of `from` its place among those of `to`, which has all of them.
std::vector<std::uint32_t> places(const Spans& from, const Spans& to);

}  // namespace tocsin::chunkenc
