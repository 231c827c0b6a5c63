#include "promql/range_call.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>
#include <utility>

#include "promql/label_ops.hpp"
#include "promql/materialize.hpp"
#include "promql/range_call_group.hpp"
#include "promql/sample_account.hpp"
#include "promql/series_crew.hpp"

namespace tocsin::promql {
namespace {

struct CallSpec;

/// Another call of the same selector, whose function is evaluated along.
struct Companion {
  std::shared_ptr<const CallSpec> call;
  MakeRangeFunction make_function;
  std::shared_ptr<const std::atomic<bool>> wanted;
};

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
  std::vector<Companion> companions;         // likewise

  bool is_counter_function() const { return name == "rate" || name == "increase"; }
  bool keeps_name() const { return name == "last_over_time" || name == "first_over_time"; }
};

/// The function of a call, on one series after the other.
class CallFunction {
 public:
  CallFunction(QueryContext& context, const CallSpec& call, RangeFunctionPtr function)
      : context_(context), call_(call), function_(std::move(function)) {}

  /// Windows of a series whose samples are known.
  struct SeriesWindows {
    const Windows& floats;
    std::uint64_t generation;
    const Windows* histograms;  // nullptr if the series has none
  };
  /// Replaces `out`. @return whether there is any sample
  Result<bool> evaluate(const RangeSeries& series, const SeriesWindows& windows, Column& out) {
    out.reset(call_.grid.count);
    if (windows.histograms != nullptr || counted_generation_ != windows.generation) {
      counts_ = call_.account->count(windows.floats, windows.histograms, series.histograms, call_.fixed);
      counted_generation_ = windows.histograms != nullptr ? 0 : windows.generation;
    }
    const RangeInput input{context_,       call_.grid,         call_.reference,    call_.range_ms, series,
                           windows.floats, windows.generation, windows.histograms, call_.scalars,  call_.pos};
    TOCSIN_OK(function_->apply(input, out));
    return finish(series, out);
  }
  bool evaluate_digests(const RangeSeries& series, Column& out) {
    out.reset(call_.grid.count);
    function_->apply_digests({call_.grid, call_.reference, call_.range_ms, series.digests}, out);
    counts_ = call_.account->count(series.digests, call_.overlap);
    counted_generation_ = 0;
    return finish(series, out);
  }
  /// Of the series that was evaluated last.
  const SampleAccount::WindowCounts& counts() const { return counts_; }
  QueryContext& context() { return context_; }

 private:
  bool finish(const RangeSeries& series, Column& out) {
    if (!out.finish()) return false;
    if (call_.is_counter_function()) note_names(series, out);
    name(series, out);
    return true;
  }

  /// rate() of something that is not named like a counter deserves a word.
  void note_names(const RangeSeries& series, const Column& out) {
    const std::string_view metric = series.labels.metric_name();
    if (metric.empty()) return;
    bool floats = !out.has_histograms();
    for (std::size_t i = out.begin; !floats && i < out.end; ++i) floats = out.present[i] != 0 && !out.is_histogram(i);
    if (!floats) return;
    if (context_.settings().type_and_unit_labels) {
      const std::string_view type = series.labels.get("__type__");
      if (type != "counter" && type != "histogram") {
        context_.annotations().possible_non_counter_label(metric, type, call_.pos);
      }
    } else if (!ends_like_a_counter(metric)) {
      context_.annotations().possible_non_counter(metric, call_.pos);
    }
  }

  void name(const RangeSeries& series, Column& out) {
    const bool drop = !call_.keeps_name() || series.drop_name;
    if (drop && !context_.settings().delayed_name_removal) {
      out.labels = without_metadata(series.labels);
      return;
    }
    out.labels = series.labels;
    out.drop_name = drop;
  }

  QueryContext& context_;
  const CallSpec& call_;
  RangeFunctionPtr function_;
  SampleAccount::WindowCounts counts_;
  std::uint64_t counted_generation_ = 0;  // of the windows that were counted; 0: not only those
};

class CallWorker final : public SeriesWorker {
 public:
  CallWorker(QueryContext& context, const CallSpec& call, RangeSourcePtr source, RangeFunctionPtr function)
      : context_(context), call_(call), source_(std::move(source)), function_(context, call, std::move(function)) {}

  void open() override { source_->open(); }
  Result<bool> advance() override { return source_->advance(); }
  std::uint64_t id() const override { return source_->id(); }

  Result<void> work(SeriesResult& out) override {
    out.any = false;
    out.windows = {};
    out.others.resize(call_.companions.size());
    for (OtherResult& other : out.others) {
      other.any = other.is_void = false;
      other.windows = {};
    }
    TOCSIN_TRY(const bool has_samples, source_->read(series_));
    if (!has_samples) return {};
    TOCSIN_OK(context_.spend(call_.grid.count));
    if (series_.digested) {
      out.any = function_.evaluate_digests(series_, out.column);
    } else {
      const CallFunction::SeriesWindows windows = windows_of_series();
      TOCSIN_TRY(out.any, function_.evaluate(series_, windows, out.column));
      for (std::size_t i = 0; i < out.others.size(); ++i) TOCSIN_OK(work(i, windows, out.others[i]));
    }
    out.windows = function_.counts();
    return {};
  }

 private:
  /// A function of another call, with annotations of its own: if there are any, or an error, the call itself is to
  /// tell.
  struct Other {
    Other(QueryContext& whole, const Companion& companion)
        : context(whole, nullptr), function(context, *companion.call, companion.make_function()) {}
    QueryContext context;
    CallFunction function;
  };

  CallFunction::SeriesWindows windows_of_series() {
    const Windows& windows = floats_.update(series_.times, call_.grid, call_.window_reference, call_.window_ms);
    const bool has_histograms = !series_.histogram_times.empty();
    if (has_histograms) {
      histograms_.compute(series_.histogram_times, call_.grid, call_.window_reference, call_.window_ms);
    }
    return {windows, floats_.generation(), has_histograms ? &histograms_ : nullptr};
  }

  Result<void> work(std::size_t index, const CallFunction::SeriesWindows& windows, OtherResult& out) {
    const Companion& companion = call_.companions[index];
    out.is_void = !companion.wanted->load(std::memory_order_relaxed);
    if (out.is_void) return {};
    TOCSIN_OK(context_.spend(call_.grid.count));
    while (others_.size() <= index) others_.emplace_back(context_, call_.companions[others_.size()]);
    Other& other = others_[index];
    const Result<bool> any = other.function.evaluate(series_, windows, out.column);
    out.is_void = !any || other.context.take_annotations() != nullptr;
    out.any = any && *any;
    out.windows = other.function.counts();
    return {};
  }

  QueryContext& context_;
  const CallSpec& call_;
  RangeSourcePtr source_;
  RangeSeries series_;
  WindowCache floats_;
  Windows histograms_;
  CallFunction function_;
  std::deque<Other> others_;  // made when they are needed; stay where they are
};

}  // namespace

class RangeCall final : public VectorOperator {
 public:
  RangeCall(QueryContext& context, CallSpec call, MakeRangeFunction make_function, RangeArgument argument,
            std::vector<ScalarOperatorPtr> scalars, RangeCallPlace place)
      : context_(context),
        call_(std::make_shared<CallSpec>(std::move(call))),
        make_function_(std::move(make_function)),
        argument_(std::move(argument)),
        scalars_(std::move(scalars)),
        place_(std::move(place)),
        crew_(context, call_->grid.count, argument_.make_source != nullptr,
              [this](QueryContext& own) {
                RangeSourcePtr source = argument_.source ? std::move(argument_.source) : argument_.make_source(own);
                return std::make_unique<CallWorker>(own, *call_, std::move(source), make_function_());
              }),
        result_{Column(context_.arena())} {
    if (place_.group == nullptr) return;
    if (place_.group->by_text.try_emplace(place_.text, this).second) place_.group->unasked.push_back(this);
  }
  ~RangeCall() override {
    if (place_.group != nullptr) {
      std::erase(place_.group->unasked, this);
      std::erase_if(place_.group->by_text, [this](const auto& entry) { return entry.second == this; });
    }
    for (RangeCall* const call : read_along_) {
      if (call != nullptr) call->reader_ = nullptr;
    }
    if (reader_ != nullptr) std::ranges::replace(reader_->read_along_, this, nullptr);
  }

  Result<bool> next(Column& out) override {
    if (!began_) TOCSIN_OK(begin());
    for (;;) {
      TOCSIN_TRY(const bool more, next_series());
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
  Result<void> begin() {
    began_ = true;
    for (const ScalarOperatorPtr& scalar : scalars_) {
      TOCSIN_TRY(std::vector<double> values, scalar->values());
      call_->scalars.push_back(std::move(values));
    }
    if (place_.group != nullptr) take_place();
    return {};
  }

  /// Takes what another call has found out, or sees to it that others need not read.
  void take_place() {
    const auto first = place_.group->by_text.find(place_.text);
    if (first != place_.group->by_text.end()) {  // this one, or its equal, which will share the result
      std::erase(place_.group->unasked, first->second);
      if (!first->second->began_ || first->second == this) kept_ = std::move(first->second->kept_);
    }
    if (kept_ == nullptr) return read_for_others();
    if (!kept_->is_complete()) kept_ = nullptr;  // who reads is not done yet
  }

  /// That were not asked yet, and will find what they want.
  void read_for_others() {
    for (RangeCall* const call : std::exchange(place_.group->unasked, {})) {
      auto wanted = std::make_shared<std::atomic<bool>>(true);
      call->kept_ = std::make_unique<KeptResults>(context_, wanted);
      call->reader_ = this;
      call_->companions.push_back({call->call_, call->make_function_, std::move(wanted)});
      read_along_.push_back(call);
      result_.others.push_back({Column(context_.arena())});
    }
  }

  Result<bool> next_series() {
    if (kept_) {
      TOCSIN_OK(context_.spend(call_->grid.count));
      return kept_->next(call_->grid.count, result_);
    }
    TOCSIN_TRY(const bool more, crew_.next(result_));
    for (std::size_t i = 0; i < read_along_.size(); ++i) {
      RangeCall* const call = read_along_[i];
      if (call == nullptr || !call->kept_) continue;
      if (!more) {
        call->kept_->complete();
      } else if (!call->kept_->add(result_.others[i])) {
        call->kept_ = nullptr;
      }
    }
    return more;
  }

  QueryContext& context_;
  std::shared_ptr<CallSpec> call_;  // changes only before the first series
  MakeRangeFunction make_function_;
  RangeArgument argument_;
  std::vector<ScalarOperatorPtr> scalars_;
  RangeCallPlace place_;
  std::vector<RangeCall*> read_along_;  // for which it reads; nullptr: they are gone
  RangeCall* reader_ = nullptr;         // that reads for it
  std::unique_ptr<KeptResults> kept_;   // by the reader
  bool began_ = false;
  DuplicateGuard guard_;
  SeriesCrew crew_;
  SeriesResult result_;
};

namespace {

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
                                  std::vector<ScalarOperatorPtr> scalars, parser::PositionRange pos,
                                  RangeCallPlace place) {
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
                .scalars = {},
                .companions = {}};
  return std::make_unique<RangeCall>(context, std::move(call), std::move(make_function), std::move(argument),
                                     std::move(scalars), std::move(place));
}

VectorOperatorPtr make_absent_over_time(QueryContext& context, const Grid& grid, RangeArgument argument,
                                        model::Labels labels) {
  return std::make_unique<AbsentOverTime>(context, grid, std::move(argument), std::move(labels));
}

}  // namespace tocsin::promql
