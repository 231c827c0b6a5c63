#include "promqltest/runner.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "model/histogram_math.hpp"
#include "promql/parser/parser.hpp"
#include "promqltest/compare.hpp"
#include "promqltest/histograms.hpp"

namespace tocsin::promqltest {
namespace {

using promql::parser::Expr;
using promql::parser::ExprPtr;
using promql::parser::NodeKind;

/// What a store makes of hints: within a chunk there is no reset, and of the first histogram in a chunk nothing is known.
/// Resets, also told ones, and other bucket layouts begin a chunk.
model::HistogramPtr with_stored_hint(const model::HistogramPtr& before, const model::HistogramPtr& now) {
  using model::CounterReset;
  if (now->reset_hint == CounterReset::kGauge) return now;
  auto out = std::make_shared<model::FloatHistogram>(*now);
  out->reset_hint = CounterReset::kUnknown;
  const bool same_layout = before != nullptr && before->reset_hint != CounterReset::kGauge &&
                           before->schema == now->schema && before->zero_threshold == now->zero_threshold &&
                           before->custom_values == now->custom_values;
  if (same_layout && now->reset_hint != CounterReset::kReset && !model::is_reset(*out, *before)) {
    out->reset_hint = CounterReset::kNotReset;
  }
  return out;
}

/// Functions whose value depends on the time of evaluation even when their argument does not.
bool depends_on_time(std::string_view name) {
  constexpr std::array kNames = {"day_of_month", "day_of_week", "day_of_year", "days_in_month",  "end",
                                 "hour",         "minute",      "month",       "predict_linear", "range",
                                 "start",        "step",        "time",        "timestamp",      "year"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool any_call(const Expr& expr, bool (*wanted)(std::string_view)) {
  if (expr.kind == NodeKind::kCall && wanted(static_cast<const promql::parser::Call&>(expr).function->name))
    return true;
  const std::vector<const Expr*> children = promql::parser::children(expr);
  return std::any_of(children.begin(), children.end(), [&](const Expr* child) { return any_call(*child, wanted); });
}

/// Gives every selector and subquery without `@` the time t; what is below a subquery stays.
void fix_times(Expr& expr, Timestamp t) {
  using namespace promql::parser;
  const auto fix = [t](AtModifier& at) {
    if (at.kind == AtKind::kNone) at = {AtKind::kTimestamp, t};
  };
  switch (expr.kind) {
    case NodeKind::kVectorSelector:
      return fix(static_cast<VectorSelector&>(expr).at);
    case NodeKind::kMatrixSelector:
      return fix(static_cast<MatrixSelector&>(expr).vector->at);
    case NodeKind::kSubquery:
      return fix(static_cast<SubqueryExpr&>(expr).at);
    default:
      break;
  }
  for (const Expr* child : children(expr)) fix_times(const_cast<Expr&>(*child), t);  // the tree is this function's own
}

class ScriptRun {
 public:
  ScriptRun(const promql::Engine& engine, const MakeStore& make, const RunOptions& options)
      : engine_(engine), make_(make), options_(options) {}

  /// A new store; without one nothing can be run.
  bool run(const ClearCommand& clear) {
    store_.reset();
    last_histograms_.clear();
    auto made = make_();
    if (!made) {
      report_.failed_loads.push_back({clear.line, "no store: " + made.error().message});
      return false;
    }
    store_ = std::move(*made);
    return true;
  }

  bool run(const LoadCommand& load) {
    if (Result<void> loaded = append(load); !loaded) {
      report_.failed_loads.push_back({load.line, std::move(loaded.error().message)});
    }
    return true;
  }

  bool run(const EvalCommand& eval) {
    EvalReport report;
    report.line = eval.line;
    report.expr = eval.text;
    check(eval, report);
    report_.evals.push_back(std::move(report));
    return true;
  }

  ScriptReport take() { return std::move(report_); }

 private:
  struct Point {
    double value = 0;
    Timestamp start = 0;
    model::HistogramPtr histogram;
  };
  using Points = std::map<model::Labels, std::map<Timestamp, Point>>;

  Result<void> append(const LoadCommand& load) {
    Points points;
    SampleTable floats;
    for (const LoadCommand::Series& series : load.series) {
      auto& of_series = points[series.line.labels];
      of_series.clear();
      auto& floats_of_series = floats[series.line.labels];
      floats_of_series.clear();
      for (std::size_t i = 0; i < series.line.values.size(); ++i) {
        const SeriesValue& value = series.line.values[i];
        if (value.omitted) continue;
        const Timestamp t = static_cast<std::int64_t>(i) * load.interval_ms;
        const bool started = !series.starts.empty() && series.starts[i].known;
        of_series[t] = {value.value, started ? t + series.starts[i].offset_ms : 0, value.histogram};
        if (value.histogram == nullptr) floats_of_series[t] = value.value;
      }
    }
    if (load.with_nhcb) {
      TOCSIN_TRY(const HistogramTable converted, convert_classic_histograms(floats));
      for (const auto& [labels, of_series] : converted) {
        for (const auto& [t, histogram] : of_series) points[labels][t] = {0, 0, histogram};
      }
    }
    return store(points);
  }

  Result<void> store(const Points& points) {
    const std::unique_ptr<storage::Appender> appender = store_->appendable().appender();
    for (const auto& [labels, of_series] : points) {
      for (const auto& [t, point] : of_series) {
        storage::AppendResult result;
        if (point.histogram != nullptr) {
          model::HistogramPtr& last = last_histograms_[labels];
          last = with_stored_hint(last, point.histogram);
          result = appender->append_histogram(0, &labels, t, last, point.start);
        } else {
          result = appender->append(0, &labels, t, point.value, point.start);
        }
        if (result.status != storage::AppendStatus::kOk) {
          return fail(Errc::kInvalid, "{} at {} ms: {}", labels.to_string(), t,
                      storage::append_status_text(result.status));
        }
      }
    }
    return appender->commit();
  }

  void check(const EvalCommand& eval, EvalReport& report) {
    promql::QueryOptions options;
    options.text = eval.text;
    if (eval.range) {
      judge(eval, report, engine_.range(store_->queryable(), *eval.expr, eval.start, eval.end, eval.step_ms, options),
            "", [&](const promql::QueryResult& result) { return compare_range(eval, result.value); });
      return;
    }
    judge(eval, report, engine_.instant(store_->queryable(), *eval.expr, eval.start, options), "",
          [&](const promql::QueryResult& result) { return compare_instant(eval, result.value); });
    if (options_.variants && report.status == EvalStatus::kPass) check_variants(eval, *eval.expr, report);
  }

  void check_variants(const EvalCommand& eval, const Expr& expr, EvalReport& report) {
    check_range_mode(eval, expr, eval.start, report);
    if (any_call(expr, depends_on_time)) return;
    const ExprPtr fixed = promql::parser::clone(expr);
    fix_times(*fixed, eval.start);
    std::vector<Timestamp> times = {-10 * eval.start, 0, eval.start / 5, eval.start, 10 * eval.start};
    if (eval.start == 0) times = {-1000, 0, 1000};
    for (const Timestamp t : times) {
      if (report.status != EvalStatus::kPass) return;
      judge(eval, report, engine_.instant(store_->queryable(), *fixed, t), fmt::format("with @, at {} ms: ", t),
            [&](const promql::QueryResult& result) { return compare_instant(eval, result.value); });
      check_range_mode(eval, *fixed, t, report);
    }
  }

  /// The same as the middle step of a range query.
  void check_range_mode(const EvalCommand& eval, const Expr& expr, Timestamp t, EvalReport& report) {
    if (report.status != EvalStatus::kPass || eval.expected.range_vector || eval.expected.string) return;
    for (const std::string_view of_the_query : {"start()", "end()", "range()", "step()"}) {
      if (eval.text.find(of_the_query) != std::string::npos) return;
    }
    judge(eval, report, engine_.range(store_->queryable(), expr, t - 60'000, t + 60'000, 60'000),
          fmt::format("in a range query, at {} ms: ", t),
          [&](const promql::QueryResult& result) { return compare_points_at(eval, result.value, t); });
  }

  static void judge(EvalReport& report, std::string problem) {
    if (problem.empty()) return;
    report.status = EvalStatus::kFail;
    report.message = std::move(problem);
  }

  template <typename Compare>
  static void judge(const EvalCommand& eval, EvalReport& report, const Result<promql::QueryResult>& result,
                    const std::string& variant, Compare compare) {
    if (!result) {
      if (result.error().code == Errc::kUnsupported) {
        report.status = EvalStatus::kUnsupported;
        report.message = result.error().message;
      } else if (!eval.expected.failure) {
        judge(report, variant + "failed: " + result.error().message);
      } else if (variant.empty()) {
        judge(report, compare_failure(*eval.expected.failure, result.error().message));
      }
      return;
    }
    if (eval.expected.failure) return judge(report, variant + "a failure is expected");
    std::string problem = compare(*result);
    // Variants are other texts, so positions differ.
    if (problem.empty() && variant.empty()) problem = compare_annotations(eval.expected, *result);
    if (!problem.empty()) judge(report, variant + problem);
  }

  const promql::Engine& engine_;
  const MakeStore& make_;
  const RunOptions& options_;
  std::unique_ptr<Store> store_;
  std::map<model::Labels, model::HistogramPtr> last_histograms_;
  ScriptReport report_;
};

}  // namespace

std::size_t ScriptReport::count(EvalStatus status) const {
  return static_cast<std::size_t>(
      std::count_if(evals.begin(), evals.end(), [&](const EvalReport& eval) { return eval.status == status; }));
}

promql::EngineOptions script_engine_options() {
  promql::EngineOptions options;
  options.timeout = std::chrono::seconds(100);
  options.max_samples = 10'000;
  options.delayed_name_removal = true;
  options.use_start_timestamps = true;
  options.parser.experimental_functions = true;
  options.parser.binop_fill_modifiers = true;
  options.parser.extended_range_selectors = true;
  return options;
}

ScriptReport run_script(std::string_view text, const promql::Engine& engine, const MakeStore& make,
                        const RunOptions& options) {
  const auto commands = parse_script(text, engine.options().parser, options.limits);
  if (!commands) {
    ScriptReport report;
    report.unreadable = commands.error();
    return report;
  }
  ScriptRun run(engine, make, options);
  if (!run.run(ClearCommand{1})) return run.take();
  for (const ScriptCommand& command : *commands) {
    if (!std::visit([&](const auto& c) { return run.run(c); }, command)) break;
  }
  return run.take();
}

}  // namespace tocsin::promqltest
