// quantile(φ, v): needs all samples of a group and step at once.

#include <algorithm>
#include <cmath>
#include <limits>

#include "promql/aggregate.hpp"
#include "promql/functions.hpp"
#include "promql/materialize.hpp"
#include "promql/quantile.hpp"

namespace tocsin::promql {
namespace {

class QuantileAggregate final : public VectorOperator {
 public:
  QuantileAggregate(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input,
                    ScalarOperatorPtr param)
      : context_(context),
        grid_(grid),
        spec_(std::move(spec)),
        input_(std::move(input)),
        param_(std::move(param)),
        table_(spec_.grouping, context.arena()),
        kept_(context) {}

  Result<bool> next(Column& out) override {
    if (!drained_) TOCSIN_OK(drain(out));
    while (at_ < groups_.size()) {
      TOCSIN_TRY(const bool any, emit(at_++, out));
      if (any) return true;
    }
    return false;
  }
  bool whole() const override { return true; }

 private:
  struct Group {
    std::vector<std::size_t> columns;
    std::size_t begin = 0, end = 0;
    GroupName name;
  };

  Result<void> drain(Column& column) {
    drained_ = true;
    TOCSIN_TRY(std::vector<double> values, param_->values());
    q_ = AggregateParam::of(std::move(values));
    Annotations& annotations = context_.annotations();
    if (q_.any_nan) annotations.invalid_quantile(std::numeric_limits<double>::quiet_NaN(), spec_.param_pos);
    if (q_.max > 1) annotations.invalid_quantile(q_.max, spec_.param_pos);
    if (q_.min < 0) annotations.invalid_quantile(q_.min, spec_.param_pos);
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(column));
      if (!more) return {};
      TOCSIN_OK(context_.spend(column.span()));
      if (shows_histograms(column)) {
        annotations.histogram_ignored_in_aggregation("quantile", spec_.input_pos);
      }
      if (!remove_histograms(column)) continue;
      add(table_.find(column.labels), column);
      TOCSIN_OK(kept_.add(std::move(column)));
    }
  }

  void add(std::size_t index, const Column& column) {
    if (index == groups_.size()) {
      groups_.emplace_back();
      groups_.back().begin = column.begin;
      groups_.back().end = column.end;
    }
    Group& group = groups_[index];
    group.columns.push_back(kept_.columns.size());
    group.begin = std::min(group.begin, column.begin);
    group.end = std::max(group.end, column.end);
    group.name.add(column);
  }

  Result<bool> emit(std::size_t index, Column& out) {
    const Group& group = groups_[index];
    out.reset(grid_.count);
    for (std::size_t i = group.begin; i < group.end; ++i) {
      TOCSIN_OK(context_.spend(group.columns.size()));
      values_.clear();
      for (const std::size_t c : group.columns) {
        if (kept_.columns[c].has(i)) values_.push_back(kept_.columns[c].value(i));
      }
      if (!values_.empty()) out.set(i, quantile_of(q_.values[i], values_));
    }
    out.labels = table_.labels(index);
    out.drop_name = group.name.drop();
    return out.finish();
  }

  QueryContext& context_;
  Grid grid_;
  AggregateSpec spec_;
  VectorOperatorPtr input_;
  ScalarOperatorPtr param_;
  GroupTable table_;
  Materialized kept_;
  AggregateParam q_;
  std::vector<Group> groups_;
  std::vector<double> values_;
  bool drained_ = false;
  std::size_t at_ = 0;
};

}  // namespace

VectorOperatorPtr make_quantile_aggregate(QueryContext& context, const Grid& grid, AggregateSpec spec,
                                          VectorOperatorPtr input, ScalarOperatorPtr param) {
  return std::make_unique<QuantileAggregate>(context, grid, std::move(spec), std::move(input), std::move(param));
}

}  // namespace tocsin::promql
