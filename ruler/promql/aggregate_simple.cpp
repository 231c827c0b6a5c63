// sum, avg, count, group, min, max, stddev, stdvar: one small state per group and step.

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "base/kahan.hpp"
#include "model/histogram_buckets.hpp"
#include "promql/aggregate.hpp"
#include "promql/functions.hpp"
#include "promql/range_histograms.hpp"

namespace tocsin::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// What becomes of native histograms: they count like floats, they are ignored with a note, or they are added up, which
/// is an error of the data beside floats.
enum class Histograms { kCount, kIgnore, kSum };

struct SumState {
  static constexpr Histograms kHistograms = Histograms::kSum;
  KahanSum total;
  using Histogram = model::HistogramSum;
  bool seen = false, histogram = false;  // a float, a histogram
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
  using Histogram = model::HistogramMean;
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

/// The histograms of a group at one step.
template <typename Sum>
struct HistogramGroup {
  explicit HistogramGroup(const model::FloatHistogram& first) : sum(first), custom(model::has_custom_buckets(first)) {
    look_at_hint(first);
  }
  void look_at_hint(const model::FloatHistogram& histogram) {
    reset |= histogram.reset_hint == model::CounterReset::kReset;
    not_reset |= histogram.reset_hint == model::CounterReset::kNotReset;
  }
  Sum sum;
  bool custom;
  bool mixed = false;  // exponential and custom buckets: no result
  bool reset = false, not_reset = false;
};

template <typename State>
struct HistogramsOf {};
template <typename State>
  requires(State::kHistograms == Histograms::kSum)
struct HistogramsOf<State> {
  std::vector<std::unique_ptr<HistogramGroup<typename State::Histogram>>> by_step;  // empty: none
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
      groups_[group].histograms = {};
      if (any) return true;
    }
    return false;
  }
  bool whole() const override { return true; }

 private:
  struct Group {
    GroupSteps<State> steps;
    GroupName name;
    [[no_unique_address]] HistogramsOf<State> histograms;
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
      add(column, group);
    }
  }

  void add(const Column& column, Group& group) {
    GroupSteps<State>& steps = group.steps;
    if (column.dense && !column.has_histograms()) {
      State* const states = &steps[column.begin];
      const double* const values = column.values.data() + column.begin;
      for (std::size_t i = 0; i < column.span(); ++i) states[i].add(values[i]);
      return;
    }
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0) continue;
      if (column.is_histogram(i)) {
        add_histogram(column, i, group);
      } else {
        steps[i].add(column.values[i]);
      }
    }
  }

  void add_histogram(const Column& column, std::size_t i, Group& group) {
    if constexpr (State::kHistograms == Histograms::kCount) {
      group.steps[i].add(0);
    } else if constexpr (State::kHistograms == Histograms::kIgnore) {
      context_.annotations().histogram_ignored_in_aggregation(parser::aggregate_op_text(spec_.op), spec_.input_pos);
    } else {
      group.steps[i].histogram = true;
      if (group.steps[i].seen) return;  // no result anyway
      if (group.histograms.by_step.empty()) group.histograms.by_step.resize(grid_.count);
      add_up(*column.histograms[i], column.labels.metric_name(), group.histograms.by_step[i]);
    }
  }

  template <typename Histograms>
  void add_up(const model::FloatHistogram& histogram, std::string_view metric, std::unique_ptr<Histograms>& group) {
    if (group == nullptr) {
      group = std::make_unique<Histograms>(histogram);
      return;
    }
    if (group->mixed) return;
    group->look_at_hint(histogram);
    if (group->custom != model::has_custom_buckets(histogram)) {
      group->mixed = true;
      context_.annotations().mixed_exponential_custom(metric, spec_.input_pos);
    } else if (group->sum.add(histogram).bounds_reconciled) {
      context_.annotations().mismatched_custom_buckets("aggregation", spec_.input_pos);
    }
  }

  void emit_histogram(Group& group, std::size_t i, Column& out) {
    if (group.steps[i].seen) return context_.annotations().mixed_floats_histograms_in_aggregation(spec_.input_pos);
    auto& histograms = *group.histograms.by_step[i];
    if (histograms.reset && histograms.not_reset) {
      context_.annotations().counter_reset_collision("aggregation", spec_.input_pos);
    }
    if (!histograms.mixed) set_histogram(out, i, histograms.sum.take());
  }

  Result<bool> emit(std::size_t index, Column& out) {
    Group& group = groups_[index];
    out.reset(grid_.count);
    for (std::size_t i = group.steps.begin(); i < group.steps.end(); ++i) {
      const State& state = group.steps[i];
      if constexpr (State::kHistograms == Histograms::kSum) {
        if (state.histogram) {
          emit_histogram(group, i, out);
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
