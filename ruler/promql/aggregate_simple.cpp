// sum, avg, count, group, min, max, stddev, stdvar: one small state per group and step.

#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/kahan.hpp"
#include "model/histogram_buckets.hpp"
#include "promql/aggregate.hpp"
#include "promql/functions.hpp"
#include "promql/group_values.hpp"
#include "promql/range_histograms.hpp"

namespace tocsin::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// What becomes of native histograms: they count like floats, they are ignored with a note, or they are added up, which
/// is an error of the data beside floats.
enum class Histograms { kCount, kIgnore, kSum };

/// Of a group: how it keeps its values, what becomes of histograms, and how those are added up.
struct SumState {
  static constexpr Histograms kHistograms = Histograms::kSum;
  using Values = GroupSums;
  using Histogram = model::HistogramSum;
};

struct AvgState {
  static constexpr Histograms kHistograms = Histograms::kSum;
  using Values = GroupStates<AvgState>;
  using Histogram = model::HistogramMean;
  KahanMean mean;
  bool seen = false;
  void add(double v) {
    mean.add(v);
    seen = true;
  }
  double value() const { return mean.value(); }
};

struct CountState {
  static constexpr Histograms kHistograms = Histograms::kCount;
  using Values = GroupStates<CountState>;
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
  using Values = GroupStates<GroupState>;
  bool seen = false;
  void add(double) { seen = true; }
  double value() const { return 1; }
};

template <bool kMaximum>
struct ExtremeState {
  static constexpr Histograms kHistograms = Histograms::kIgnore;
  using Values = GroupStates<ExtremeState>;
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
  using Values = GroupStates<VarianceState>;
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

/// The histograms of a group by step: steps that have one, and their sums as long as there is no float.
template <typename State>
struct HistogramSteps {
  explicit HistogramSteps(std::size_t steps) : present(steps), by_step(steps) {}
  std::vector<std::uint8_t> present;
  std::vector<std::unique_ptr<HistogramGroup<typename State::Histogram>>> by_step;
};

template <typename State>
struct HistogramsOf {};
template <typename State>
  requires(State::kHistograms == Histograms::kSum)
struct HistogramsOf<State> {
  std::unique_ptr<HistogramSteps<State>> steps;  // nullptr: there was none
};

template <typename State>
class SimpleAggregate final : public VectorOperator {
 public:
  SimpleAggregate(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input)
      : context_(context),
        grid_(grid),
        spec_(std::move(spec)),
        input_(std::move(input)),
        table_(spec_.grouping, context.arena()),
        held_(context),
        groups_(context.arena()) {}

  Result<bool> next(Column& out) override {
    if (!drained_) TOCSIN_OK(drain(out));
    while (at_ < groups_.size()) {
      const std::size_t group = at_++;
      const std::size_t samples = groups_[group].values.size();
      TOCSIN_OK(context_.spend(samples));
      TOCSIN_TRY(const bool any, emit(group, out));
      // What was handed out is not needed again: whoever keeps it finds the memory free.
      held_.remove(samples);
      groups_[group].values = typename State::Values();
      groups_[group].histograms = {};
      if (any) return true;
    }
    return false;
  }
  bool whole() const override { return true; }

 private:
  struct Group {
    explicit Group(Arena* arena) : values(arena) {}
    typename State::Values values;
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
      if (index == groups_.size()) groups_.emplace_back(context_.arena());
      Group& group = groups_[index];
      const std::size_t before = group.values.size();
      group.name.add(column);
      add(column, group);
      TOCSIN_OK(held_.add(group.values.size() - before));
    }
  }

  /// May take the values of `column`.
  void add(Column& column, Group& group) {
    if (column.dense && !column.has_histograms()) return group.values.add_all(column);
    group.values.cover(column.begin, column.end);
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0) continue;
      if (column.is_histogram(i)) {
        add_histogram(column, i, group);
      } else {
        group.values.add(i, column.values[i]);
      }
    }
  }

  void add_histogram(const Column& column, std::size_t i, Group& group) {
    if constexpr (State::kHistograms == Histograms::kCount) {
      group.values.add(i, 0);
    } else if constexpr (State::kHistograms == Histograms::kIgnore) {
      context_.annotations().histogram_ignored_in_aggregation(parser::aggregate_op_text(spec_.op), spec_.input_pos);
    } else {
      if (group.histograms.steps == nullptr) {
        group.histograms.steps = std::make_unique<HistogramSteps<State>>(grid_.count);
      }
      group.histograms.steps->present[i] = 1;
      if (group.values.seen(i)) return;  // no result anyway
      add_up(*column.histograms[i], column.labels.metric_name(), group.histograms.steps->by_step[i]);
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
    out.present[i] = 0;
    if (group.values.seen(i)) return context_.annotations().mixed_floats_histograms_in_aggregation(spec_.input_pos);
    auto& histograms = *group.histograms.steps->by_step[i];
    if (histograms.reset && histograms.not_reset) {
      context_.annotations().counter_reset_collision("aggregation", spec_.input_pos);
    }
    if (!histograms.mixed) set_histogram(out, i, histograms.sum.take());
  }

  Result<bool> emit(std::size_t index, Column& out) {
    Group& group = groups_[index];
    out.reset(grid_.count);
    group.values.write(out);
    if constexpr (State::kHistograms == Histograms::kSum) {
      for (std::size_t i = 0; group.histograms.steps != nullptr && i < grid_.count; ++i) {
        if (group.histograms.steps->present[i] != 0) emit_histogram(group, i, out);
      }
    }
    out.labels = table_.take_labels(index);  // each group is emitted once
    out.drop_name = group.name.drop();
    return out.finish();
  }

  QueryContext& context_;
  Grid grid_;
  AggregateSpec spec_;
  VectorOperatorPtr input_;
  GroupTable table_;
  HeldSamples held_;
  std::deque<Group, ArenaAllocator<Group>> groups_;
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
