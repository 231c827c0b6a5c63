// limitk, limit_ratio: a part of the series, the same at each step if nothing comes or goes.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "promql/aggregate.hpp"

namespace tocsin::promql {
namespace {

/// The first k samples of each group and step.
class LimitkAggregate final : public VectorOperator {
 public:
  LimitkAggregate(QueryContext& context, AggregateSpec spec, VectorOperatorPtr input, ScalarOperatorPtr param)
      : context_(context), input_(std::move(input)), param_(std::move(param)), table_(std::move(spec.grouping)) {}

  Result<bool> next(Column& out) override {
    if (!k_) {
      TOCSIN_TRY(std::vector<double> values, param_->values());
      k_ = AggregateParam::of(std::move(values));
      if (!(k_->max < 1) && k_->any_nan) return fail(Errc::kExecution, "Parameter value is NaN");
    }
    if (k_->max < 1) return exhaust(*input_, out);
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(out));
      if (!more) return false;
      TOCSIN_OK(context_.spend(out.span()));
      const std::size_t group = table_.find(out.labels);
      if (group == taken_.size()) taken_.emplace_back();
      GroupSteps<double>& taken = taken_[group];
      taken.cover(out.begin, out.end);
      for (std::size_t i = out.begin; i < out.end; ++i) {
        if (out.present[i] == 0) continue;
        if (taken[i] + 1 <= k_->values[i]) {
          taken[i] += 1;
        } else {
          out.present[i] = 0;
        }
      }
      if (out.trim()) return true;
    }
  }

 private:
  QueryContext& context_;
  VectorOperatorPtr input_;
  ScalarOperatorPtr param_;
  GroupTable table_;
  std::optional<AggregateParam> k_;
  std::vector<GroupSteps<double>> taken_;
};

/// Each series has a place in [0, 1) by the hash of its labels. A ratio r >= 0 takes those below r, a negative one
/// those from 1 + r on: r and r - 1 are each other's complement.
class LimitRatioAggregate final : public VectorOperator {
 public:
  LimitRatioAggregate(QueryContext& context, AggregateSpec spec, VectorOperatorPtr input, ScalarOperatorPtr param)
      : context_(context), spec_(std::move(spec)), input_(std::move(input)), param_(std::move(param)) {}

  Result<bool> next(Column& out) override {
    if (!ratio_) TOCSIN_OK(check_param());
    if (ratio_->max == 0 && ratio_->min == 0) return exhaust(*input_, out);
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(out));
      if (!more) return false;
      TOCSIN_OK(context_.spend(out.span()));
      const double place = static_cast<double>(out.labels.hash()) / static_cast<double>(UINT64_MAX);
      for (std::size_t i = out.begin; i < out.end; ++i) {
        if (!taken(ratio_->values[i], place)) out.present[i] = 0;
      }
      if (out.trim()) return true;
    }
  }

 private:
  Result<void> check_param() {
    TOCSIN_TRY(std::vector<double> values, param_->values());
    ratio_ = AggregateParam::of(std::move(values));
    if (ratio_->any_nan) return fail(Errc::kExecution, "Ratio value is NaN");
    if (ratio_->max > 1) context_.annotations().invalid_ratio(ratio_->max, 1, spec_.param_pos);
    if (ratio_->min < -1) context_.annotations().invalid_ratio(ratio_->min, -1, spec_.param_pos);
    return {};
  }

  static bool taken(double ratio, double place) {
    if (ratio == 0) return false;
    ratio = std::min(1.0, std::max(-1.0, ratio));
    return ratio >= 0 ? place < ratio : place >= 1 + ratio;
  }

  QueryContext& context_;
  AggregateSpec spec_;
  VectorOperatorPtr input_;
  ScalarOperatorPtr param_;
  std::optional<AggregateParam> ratio_;
};

}  // namespace

VectorOperatorPtr make_limit(QueryContext& context, const Grid&, AggregateSpec spec, VectorOperatorPtr input,
                             ScalarOperatorPtr param) {
  if (spec.op == parser::AggregateOp::kLimitk) {
    return std::make_unique<LimitkAggregate>(context, std::move(spec), std::move(input), std::move(param));
  }
  return std::make_unique<LimitRatioAggregate>(context, std::move(spec), std::move(input), std::move(param));
}

}  // namespace tocsin::promql
