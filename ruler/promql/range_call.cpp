#include "promql/range_call.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "promql/label_ops.hpp"
#include "promql/materialize.hpp"
#include "promql/sample_account.hpp"

namespace tocsin::promql {
namespace {

bool ends_like_a_counter(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") || name.ends_with("_bucket");
}

class RangeCall final : public VectorOperator {
 public:
  RangeCall(QueryContext& context, const Grid& grid, std::string_view name, RangeFunctionPtr function,
            RangeArgument argument, std::vector<ScalarOperatorPtr> scalars, parser::PositionRange pos)
      : context_(context),
        grid_(grid),
        keeps_name_(name == "last_over_time" || name == "first_over_time"),
        counter_(name == "rate" || name == "increase"),
        function_(std::move(function)),
        argument_(std::move(argument)),
        scalars_(std::move(scalars)),
        pos_(pos) {}

  Result<bool> next(Column& out) override {
    if (!values_) TOCSIN_OK(evaluate_scalars());
    for (;;) {
      TOCSIN_TRY(const bool more, argument_.source->next(series_));
      if (!more) return false;
      TOCSIN_OK(context_.spend(grid_.count));
      out.reset(grid_.count);
      TOCSIN_OK(apply(out));
      const bool any = out.finish();
      argument_.account->add_series(window_counts_, any ? samples_in(out) : 0);
      TOCSIN_OK(context_.check_samples(argument_.account->held()));
      if (!any) continue;
      if (counter_) note_names(out);
      TOCSIN_OK(name(out));
      return true;
    }
  }
  bool whole() const override { return true; }

 private:
  Result<void> evaluate_scalars() {
    values_.emplace();
    for (const ScalarOperatorPtr& scalar : scalars_) {
      TOCSIN_TRY(std::vector<double> values, scalar->values());
      values_->push_back(std::move(values));
    }
    return {};
  }

  Result<void> apply(Column& out) {
    if (series_.digested) {
      function_->apply_digests({grid_, argument_.reference, argument_.range_ms, series_.digests}, out);
      window_counts_ = argument_.account->count(series_.digests, argument_.overlap(grid_));
      counted_generation_ = 0;
      return {};
    }
    const Reference reference = argument_.window_reference(context_);
    const std::int64_t window_ms = argument_.window_ms(context_);
    const Windows& windows = floats_.update(series_.times, grid_, reference, window_ms);
    const Windows* histogram_windows = nullptr;
    if (!series_.histogram_times.empty()) {
      histograms_.compute(series_.histogram_times, grid_, reference, window_ms);
      histogram_windows = &histograms_;
    }
    if (histogram_windows != nullptr || counted_generation_ != floats_.generation()) {
      window_counts_ = argument_.account->count(windows, histogram_windows, series_.histograms, argument_.fixed());
      counted_generation_ = histogram_windows != nullptr ? 0 : floats_.generation();
    }
    const RangeInput input{context_, grid_,   argument_.reference,  argument_.range_ms,
                           series_,  windows, floats_.generation(), histogram_windows,
                           *values_, pos_};
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
        context_.annotations().possible_non_counter_label(metric, type, pos_);
      }
    } else if (!ends_like_a_counter(metric)) {
      context_.annotations().possible_non_counter(metric, pos_);
    }
  }

  Result<void> name(Column& out) {
    const bool drop = !keeps_name_ || series_.drop_name;
    if (context_.settings().delayed_name_removal) {
      out.labels = series_.labels;
      out.drop_name = drop;
      return {};
    }
    if (drop) {
      out.labels = without_metadata(series_.labels);
    } else {
      out.labels = series_.labels;
    }
    return guard_.admit_once(out.labels);
  }

  QueryContext& context_;
  Grid grid_;
  bool keeps_name_, counter_;
  RangeFunctionPtr function_;
  RangeArgument argument_;
  std::vector<ScalarOperatorPtr> scalars_;
  parser::PositionRange pos_;
  std::optional<std::vector<std::vector<double>>> values_;
  RangeSeries series_;
  WindowCache floats_;
  Windows histograms_;
  SampleAccount::WindowCounts window_counts_;  // of the series at hand
  std::uint64_t counted_generation_ = 0;       // of the windows that were counted; 0: not only those
  DuplicateGuard guard_;
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
                                  RangeFunctionPtr function, RangeArgument argument,
                                  std::vector<ScalarOperatorPtr> scalars, parser::PositionRange pos) {
  return std::make_unique<RangeCall>(context, grid, name, std::move(function), std::move(argument), std::move(scalars),
                                     pos);
}

VectorOperatorPtr make_absent_over_time(QueryContext& context, const Grid& grid, RangeArgument argument,
                                        model::Labels labels) {
  return std::make_unique<AbsentOverTime>(context, grid, std::move(argument), std::move(labels));
}

}  // namespace tocsin::promql
