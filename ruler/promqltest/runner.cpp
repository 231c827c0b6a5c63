#include "promqltest/runner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "promql/parser/parser.hpp"
#include "promqltest/compare.hpp"
#include "promqltest/loader.hpp"

namespace tocsin::promqltest {
namespace {

using promql::parser::Expr;
using promql::parser::ExprPtr;
using promql::parser::NodeKind;

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
    writer_ = {};
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
  Result<void> append(const LoadCommand& load) {
    TOCSIN_TRY(LoadPoints points, expand_load(load));
    return writer_.write(store_->appendable(), points, kMaxTimestamp);
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
      if (!eval.expected.failure) {
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
  LoadWriter writer_;
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
