#include "promql/aggregate.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "base/hash.hpp"
#include "promql/functions.hpp"

namespace tocsin::promql {

std::size_t GroupTable::find(const model::Labels& labels) {
  grouping_.key(labels, key_);
  const Key sought{key_, xxhash64(key_)};
  const auto found = groups_.find(sought);
  if (found != groups_.end()) return found->second;
  const std::size_t group = labels_.size();
  labels_.push_back(model::Labels::from_encoded(key_));
  groups_.emplace(Key{labels_.back().encoded(), sought.hash}, group);
  return group;
}

AggregateParam AggregateParam::of(std::vector<double> values) {
  AggregateParam out;
  out.min = std::numeric_limits<double>::max();
  out.max = std::numeric_limits<double>::lowest();
  for (const double value : values) {
    out.min = go_min(out.min, value);
    out.max = go_max(out.max, value);
    out.any_nan = out.any_nan || std::isnan(value);
  }
  out.values = std::move(values);
  return out;
}

Result<bool> exhaust(VectorOperator& input, Column& column) {
  for (;;) {
    TOCSIN_TRY(const bool more, input.next(column));
    if (!more) return false;
  }
}

VectorOperatorPtr make_aggregate(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input,
                                 ScalarOperatorPtr param) {
  using parser::AggregateOp;
  switch (spec.op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
      return make_topk(context, grid, std::move(spec), std::move(input), std::move(param));
    case AggregateOp::kQuantile:
      return make_quantile_aggregate(context, grid, std::move(spec), std::move(input), std::move(param));
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return make_limit(context, grid, std::move(spec), std::move(input), std::move(param));
    case AggregateOp::kCountValues:
      return make_count_values(context, grid, std::move(spec), std::move(input));
    default:
      return make_simple_aggregate(context, grid, std::move(spec), std::move(input));
  }
}

}  // namespace tocsin::promql
