// clamp, clamp_min, clamp_max, round: functions of a vector with scalars beside it.

#include <cmath>
#include <limits>

#include "promql/functions.hpp"

namespace tocsin::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class ClampOperator final : public FloatOperator {
 public:
  ClampOperator(QueryContext& context, VectorOperatorPtr input, ScalarOperatorPtr low, ScalarOperatorPtr high)
      : FloatOperator(context, std::move(input)), low_(std::move(low)), high_(std::move(high)) {}

 protected:
  Result<void> prepare() override {
    if (low_) {
      TOCSIN_TRY(lows_, low_->values());
    }
    if (high_) {
      TOCSIN_TRY(highs_, high_->values());
    }
    return {};
  }

  void transform(Column& column) override {
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0) continue;
      const double low = low_ ? lows_[i] : -kInf;
      const double high = high_ ? highs_[i] : kInf;
      if (high < low) {
        column.present[i] = 0;
      } else {
        column.values[i] = go_max(low, go_min(high, column.values[i]));
      }
    }
  }

 private:
  ScalarOperatorPtr low_, high_;
  std::vector<double> lows_, highs_;
};

class RoundOperator final : public FloatOperator {
 public:
  RoundOperator(QueryContext& context, VectorOperatorPtr input, ScalarOperatorPtr nearest)
      : FloatOperator(context, std::move(input)), nearest_(std::move(nearest)) {}

 protected:
  Result<void> prepare() override {
    if (nearest_) {
      TOCSIN_TRY(values_, nearest_->values());
    }
    return {};
  }

  void transform(Column& column) override {
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0) continue;
      // Ties go up; the inverse is more accurate than a division by 0.1.
      const double inverse = 1.0 / (nearest_ ? values_[i] : 1.0);
      column.values[i] = std::floor(column.values[i] * inverse + 0.5) / inverse;
    }
  }

 private:
  ScalarOperatorPtr nearest_;
  std::vector<double> values_;
};

}  // namespace

double go_max(double a, double b) {
  if (a == kInf || b == kInf) return kInf;
  if (std::isnan(a) || std::isnan(b)) return kNan;
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double go_min(double a, double b) {
  if (a == -kInf || b == -kInf) return -kInf;
  if (std::isnan(a) || std::isnan(b)) return kNan;
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

VectorOperatorPtr make_clamp(QueryContext& context, VectorOperatorPtr input, ScalarOperatorPtr low,
                             ScalarOperatorPtr high) {
  return std::make_unique<ClampOperator>(context, std::move(input), std::move(low), std::move(high));
}

VectorOperatorPtr make_round(QueryContext& context, VectorOperatorPtr input, ScalarOperatorPtr nearest) {
  return std::make_unique<RoundOperator>(context, std::move(input), std::move(nearest));
}

}  // namespace tocsin::promql
