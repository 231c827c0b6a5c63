#include "promql/range_call.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "promql/label_ops.hpp"
#include "promql/materialize.hpp"
#include "promql/sample_account.hpp"
#include "promql/series_crew.hpp"

namespace tocsin::promql {
namespace {

bool ends_like_a_counter(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") || name.ends_with("_bucket");
}

/// What all workers of a call have in common. Does not change while they work.
struct CallSpec {
  Grid grid;
  std::string_view name;
  Reference reference;
  std::int64_t range_ms = 0;
  bool fixed = false;
  double overlap = 0;
  Reference window_reference;
  std::int64_t window_ms = 0;
  parser::PositionRange pos;
  const SampleAccount* account = nullptr;
  std::vector<std::vector<double>> scalars;  // at each step; known before the first series

  bool is_counter_function() const { return name == "rate" || name == "increase"; }
  bool keeps_name() const { return name == "last_over_time" || name == "first_over_time"; }
};

class CallWorker final : public SeriesWorker {
 public:
  CallWorker(QueryContext& context, const CallSpec& call, RangeSourcePtr source, RangeFunctionPtr function)
      : context_(context), call_(call), source_(std::move(source)), function_(std::move(function)) {}

  void open() override { source_->open(); }
  Result<bool> advance() override { return source_->advance(); }
  std::uint64_t id() const override { return source_->id(); }

  Result<void> work(SeriesResult& out) override {
    out.any = false;
    out.windows = {};
    TOCSIN_TRY(const bool has_samples, source_->read(series_));
    if (!has_samples) return {};
    TOCSIN_OK(context_.spend(call_.grid.count));
    out.column.reset(call_.grid.count);
    TOCSIN_OK(apply(out.column));
    out.windows = window_counts_;
    out.any = out.column.finish();
    if (!out.any) return {};
    if (call_.is_counter_function()) note_names(out.column);
    name(out.column);
    return {};
  }

 private:
  Result<void> apply(Column& out) {
    if (series_.digested) {
      function_->apply_digests({call_.grid, call_.reference, call_.range_ms, series_.digests}, out);
      window_counts_ = call_.account->count(series_.digests, call_.overlap);
      counted_generation_ = 0;
      return {};
    }
    const Windows& windows = floats_.update(series_.times, call_.grid, call_.window_reference, call_.window_ms);
    const Windows* histogram_windows = nullptr;
    if (!series_.histogram_times.empty()) {
      histograms_.compute(series_.histogram_times, call_.grid, call_.window_reference, call_.window_ms);
      histogram_windows = &histograms_;
    }
    if (histogram_windows != nullptr || counted_generation_ != floats_.generation()) {
      window_counts_ = call_.account->count(windows, histogram_windows, series_.histograms, call_.fixed);
      counted_generation_ = histogram_windows != nullptr ? 0 : floats_.generation();
    }
    const RangeInput input{context_, call_.grid,           call_.reference,   call_.range_ms, series_,
                           windows,  floats_.generation(), histogram_windows, call_.scalars,  call_.pos};
    return function_->apply(input, out);
  }

  /// rate() of something that is not named like a counter deserves a word.
  void note_names(const Column& out) {
    const std::string_view metric = series_.labels.metric_name();
    if (metric.empty()) return;
    bool floats = !out.has_histograms();
    for (std::size_t i = out.begin; !floats && i < out.end; ++i) floats = out.present[i] != 0 && !out.is_histogram(i);
    if (!floats) return;
    if (context_.settings().type_and_unit_labels) {
      const std::string_view type = series_.labels.get("__type__");
      if (type != "counter" && type != "histogram") {
        context_.annotations().possible_non_counter_label(metric, type, call_.pos);
      }
    } else if (!ends_like_a_counter(metric)) {
      context_.annotations().possible_non_counter(metric, call_.pos);
    }
  }

  void name(Column& out) {
    const bool drop = !call_.keeps_name() || series_.drop_name;
    if (drop && !context_.settings().delayed_name_removal) {
      out.labels = without_metadata(series_.labels);
      return;
    }
    out.labels = series_.labels;
    out.drop_name = drop;
  }

  QueryContext& context_;
  const CallSpec& call_;
  RangeSourcePtr source_;
  RangeFunctionPtr function_;
  RangeSeries series_;
  WindowCache floats_;
  Windows histograms_;
  SampleAccount::WindowCounts window_counts_;  // of the series at hand
  std::uint64_t counted_generation_ = 0;       // of the windows that were counted; 0: not only those
};

class RangeCall final : public VectorOperator {
 public:
  RangeCall(QueryContext& context, CallSpec call, MakeRangeFunction make_function, RangeArgument argument,
            std::vector<ScalarOperatorPtr> scalars)
      : context_(context),
        call_(std::move(call)),
        argument_(std::move(argument)),
        scalars_(std::move(scalars)),
        crew_(context, call_.grid.count, argument_.make_source != nullptr,
              [this, make_function = std::move(make_function)](QueryContext& own) {
                RangeSourcePtr source = argument_.source ? std::move(argument_.source) : argument_.make_source(own);
                return std::make_unique<CallWorker>(own, call_, std::move(source), make_function());
              }) {}

  Result<bool> next(Column& out) override {
    if (!scalars_known_) TOCSIN_OK(evaluate_scalars());
    for (;;) {
      TOCSIN_TRY(const bool more, crew_.next(result_));
      if (!more) return false;
      argument_.account->add_series(result_.windows, result_.any ? samples_in(result_.column) : 0);
      TOCSIN_OK(context_.check_samples(argument_.account->held()));
      if (!result_.any) continue;
      if (!context_.settings().delayed_name_removal) TOCSIN_OK(guard_.admit_once(result_.column.labels));
      std::ranges::swap(out, result_.column);
      return true;
    }
  }
  bool whole() const override { return true; }

 private:
  Result<void> evaluate_scalars() {
    scalars_known_ = true;
    for (const ScalarOperatorPtr& scalar : scalars_) {
      TOCSIN_TRY(std::vector<double> values, scalar->values());
      call_.scalars.push_back(std::move(values));
    }
    return {};
  }

  QueryContext& context_;
  CallSpec call_;
  RangeArgument argument_;
  std::vector<ScalarOperatorPtr> scalars_;
  bool scalars_known_ = false;
  DuplicateGuard guard_;
  SeriesCrew crew_;
  SeriesResult result_{Column(context_.arena())};
};

class AbsentOverTime final : public VectorOperator {
 public:
  AbsentOverTime(QueryContext& context, const Grid& grid, RangeArgument argument, model::Labels labels)
      : context_(context), grid_(grid), argument_(std::move(argument)), labels_(std::move(labels)) {}

  Result<bool> next(Column& out) override {
    if (done_) return false;
    done_ = true;
    std::vector<std::uint8_t> seen(grid_.count, 0);
    RangeSeries series;
    for (;;) {
      TOCSIN_TRY(const bool more, argument_.source->next(series));
      if (!more) break;
      mark(series, seen);
      TOCSIN_OK(context_.check_samples(argument_.account->held()));
      TOCSIN_OK(context_.spend(grid_.count));
    }
    out.reset(grid_.count);
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (seen[i] == 0) out.set(i, 1);
    }
    out.labels = labels_;
    return out.finish();
  }
  bool whole() const override { return true; }

 private:
  /// The steps at whose window the series has a sample.
  void mark(const RangeSeries& series, std::vector<std::uint8_t>& seen) {
    if (!series.digested) {
      floats_.compute(series.times, grid_, argument_.reference, argument_.range_ms);
      histograms_.compute(series.histogram_times, grid_, argument_.reference, argument_.range_ms);
    }
    std::uint64_t steps = 0;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      const bool any = series.digested ? series.digests[i].count != 0 : floats_.size(i) + histograms_.size(i) != 0;
      seen[i] |= static_cast<std::uint8_t>(any);
      steps += any ? 1 : 0;
    }
    SampleAccount& account = *argument_.account;
    account.add_series(series.digested ? account.count(series.digests, argument_.overlap(grid_))
                                       : account.count(floats_, &histograms_, series.histograms, argument_.fixed()),
                       steps);
  }

  QueryContext& context_;
  Grid grid_;
  RangeArgument argument_;
  model::Labels labels_;
  Windows floats_, histograms_;
  bool done_ = false;
};

}  // namespace

VectorOperatorPtr make_range_call(QueryContext& context, const Grid& grid, std::string_view name,
                                  MakeRangeFunction make_function, RangeArgument argument,
                                  std::vector<ScalarOperatorPtr> scalars, parser::PositionRange pos) {
  CallSpec call{.grid = grid,
                .name = name,
                .reference = argument.reference,
                .range_ms = argument.range_ms,
                .fixed = argument.fixed(),
                .overlap = argument.overlap(grid),
                .window_reference = argument.window_reference(context),
                .window_ms = argument.window_ms(context),
                .pos = pos,
                .account = argument.account,
                .scalars = {}};
  return std::make_unique<RangeCall>(context, std::move(call), std::move(make_function), std::move(argument),
                                     std::move(scalars));
}

VectorOperatorPtr make_absent_over_time(QueryContext& context, const Grid& grid, RangeArgument argument,
                                        model::Labels labels) {
  return std::make_unique<AbsentOverTime>(context, grid, std::move(argument), std::move(labels));
}

}  // namespace tocsin::promql
