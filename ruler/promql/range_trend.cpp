// deriv, predict_linear: a line through the samples of a window by least squares. double_exponential_smoothing.
// Source: Prometheus promql/functions.go, linearRegression.

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "base/kahan.hpp"
#include "promql/range_functions.hpp"

namespace tocsin::promql {
namespace {

struct Line {
  double slope = 0;
  double intercept = 0;  // at the time asked for
};

Line regression(const RangeSeries& series, std::uint32_t begin, std::uint32_t end, Timestamp intercept_time) {
  const double first = series.values[begin];
  double n = 0;
  KahanSum x_sum, y_sum, xy_sum, xx_sum;
  bool constant = true;
  for (std::uint32_t k = begin; k < end; ++k) {
    const double y = series.values[k];
    if (k > begin && y != first) constant = false;
    n += 1;
    const double x = static_cast<double>(series.times[k] - intercept_time) / 1e3;
    x_sum.add(x);
    y_sum.add(y);
    xy_sum.add(x * y);
    xx_sum.add(x * x);
  }
  if (constant) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return std::isinf(first) ? Line{kNan, kNan} : Line{0, first};
  }
  const double x = x_sum.value();
  const double y = y_sum.value();
  const double covariance = xy_sum.value() - x * y / n;
  const double variance = xx_sum.value() - x * x / n;
  Line line;
  line.slope = covariance / variance;
  line.intercept = y / n - line.slope * x / n;
  return line;
}

/// True if the window has two floats; says so if histograms are passed over.
bool enough(const RangeInput& input, std::size_t step) {
  const std::uint32_t floats = input.windows.size(step);
  if (floats > 0 && input.has_histograms(step)) {
    input.context.annotations().histograms_ignored_in_mixed_range(input.metric(), input.pos);
  }
  return floats >= 2;
}

class TrendFunction final : public RangeFunction {
 public:
  explicit TrendFunction(bool predict) : predict_(predict) {}

  Result<void> apply(const RangeInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      if (!enough(input, i)) continue;
      const std::uint32_t begin = input.windows.begin[i];
      const std::uint32_t end = input.windows.end[i];
      TOCSIN_OK(input.context.spend(end - begin));
      // For the slope alone any time near the samples will do; near is better for the digits.
      const Line line = regression(input.series, begin, end, predict_ ? input.grid.at(i) : input.series.times[begin]);
      out.set(i, predict_ ? line.slope * input.scalars.front()[i] + line.intercept : line.slope);
    }
    return {};
  }

 private:
  bool predict_;
};

class SmoothingFunction final : public RangeFunction {
 public:
  Result<void> apply(const RangeInput& input, Column& out) override {
    for (std::size_t i = 0; i < input.grid.count; ++i) {
      if (input.windows.size(i) == 0 && !input.has_histograms(i)) continue;
      const double smoothing = input.scalars[0][i];
      const double trend = input.scalars[1][i];
      if (smoothing <= 0 || smoothing >= 1) {
        return fail(Errc::kExecution, "invalid smoothing factor. Expected: 0 < sf < 1, got: {:f}", smoothing);
      }
      if (trend <= 0 || trend >= 1) {
        return fail(Errc::kExecution, "invalid trend factor. Expected: 0 < tf < 1, got: {:f}", trend);
      }
      if (!enough(input, i)) continue;
      TOCSIN_OK(input.context.spend(input.windows.size(i)));
      out.set(i, smooth(input.series.values, input.windows.begin[i], input.windows.end[i], smoothing, trend));
    }
    return {};
  }

 private:
  static double smooth(const std::vector<double>& values, std::uint32_t begin, std::uint32_t end, double smoothing,
                       double trend) {
    double before = 0;
    double now = values[begin];
    double slope = values[begin + 1] - values[begin];
    for (std::uint32_t k = begin + 1; k < end; ++k) {
      const double raw = smoothing * values[k];
      if (k > begin + 1) slope = trend * (now - before) + (1 - trend) * slope;
      const double expected = (1 - smoothing) * (now + slope);
      before = now;
      now = raw + expected;
    }
    return now;
  }
};

}  // namespace

RangeFunctionPtr make_trend_function(std::string_view name) {
  if (name == "deriv") return std::make_unique<TrendFunction>(false);
  if (name == "predict_linear") return std::make_unique<TrendFunction>(true);
  if (name == "double_exponential_smoothing") return std::make_unique<SmoothingFunction>();
  return nullptr;
}

}  // namespace tocsin::promql
