#include "support/promql_twin_histograms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace tocsin::test {
namespace {

using Buckets = std::map<int, double>;

Buckets buckets_of(const std::vector<model::HistogramSpan>& spans, const std::vector<double>& counts) {
  Buckets out;
  int index = 0;
  std::size_t next = 0;
  for (const model::HistogramSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index) {
      if (const double count = counts[next++]; count != 0) out[index] = count;
    }
  }
  return out;
}

void fill(const Buckets& buckets, std::vector<model::HistogramSpan>& spans, std::vector<double>& counts) {
  int end = 0;
  for (const auto& [index, count] : buckets) {
    if (spans.empty() || index != end) spans.push_back({index - end, 0});
    ++spans.back().length;
    end = index + 1;
    counts.push_back(count);
  }
}

/// Bucket i of a schema is (b^(i-1), b^i] with b = 2^(2^-schema): twice as wide ones hold two each.
Buckets coarser(const Buckets& buckets, int steps) {
  Buckets out;
  for (const auto& [index, count] : buckets) {
    int i = index;
    for (int step = 0; step < steps; ++step) i = static_cast<int>(std::ceil(i / 2.0));
    out[i] += count;
  }
  return out;
}

TwinHistogram at_schema(TwinHistogram histogram, int schema) {
  histogram.positive = coarser(histogram.positive, histogram.schema - schema);
  histogram.negative = coarser(histogram.negative, histogram.schema - schema);
  histogram.schema = schema;
  return histogram;
}

void add(Buckets& to, const Buckets& from, double factor) {
  for (const auto& [index, count] : from) to[index] += factor * count;
  std::erase_if(to, [](const auto& bucket) { return bucket.second == 0; });
}

double edge(int schema, int index) {
  return std::exp2(index * std::exp2(-schema));
}

struct Range {
  double lower = 0, upper = 0, count = 0;
};

/// From below to above.
std::vector<Range> ranges_of(const TwinHistogram& h) {
  std::vector<Range> out;
  // A bucket that the zero bucket reaches into begins where that ends.
  const auto from = [&](int index) { return std::max(edge(h.schema, index), kTwinZeroThreshold); };
  for (auto it = h.negative.rbegin(); it != h.negative.rend(); ++it) {
    out.push_back({-from(it->first), -from(it->first - 1), it->second});
  }
  if (h.zero != 0) out.push_back({-kTwinZeroThreshold, kTwinZeroThreshold, h.zero});
  for (const auto& [index, count] : h.positive) out.push_back({from(index - 1), from(index), count});
  return out;
}

bool shrank(const Buckets& before, const Buckets& next) {
  return std::any_of(before.begin(), before.end(), [&](const auto& bucket) {
    const auto found = next.find(bucket.first);
    return (found == next.end() ? 0 : found->second) < bucket.second;
  });
}

}  // namespace

TwinHistogram twin_histogram(const model::FloatHistogram& h) {
  TwinHistogram out{h.schema, h.zero_count, h.count, h.sum, {}, {}};
  out.positive = buckets_of(h.positive_spans, h.positive_buckets);
  out.negative = buckets_of(h.negative_spans, h.negative_buckets);
  return out;
}

model::FloatHistogram model_histogram(const TwinHistogram& h) {
  model::FloatHistogram out;
  out.schema = h.schema;
  out.zero_threshold = kTwinZeroThreshold;
  out.zero_count = h.zero;
  out.count = h.count;
  out.sum = h.sum;
  fill(h.positive, out.positive_spans, out.positive_buckets);
  fill(h.negative, out.negative_spans, out.negative_buckets);
  return out;
}

TwinHistogram twin_scaled(const TwinHistogram& h, double factor) {
  TwinHistogram out{h.schema, h.zero * factor, h.count * factor, h.sum * factor, h.positive, h.negative};
  for (auto& bucket : out.positive) bucket.second *= factor;
  for (auto& bucket : out.negative) bucket.second *= factor;
  return out;
}

TwinHistogram twin_sum(const TwinHistogram& a, const TwinHistogram& b, double sign) {
  const int schema = std::min(a.schema, b.schema);
  TwinHistogram out = at_schema(a, schema);
  const TwinHistogram other = at_schema(b, schema);
  out.zero += sign * other.zero;
  out.count += sign * other.count;
  out.sum += sign * other.sum;
  add(out.positive, other.positive, sign);
  add(out.negative, other.negative, sign);
  return out;
}

bool twin_equal(const TwinHistogram& a, const TwinHistogram& b) {
  return a.schema == b.schema && a.zero == b.zero && a.count == b.count && a.sum == b.sum && a.positive == b.positive &&
         a.negative == b.negative;
}

bool twin_was_reset(const TwinHistogram& before, const TwinHistogram& next) {
  if (next.count < before.count || next.schema > before.schema || next.zero < before.zero) return true;
  const TwinHistogram same = at_schema(before, next.schema);
  return shrank(same.positive, next.positive) || shrank(same.negative, next.negative);
}

double twin_histogram_quantile(double q, const TwinHistogram& h) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  if (h.count == 0 || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  std::vector<Range> ranges = ranges_of(h);
  // From the nearer end: it decides on which side of a gap the quantile lies.
  const bool from_below = q < 0.5;
  if (!from_below) std::reverse(ranges.begin(), ranges.end());
  const double rank = (from_below ? q : 1 - q) * h.count;
  double seen = 0;
  Range found;
  for (const Range& range : ranges) {
    found = range;
    seen += range.count;
    if (seen >= rank) break;
  }
  if (found.lower < 0 && found.upper > 0) {  // the zero bucket: half of it, if all else lies on one side
    if (h.negative.empty() && !h.positive.empty()) found.lower = 0;
    if (h.positive.empty() && !h.negative.empty()) found.upper = 0;
  }
  const double within = (rank - (seen - found.count)) / found.count;
  const double share = from_below ? within : 1 - within;
  if (found.lower <= 0 && found.upper >= 0) return found.lower + (found.upper - found.lower) * share;
  return found.lower * std::pow(found.upper / found.lower, share);  // on either side of zero
}

double twin_histogram_variance(const TwinHistogram& h) {
  const double mean = h.sum / h.count;
  double squares = 0;
  for (const Range& range : ranges_of(h)) {
    double middle = 0;
    if (range.lower > 0) middle = std::sqrt(range.lower * range.upper);
    if (range.upper < 0) middle = -std::sqrt(range.lower * range.upper);
    squares += range.count * (middle - mean) * (middle - mean);
  }
  return squares / h.count;
}

}  // namespace tocsin::test
