// sum, avg, count, group, min, max, stddev, stdvar: one small state per group and step.

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "promql/aggregate.hpp"
#include "promql/functions.hpp"
#include "base/kahan.hpp"
#include "promql/range_functions.hpp"

namespace tocsin::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// What becomes of native histograms: they count like floats, they are ignored with a note, or they are a sum of their
/// own, which is not built (and an error of the data beside floats).
enum class Histograms { kCount, kIgnore, kSum };

struct SumState {
  static constexpr Histograms kHistograms = Histograms::kSum;
  KahanSum total;
  bool seen = false, histogram = false;
  void add(double v) {
    if (seen) {
      total.add(v);
    } else {
      total.sum = v;  // not 0 + v: that would lose the sign of -0
      seen = true;
    }
  }
  double value() const { return total.value(); }
};

struct AvgState {
  static constexpr Histograms kHistograms = Histograms::kSum;
  KahanMean mean;
  bool seen = false, histogram = false;
  void add(double v) {
    mean.add(v);
    seen = true;
  }
  double value() const { return mean.value(); }
};

struct CountState {
  static constexpr Histograms kHistograms = Histograms::kCount;
  double count = 0;
  bool seen = false;
  void add(double) {
    count += 1;
    seen = true;
  }
  double value() const { return count; }
};

struct GroupState {
  static constexpr Histograms kHistograms = Histograms::kCount;
  bool seen = false;
  void add(double) { seen = true; }
  double value() const { return 1; }
};

template <bool kMaximum>
struct ExtremeState {
  static constexpr Histograms kHistograms = Histograms::kIgnore;
  double extreme = 0;
  bool seen = false;
  void add(double v) {
    if (!seen || (kMaximum ? extreme < v : extreme > v) || std::isnan(extreme)) extreme = v;
    seen = true;
  }
  double value() const { return extreme; }
};

/// Welford's method.
template <bool kRoot>
struct VarianceState {
  static constexpr Histograms kHistograms = Histograms::kIgnore;
  double count = 0, mean = 0, squares = 0;
  bool seen = false;
  void add(double v) {
    count += 1;
    if (!seen) {
      seen = true;
      mean = v;
      squares = std::isfinite(v) ? 0 : kNan;
      return;
    }
    const double delta = v - mean;
    mean += delta / count;
    squares += delta * (v - mean);
  }
  double value() const { return kRoot ? std::sqrt(squares / count) : squares / count; }
};

template <typename State>
class SimpleAggregate final : public VectorOperator {
 public:
  SimpleAggregate(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input)
      : context_(context),
        grid_(grid),
        spec_(std::move(spec)),
        input_(std::move(input)),
        table_(spec_.grouping),
        held_(context) {}

  Result<bool> next(Column& out) override {
    if (!drained_) TOCSIN_OK(drain(out));
    while (at_ < groups_.size()) {
      const std::size_t group = at_++;
      TOCSIN_OK(context_.spend(groups_[group].steps.size()));
      TOCSIN_TRY(const bool any, emit(group, out));
      // What was handed out is not needed again: whoever keeps it finds the memory free.
      held_.remove(groups_[group].steps.size());
      groups_[group].steps = {};
      if (any) return true;
    }
    return false;
  }
  bool whole() const override { return true; }

 private:
  struct Group {
    GroupSteps<State> steps;
    GroupName name;
  };

  Result<void> drain(Column& column) {
    drained_ = true;
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(column));
      if (!more) return {};
      TOCSIN_OK(context_.spend(column.span()));
      const std::size_t index = table_.find(column.labels);
      if (index == groups_.size()) groups_.emplace_back();
      Group& group = groups_[index];
      const std::size_t before = group.steps.size();
      group.steps.cover(column.begin, column.end);
      TOCSIN_OK(held_.add(group.steps.size() - before));
      group.name.add(column);
      add(column, group.steps);
    }
  }

  void add(const Column& column, GroupSteps<State>& steps) {
    if (column.dense && !column.has_histograms()) {
      State* const states = &steps[column.begin];
      const double* const values = column.values.data() + column.begin;
      for (std::size_t i = 0; i < column.span(); ++i) states[i].add(values[i]);
      return;
    }
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0) continue;
      if (column.is_histogram(i)) {
        add_histogram(steps[i]);
      } else {
        steps[i].add(column.values[i]);
      }
    }
  }

  void add_histogram(State& state) {
    if constexpr (State::kHistograms == Histograms::kCount) {
      state.add(0);
    } else if constexpr (State::kHistograms == Histograms::kIgnore) {
      context_.annotations().histogram_ignored_in_aggregation(parser::aggregate_op_text(spec_.op), spec_.input_pos);
    } else {
      state.histogram = true;
    }
  }

  Result<bool> emit(std::size_t index, Column& out) {
    const Group& group = groups_[index];
    out.reset(grid_.count);
    for (std::size_t i = group.steps.begin(); i < group.steps.end(); ++i) {
      const State& state = group.steps[i];
      if constexpr (State::kHistograms == Histograms::kSum) {
        if (state.histogram) {
          if (!state.seen) return unsupported_histograms(std::string(parser::aggregate_op_text(spec_.op)) + "()");
          context_.annotations().mixed_floats_histograms_in_aggregation(spec_.input_pos);
          continue;
        }
      }
      if (state.seen) out.set(i, state.value());
    }
    out.labels = table_.labels(index);
    out.drop_name = group.name.drop();
    return out.finish();
  }

  QueryContext& context_;
  Grid grid_;
  AggregateSpec spec_;
  VectorOperatorPtr input_;
  GroupTable table_;
  HeldSamples held_;
  std::vector<Group> groups_;
  bool drained_ = false;
  std::size_t at_ = 0;
};

template <typename State>
VectorOperatorPtr make(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input) {
  return std::make_unique<SimpleAggregate<State>>(context, grid, std::move(spec), std::move(input));
}

}  // namespace

VectorOperatorPtr make_simple_aggregate(QueryContext& context, const Grid& grid, AggregateSpec spec,
                                        VectorOperatorPtr input) {
  using parser::AggregateOp;
  switch (spec.op) {
    case AggregateOp::kSum:
      return make<SumState>(context, grid, std::move(spec), std::move(input));
    case AggregateOp::kAvg:
      return make<AvgState>(context, grid, std::move(spec), std::move(input));
    case AggregateOp::kCount:
      return make<CountState>(context, grid, std::move(spec), std::move(input));
    case AggregateOp::kGroup:
      return make<GroupState>(context, grid, std::move(spec), std::move(input));
    case AggregateOp::kMin:
      return make<ExtremeState<false>>(context, grid, std::move(spec), std::move(input));
    case AggregateOp::kMax:
      return make<ExtremeState<true>>(context, grid, std::move(spec), std::move(input));
    case AggregateOp::kStddev:
      return make<VarianceState<true>>(context, grid, std::move(spec), std::move(input));
    case AggregateOp::kStdvar:
      return make<VarianceState<false>>(context, grid, std::move(spec), std::move(input));
    default:
      return nullptr;
  }
}

}  // namespace tocsin::promql
