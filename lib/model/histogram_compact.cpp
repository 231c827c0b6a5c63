#include "model/histogram_compact.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tocsin::model {
namespace {

using Spans = std::vector<HistogramSpan>;
using Counts = std::vector<double>;

/// Most histograms: every bucket is filled, and the spans are as far apart as they should be.
bool is_compact(const Spans& spans, const Counts& counts, std::uint32_t max_empty) {
  return std::none_of(counts.begin(), counts.end(), [](double count) { return count == 0; }) &&
         std::none_of(spans.begin(), spans.end(), [max_empty](const HistogramSpan& span) {
           return span.length == 0 || span.offset <= static_cast<std::int64_t>(max_empty);
         });
}

bool make_sense(const Spans& spans, const Counts& counts) {
  std::uint64_t covered = 0;
  std::int64_t end = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0 && spans[i].offset < 0) return false;
    covered += spans[i].length;
    end += static_cast<std::int64_t>(spans[i].offset) + spans[i].length;
  }
  return covered == counts.size() && end <= std::numeric_limits<std::int32_t>::max();
}

void compact(Spans& spans, Counts& counts, std::uint32_t max_empty) {
  if (is_compact(spans, counts, max_empty) || !make_sense(spans, counts)) return;
  Spans to_spans;
  Counts to_counts;
  to_counts.reserve(counts.size());
  std::int64_t index = 0;  // of the bucket that is looked at
  std::int64_t next = 0;   // behind the last one that was kept
  std::size_t at = 0;
  for (const HistogramSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
      if (counts[at] == 0) continue;
      const std::int64_t gap = index - next;
      if (!to_spans.empty() && gap <= static_cast<std::int64_t>(max_empty)) {
        to_spans.back().length += static_cast<std::uint32_t>(gap) + 1;
        to_counts.insert(to_counts.end(), static_cast<std::size_t>(gap), 0);
      } else {
        to_spans.push_back({static_cast<std::int32_t>(gap), 1});
      }
      to_counts.push_back(counts[at]);
      next = index + 1;
    }
  }
  spans = std::move(to_spans);
  counts = std::move(to_counts);
}

}  // namespace

void compact(FloatHistogram& histogram, std::uint32_t max_empty) {
  compact(histogram.positive_spans, histogram.positive_buckets, max_empty);
  compact(histogram.negative_spans, histogram.negative_buckets, max_empty);
}

}  // namespace tocsin::model
