// sum_over_time, avg_over_time, stddev_over_time, stdvar_over_time.
//
// Long overlapping windows are summed by two stacks: the samples of a window are split at a fixed point; left of it
// there is a compensated sum from each sample up to the point, right of it one running sum. A window is the sum of the
// two. When its left edge passes the point, the point moves to its right edge. Each sample is added twice, whatever the
// window.

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/kahan.hpp"
#include "promql/range_functions.hpp"
#include "promql/range_histograms.hpp"

namespace tocsin::promql {
namespace {

/// Two stacks only pay when windows overlap much.
bool much_overlap(const RangeInput& input) {
  return input.windows.total > 8 * (input.series.values.size() + input.grid.count);
}

class SlidingSum {
 public:
  /// The sum of values[begin, end); both never decrease from call to call, and the window is not empty.
  KahanSum of(const std::vector<double>& values, std::uint32_t begin, std::uint32_t end) {
    if (begin >= split_) move_split(values, begin, end);
    for (; end_ < end; ++end_) right_.add(values[end_]);
    KahanSum sum = begin < split_ ? left_[begin - left_begin_] : KahanSum{};
    sum.add(right_);
    return sum;
  }
  void reset() {
    split_ = end_ = left_begin_ = 0;
    right_ = {};
  }

 private:
  void move_split(const std::vector<double>& values, std::uint32_t begin, std::uint32_t end) {
    left_begin_ = begin;
    split_ = end_ = end;
    right_ = {};
    left_.resize(end - begin);
    KahanSum sum;
    for (std::uint32_t k = end; k-- > begin;) {
      sum.add(values[k]);
      left_[k - begin] = sum;
    }
  }

  std::vector<KahanSum> left_;
  std::uint32_t left_begin_ = 0;
  std::uint32_t split_ = 0;  // left_ reaches from left_begin_ up to here
  std::uint32_t end_ = 0;    // right_ reaches from split_ up to here
  KahanSum right_;
};

bool all_finite(const std::vector<double>& values) {
  constexpr std::uint64_t kExponent = 0x7ffULL << 52U;
  std::uint64_t found = 0;
  for (const double value : values) {
    found |= static_cast<std::uint64_t>((std::bit_cast<std::uint64_t>(value) & kExponent) == kExponent);
  }
  return found == 0;
}

class SumFunction final : public RangeFunction {
 public:
  explicit SumFunction(bool mean) : mean_(mean) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    const std::vector<double>& values = input.series.values;
    const bool sliding = much_overlap(input) && all_finite(values);
    sliding_.reset();
    TOCSIN_OK(input.context.spend(sliding ? values.size() : input.windows.total));
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t begin = input.windows.begin[i];
      const std::uint32_t end = input.windows.end[i];
      if (input.has_histograms(i)) {
        TOCSIN_OK(input.context.spend(input.histogram_windows->size(i) * kHistogramWork));
        if (begin == end) {
          add_up_histograms(input, i, out);
        } else {
          input.context.annotations().mixed_floats_histograms(input.metric(), input.pos);
        }
        continue;
      }
      if (begin == end) continue;
      if (sliding) {
        const KahanSum sum = sliding_.of(values, begin, end);
        if (std::isfinite(sum.sum)) {
          out.set(i, finish(sum, end - begin));
          continue;
        }
      }
      out.set(i, mean_ ? mean(values, begin, end) : sum(values, begin, end));
    }
    return {};
  }
  std::optional<DigestNeeds> digest_needs() const override { return DigestNeeds{.sum = true}; }
  void apply_digests(const DigestInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const WindowDigest& window = input.digests[i];
      if (window.count != 0) out.set(i, finish(window.sum, window.count));
    }
  }

 private:
  void add_up_histograms(const RangeInput& input, std::size_t i, Column& out) const {
    const HistogramWindow window = histogram_window(input, i, false);
    auto result = mean_ ? histogram_mean(input, window) : histogram_sum(input, window);
    if (result) set_histogram(out, i, std::move(*result));
  }

  double finish(const KahanSum& sum, std::uint32_t count) const {
    if (!mean_) return sum.value();
    const double n = count;
    return sum.sum / n + sum.c / n;
  }

  static double sum(const std::vector<double>& values, std::uint32_t begin, std::uint32_t end) {
    KahanSum sum;
    for (std::uint32_t k = begin; k < end; ++k) sum.add(values[k]);
    return std::isinf(sum.sum) ? sum.sum : sum.value();
  }

  static double mean(const std::vector<double>& values, std::uint32_t begin, std::uint32_t end) {
    KahanMean mean;
    for (std::uint32_t k = begin; k < end; ++k) mean.add(values[k]);
    return mean.value();
  }

  bool mean_;
  SlidingSum sliding_;
};

/// Welford's method with compensated sums.
class VarianceFunction final : public RangeFunction {
 public:
  explicit VarianceFunction(bool root) : root_(root) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const std::uint32_t begin = input.windows.begin[i];
      const std::uint32_t end = input.windows.end[i];
      if (begin == end) continue;
      if (input.has_histograms(i)) {
        input.context.annotations().histograms_ignored_in_mixed_range(input.metric(), input.pos);
      }
      TOCSIN_OK(input.context.spend(end - begin));
      const double variance = of(input.series.values, begin, end);
      out.set(i, root_ ? std::sqrt(variance) : variance);
    }
    return {};
  }
  std::optional<DigestNeeds> digest_needs() const override { return DigestNeeds{.spread = true}; }
  void apply_digests(const DigestInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      const WindowDigest& window = input.digests[i];
      if (window.count == 0) continue;
      const double variance = window.m2 / window.count;
      out.set(i, root_ ? std::sqrt(variance) : variance);
    }
  }

 private:
  static double of(const std::vector<double>& values, std::uint32_t begin, std::uint32_t end) {
    double count = 0;
    KahanSum mean, squares;
    for (std::uint32_t k = begin; k < end; ++k) {
      count += 1;
      const double delta = values[k] - mean.value();
      mean.add(delta / count);
      squares.add(delta * (values[k] - mean.value()));
    }
    return squares.value() / count;
  }

  bool root_;
};

}  // namespace

RangeFunctionPtr make_sum_function(std::string_view name) {
  if (name == "sum_over_time") return std::make_unique<SumFunction>(false);
  if (name == "avg_over_time") return std::make_unique<SumFunction>(true);
  if (name == "stddev_over_time") return std::make_unique<VarianceFunction>(true);
  if (name == "stdvar_over_time") return std::make_unique<VarianceFunction>(false);
  return nullptr;
}

}  // namespace tocsin::promql
