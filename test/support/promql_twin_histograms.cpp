#include "support/promql_twin_histograms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "base/float_text.hpp"

namespace tocsin::test {
namespace {

using Buckets = std::map<int, double>;
using model::CounterReset;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

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

/// With fewer bounds: each bucket goes into the first one that ends where it does or later.
TwinHistogram at_bounds(TwinHistogram histogram, const std::vector<double>& bounds) {
  Buckets out;
  for (const auto& [index, count] : histogram.positive) {
    const auto i = static_cast<std::size_t>(index);
    const double upper = i < histogram.bounds.size() ? histogram.bounds[i] : kInf;
    const auto to = std::find_if(bounds.begin(), bounds.end(), [&](double bound) { return bound >= upper; });
    out[static_cast<int>(to - bounds.begin())] += count;
  }
  histogram.positive = out;
  histogram.bounds = bounds;
  return histogram;
}

std::vector<double> common(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  for (const double bound : a) {
    if (std::find(b.begin(), b.end(), bound) != b.end()) out.push_back(bound);
  }
  return out;
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

/// From below to above. Where the zero bucket reaches into a bucket, that begins where the zero bucket ends; not so for
/// trims, which look at one bucket at a time.
std::vector<Range> ranges_of(const TwinHistogram& h, double zero_threshold = kTwinZeroThreshold) {
  std::vector<Range> out;
  if (h.is_custom()) {
    for (const auto& [index, count] : h.positive) {
      const auto i = static_cast<std::size_t>(index);
      out.push_back({i == 0 ? -kInf : h.bounds[i - 1], i < h.bounds.size() ? h.bounds[i] : kInf, count});
    }
    return out;
  }
  const auto from = [&](int index) { return std::max(edge(h.schema, index), zero_threshold); };
  for (auto it = h.negative.rbegin(); it != h.negative.rend(); ++it) {
    out.push_back({-from(it->first), -from(it->first - 1), it->second});
  }
  if (h.zero != 0) out.push_back({-kTwinZeroThreshold, kTwinZeroThreshold, h.zero});
  for (const auto& [index, count] : h.positive) out.push_back({from(index - 1), from(index), count});
  return out;
}

bool is_around_zero(const Range& range) {
  return range.lower < 0 && range.upper > 0;
}

/// The zero bucket is half as wide if all else lies on one side of it.
Range narrowed(Range range, const TwinHistogram& h) {
  if (h.is_custom() || !is_around_zero(range)) return range;
  if (h.negative.empty() && !h.positive.empty()) range.lower = 0;
  if (h.positive.empty() && !h.negative.empty()) range.upper = 0;
  return range;
}

/// The share of a bucket's observations that is below a value within it.
double share_below(const Range& range, double value, bool linear) {
  if (linear) return (value - range.lower) / (range.upper - range.lower);
  return std::log(value / range.lower) / std::log(range.upper / range.lower);
}

bool shrank(const Buckets& before, const Buckets& next) {
  return std::any_of(before.begin(), before.end(), [&](const auto& bucket) {
    const auto found = next.find(bucket.first);
    return (found == next.end() ? 0 : found->second) < bucket.second;
  });
}

/// What a sum says of resets, and whether the two contradict each other.
std::pair<CounterReset, bool> joint_hint(CounterReset a, CounterReset b) {
  if (a == b) return {a, false};
  if (a == CounterReset::kGauge || b == CounterReset::kGauge) return {CounterReset::kGauge, false};
  return {CounterReset::kUnknown, a != CounterReset::kUnknown && b != CounterReset::kUnknown};
}

}  // namespace

TwinHistogram twin_histogram(const model::FloatHistogram& h) {
  TwinHistogram out;
  out.schema = h.schema;
  out.zero = h.zero_count;
  out.count = h.count;
  out.sum = h.sum;
  out.positive = buckets_of(h.positive_spans, h.positive_buckets);
  out.negative = buckets_of(h.negative_spans, h.negative_buckets);
  out.bounds = h.custom_values;
  out.hint = h.reset_hint;
  return out;
}

model::FloatHistogram model_histogram(const TwinHistogram& h) {
  model::FloatHistogram out;
  out.reset_hint = h.hint;
  out.schema = h.schema;
  out.zero_threshold = h.is_custom() ? 0 : kTwinZeroThreshold;
  out.zero_count = h.zero;
  out.count = h.count;
  out.sum = h.sum;
  out.custom_values = h.bounds;
  fill(h.positive, out.positive_spans, out.positive_buckets);
  fill(h.negative, out.negative_spans, out.negative_buckets);
  return out;
}

TwinHistogram twin_nothing(const TwinHistogram& like) {
  TwinHistogram out;
  out.schema = like.schema;
  out.bounds = like.bounds;
  return out;
}

TwinHistogram twin_scaled(const TwinHistogram& h, double factor) {
  TwinHistogram out = h;
  out.zero *= factor;
  out.count *= factor;
  out.sum *= factor;
  for (auto& bucket : out.positive) bucket.second *= factor;
  for (auto& bucket : out.negative) bucket.second *= factor;
  if (factor < 0) out.hint = CounterReset::kGauge;
  return out;
}

TwinHistogram twin_divided(const TwinHistogram& h, double divisor) {
  TwinHistogram out = h;
  out.zero /= divisor;
  out.count /= divisor;
  out.sum /= divisor;
  for (auto& bucket : out.positive) bucket.second /= divisor;
  for (auto& bucket : out.negative) bucket.second /= divisor;
  if (divisor == 0) {
    out.positive.clear();
    out.negative.clear();
  }
  if (divisor < 0) out.hint = CounterReset::kGauge;
  return out;
}

std::optional<TwinSum> twin_sum(const TwinHistogram& a, const TwinHistogram& b, double sign) {
  if (a.is_custom() != b.is_custom()) return std::nullopt;
  TwinSum out;
  TwinHistogram other = b;
  if (a.is_custom()) {
    out.reconciled = a.bounds != b.bounds;
    const std::vector<double> bounds = common(a.bounds, b.bounds);
    out.value = out.reconciled ? at_bounds(a, bounds) : a;
    if (out.reconciled) other = at_bounds(b, bounds);
  } else {
    const int schema = std::min(a.schema, b.schema);
    out.value = at_schema(a, schema);
    other = at_schema(b, schema);
  }
  out.value.zero += sign * other.zero;
  out.value.count += sign * other.count;
  out.value.sum += sign * other.sum;
  add(out.value.positive, other.positive, sign);
  add(out.value.negative, other.negative, sign);
  std::tie(out.value.hint, out.collided) = joint_hint(a.hint, b.hint);
  return out;
}

bool twin_equal(const TwinHistogram& a, const TwinHistogram& b) {
  return a.schema == b.schema && a.zero == b.zero && a.count == b.count && a.sum == b.sum && a.bounds == b.bounds &&
         a.positive == b.positive && a.negative == b.negative;
}

bool twin_was_reset(const TwinHistogram& before, const TwinHistogram& next) {
  if (next.hint == CounterReset::kReset) return true;
  if (next.hint == CounterReset::kNotReset) return false;
  if (next.count < before.count || next.is_custom() != before.is_custom()) return true;
  if (next.is_custom()) {
    const std::vector<double> bounds = common(before.bounds, next.bounds);
    return shrank(at_bounds(before, bounds).positive, at_bounds(next, bounds).positive);
  }
  if (next.schema > before.schema || next.zero < before.zero) return true;
  const TwinHistogram same = at_schema(before, next.schema);
  return shrank(same.positive, next.positive) || shrank(same.negative, next.negative);
}

TwinHistogram twin_trimmed(const TwinHistogram& h, double value, bool upper) {
  TwinHistogram out = h;
  out.count = out.sum = 0;
  // What is left of one bucket, which lies between `range` and is seen as reaching over it; its observations are
  // taken for `middle` each.
  const auto keep = [&](double count, double middle) {
    out.count += count;
    out.sum += count == 0 ? 0 : count * middle;
    return count;
  };
  const auto middle_of = [&](double lower, double higher) {
    if (std::isinf(lower) && std::isinf(higher)) return 0.0;
    if (std::isinf(lower)) return higher > 0 ? higher / 2 : higher;
    if (std::isinf(higher)) return lower;
    if (h.is_custom()) return (lower + higher) / 2;
    return std::copysign(std::sqrt(std::abs(lower * higher)), lower + higher);
  };
  const auto cut = [&](const Range& range) {
    const bool whole = upper ? range.upper <= value : range.lower >= value;
    if (whole) return keep(range.count, middle_of(range.lower, range.upper));
    if (upper ? range.lower >= value : range.upper <= value) return 0.0;
    if (std::isinf(range.lower) && upper) {  // the lowest custom bucket: from zero, or all of it at one value
      if (value > 0 && range.upper > 0 && !std::isinf(range.upper))
        return keep(range.count * value / range.upper, value / 2);
      return keep(range.upper <= 0 ? range.count : 0, value);
    }
    if (std::isinf(range.lower)) {
      if (value < 0 || std::isinf(range.upper)) return 0.0;
      return keep(range.count * (1 - value / range.upper), (value + range.upper) / 2);
    }
    if (std::isinf(range.upper)) return upper ? 0.0 : keep(range.count, value);
    const double below = range.count * share_below(range, value, h.is_custom());
    if (upper) return keep(below, middle_of(range.lower, value));
    return keep(range.count - below, middle_of(value, range.upper));
  };
  for (auto& [index, count] : out.positive) {
    TwinHistogram one = twin_nothing(h);
    one.positive[index] = count;
    count = cut(ranges_of(one, 0).front());
  }
  for (auto& [index, count] : out.negative) {
    TwinHistogram one = twin_nothing(h);
    one.negative[index] = count;
    count = cut(ranges_of(one, 0).front());
  }
  if (h.zero > 0) {
    const Range range = narrowed({-kTwinZeroThreshold, kTwinZeroThreshold, h.zero}, h);
    const double lower = upper ? range.lower : std::clamp(value, range.lower, range.upper);
    const double higher = upper ? std::clamp(value, range.lower, range.upper) : range.upper;
    const double share = (higher - lower) / (range.upper - range.lower);
    out.zero = keep(share == 1 ? h.zero : h.zero * share, (lower + higher) / 2);
  }
  std::erase_if(out.positive, [](const auto& bucket) { return bucket.second == 0; });
  std::erase_if(out.negative, [](const auto& bucket) { return bucket.second == 0; });
  const bool same = out.positive == h.positive && out.negative == h.negative && out.zero == h.zero;
  return same ? h : out;
}

double twin_histogram_quantile(double q, const TwinHistogram& h) {
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  if (h.count == 0 || std::isnan(q)) return kNan;
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
  found = narrowed(found, h);
  if (std::isinf(found.lower)) {
    if (found.upper <= 0) return found.upper;
    found.lower = 0;
  } else if (std::isinf(found.upper)) {
    return found.lower;
  }
  const double within = (rank - (seen - found.count)) / found.count;
  const double share = from_below ? within : 1 - within;
  if (h.is_custom() || (found.lower <= 0 && found.upper >= 0)) {
    return found.lower + (found.upper - found.lower) * share;
  }
  return found.lower * std::pow(found.upper / found.lower, share);  // on either side of zero
}

double twin_histogram_fraction(double lower, double upper, const TwinHistogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  // How many observations are below a value.
  const auto below = [&](double value) {
    double rank = 0;
    for (const Range& whole : ranges_of(h)) {
      Range range = narrowed(whole, h);
      if (h.is_custom() && range.lower <= 0 && range.upper >= 0) range.lower = 0;
      if (range.lower >= value) return std::min(rank, h.count);
      if (range.upper > value) {
        if (std::isinf(range.lower)) return std::min(range.count, h.count);
        const bool linear = h.is_custom() || (range.lower <= 0 && range.upper >= 0);
        // Of a bucket without an end nothing is below any value.
        const double share = std::isinf(range.upper) ? 0 : share_below(range, value, linear);
        return std::min(rank + range.count * share, h.count);
      }
      rank += range.count;
    }
    return h.count;
  };
  return (below(upper) - below(lower)) / h.count;
}

double twin_histogram_variance(const TwinHistogram& h) {
  const double mean = h.sum / h.count;
  double squares = 0;
  for (const Range& range : ranges_of(h)) {
    double middle = 0;
    if (h.is_custom()) {
      middle = (range.lower + range.upper) / 2;
    } else if (!is_around_zero(range)) {
      middle = std::copysign(std::sqrt(range.lower * range.upper), range.lower);
    }
    squares += range.count * (middle - mean) * (middle - mean);
  }
  return squares / h.count;
}

std::string twin_text(const TwinHistogram& h) {
  std::string out = fmt::format("{{count:{}, sum:{}", format_float_g(h.count), format_float_g(h.sum));
  bool lowest = true;
  for (const Range& range : ranges_of(h)) {
    const bool closed = lowest && std::isinf(range.lower);
    out += fmt::format(", {}{},{}]:{}", closed ? '[' : '(', format_float_g(range.lower), format_float_g(range.upper),
                       format_float_g(range.count));
    lowest = false;
  }
  return out + "}";
}

}  // namespace tocsin::test
