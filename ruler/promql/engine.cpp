#include "promql/engine.hpp"

#include <algorithm>
#include <utility>

#include "base/strings.hpp"
#include "promql/context.hpp"
#include "promql/plan.hpp"
#include "promql/preprocess.hpp"
#include "promql/result.hpp"

namespace tocsin::promql {
namespace {

using parser::ValueType;

/// One evaluation of one tree.
class Evaluation {
 public:
  Evaluation(const EngineOptions& engine, const QueryOptions& query, Clock& clock, const QueryTimes& times,
             const Grid& grid, Helpers* helpers)
      : times_(times),
        grid_(grid),
        per_step_(engine.per_step_stats && query.per_step_stats),
        began_(clock.mono()),
        context_(settings(engine, query, clock, helpers), clock) {}

  Result<QueryResult> run(storage::Queryable& store, const parser::Expr& expr, const QueryOptions& options) {
    Result<QueryResult> result = answer(store, expr, options.text);
    QueryStats& stats = context_.stats();
    stats.evaluation = context_.now() - began_ - stats.preparation - stats.sorting.value_or(Duration{0});
    if (options.stats != nullptr) *options.stats = stats;
    if (result) result->stats = stats;
    return result;
  }
  /// The result is void: what several threads read was not the same.
  bool is_unstable() const { return context_.is_unstable(); }

 private:
  Result<QueryResult> answer(storage::Queryable& store, const parser::Expr& expr, std::string_view text) {
    TOCSIN_OK(context_.look());
    HeldSamples working_column(context_);  // operators have one each, as wide as the grid
    TOCSIN_OK(working_column.add(grid_.count));
    TOCSIN_TRY(const parser::ExprPtr tree, preprocess(expr, times_));
    PlanBuilder plan(context_, *tree, per_step_);
    QueryResult result;
    TOCSIN_TRY(result.value, value(store, plan, *tree));
    const SampleTally samples = plan.accounts().tally();
    TOCSIN_OK(context_.check_samples(samples.peak));
    context_.stats().total_samples = samples.total;
    context_.stats().samples_read = samples.read;
    context_.stats().peak_samples = samples.peak;
    if (per_step_) tell_steps(samples);
    TOCSIN_OK(context_.look());
    context_.annotations().render(text, result.warnings, result.infos);
    return result;
  }

  void tell_steps(const SampleTally& samples) {
    std::vector<StepSamples>& steps = context_.stats().steps;
    steps.resize(grid_.count);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i].t = grid_.at(i);
      if (i < samples.steps.size()) steps[i].total = samples.steps[i].total;
      if (i < samples.steps.size()) steps[i].read = samples.steps[i].read;
    }
  }

  static QueryContext::Settings settings(const EngineOptions& engine, const QueryOptions& query, const Clock& clock,
                                         Helpers* helpers) {
    QueryContext::Settings out;
    out.lookback_ms = to_ms(query.lookback_delta.count() > 0 ? query.lookback_delta : engine.lookback_delta);
    out.subquery_step_ms = std::max<std::int64_t>(
        1, to_ms(query.default_subquery_step.count() > 0 ? query.default_subquery_step : engine.default_subquery_step));
    out.max_samples = engine.max_samples;
    out.deadline =
        clock.mono() + (query.timeout.count() > 0 ? std::min(query.timeout, engine.timeout) : engine.timeout);
    out.delayed_name_removal = engine.delayed_name_removal;
    out.use_start_timestamps = engine.use_start_timestamps;
    out.type_and_unit_labels = engine.type_and_unit_labels;
    out.summaries = engine.summaries;
    out.canceled = query.canceled;
    out.helpers = helpers;
    out.help_from = engine.help_from;
    return out;
  }

  /// A snapshot of the store, once it is known what times it is asked about.
  Result<void> open(storage::Queryable& store, const TimeBounds& bounds) {
    if (bounds.start) {
      TOCSIN_TRY(std::unique_ptr<storage::Querier> querier, store.querier(*bounds.start, *bounds.end));
      context_.set_querier(std::move(querier));
    }
    context_.stats().preparation = context_.now() - began_;
    return {};
  }

  Result<Value> value(storage::Queryable& store, PlanBuilder& plan, const parser::Expr& tree) {
    switch (tree.type()) {
      case ValueType::kString:
        return Value(Text{times_.start, text_of(tree)});
      case ValueType::kScalar:
        return scalar(store, plan, tree);
      case ValueType::kVector:
        return vector(store, plan, tree);
      case ValueType::kMatrix:
        return matrix(store, plan, tree);
      case ValueType::kNone:
        break;
    }
    return fail(Errc::kInternal, "an expression without a type");
  }

  Result<Value> scalar(storage::Queryable& store, PlanBuilder& plan, const parser::Expr& tree) {
    TOCSIN_TRY(const ScalarOperatorPtr root, plan.scalar(tree, grid_));
    TOCSIN_OK(open(store, plan.bounds()));
    TOCSIN_TRY(const std::vector<double> values, root->values());
    if (times_.step_ms == 0) return Value(Scalar{times_.start, values.front()});
    MatrixSeries series;
    series.floats.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) series.floats.push_back({grid_.at(i), values[i]});
    return Value(Matrix{std::move(series)});
  }

  Result<Value> vector(storage::Queryable& store, PlanBuilder& plan, const parser::Expr& tree) {
    TOCSIN_TRY(const VectorOperatorPtr root, plan.vector(tree, grid_));
    TOCSIN_OK(open(store, plan.bounds()));
    if (times_.step_ms == 0) {
      TOCSIN_TRY(Vector samples, collect_vector(context_, grid_, *root));
      return Value(std::move(samples));
    }
    TOCSIN_TRY(Matrix series, collect_matrix(context_, grid_, *root));
    return Value(std::move(series));
  }

  Result<Value> matrix(storage::Queryable& store, PlanBuilder& plan, const parser::Expr& tree) {
    const parser::Expr* inner = &tree;
    while (inner->kind == parser::NodeKind::kParen) inner = static_cast<const parser::ParenExpr&>(*inner).expr.get();
    TOCSIN_TRY(RangeArgument range, plan.range(*inner, grid_, {}));
    if (!range.source) range.source = range.make_source(context_);
    TOCSIN_OK(open(store, plan.bounds()));
    TOCSIN_TRY(Matrix series, collect_range(context_, grid_, range));
    return Value(std::move(series));
  }

  static std::string text_of(const parser::Expr& tree) {
    const parser::Expr* inner = &tree;
    while (inner->kind == parser::NodeKind::kParen) inner = static_cast<const parser::ParenExpr&>(*inner).expr.get();
    return static_cast<const parser::StringLiteral&>(*inner).value;
  }

  QueryTimes times_;
  Grid grid_;
  const bool per_step_;
  const MonoTime began_;
  QueryContext context_;
};

/// Beyond this, sums with durations would leave 64 bits; no store has such times.
constexpr Timestamp kFarthest = Timestamp{1} << 61;

bool out_of_bounds(Timestamp t) {
  return t < -kFarthest || t > kFarthest;
}

}  // namespace

Result<QueryResult> Engine::evaluate(storage::Queryable& store, const parser::Expr& expr, const QueryTimes& times,
                                     const Grid& grid, const QueryOptions& options) const {
  Evaluation evaluation(options_, options, clock_, times, grid, options_.helpers);
  auto result = evaluation.run(store, expr, options);
  if (!evaluation.is_unstable()) return result;
  Evaluation alone(options_, options, clock_, times, grid, nullptr);
  return alone.run(store, expr, options);
}

Engine::Engine(EngineOptions options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

Result<QueryResult> Engine::instant(storage::Queryable& store, const parser::Expr& expr, Timestamp at,
                                    const QueryOptions& options) const {
  if (out_of_bounds(at)) return fail(Errc::kInvalid, "timestamp out of bounds: {}", at);
  return evaluate(store, expr, {at, at, 0}, {at, 1, 1}, options);
}

Result<QueryResult> Engine::instant(storage::Queryable& store, std::string_view query, Timestamp at,
                                    const QueryOptions& options) const {
  TOCSIN_TRY(const parser::ExprPtr expr, parser::parse_expr(query, options_.parser));
  QueryOptions with_text = options;
  with_text.text = query;
  return instant(store, *expr, at, with_text);
}

Result<QueryResult> Engine::range(storage::Queryable& store, const parser::Expr& expr, Timestamp start, Timestamp end,
                                  std::int64_t step_ms, const QueryOptions& options) const {
  if (out_of_bounds(start) || out_of_bounds(end)) {
    return fail(Errc::kInvalid, "timestamp out of bounds: {}", out_of_bounds(start) ? start : end);
  }
  if (step_ms <= 0) return fail(Errc::kInvalid, "the step of a range query must be positive, got {} ms", step_ms);
  if (end < start) return fail(Errc::kInvalid, "the end of a range query is before its start");
  const ValueType type = expr.type();
  if (type != ValueType::kVector && type != ValueType::kScalar) {
    return fail(Errc::kInvalid, "invalid expression type {} for range query, must be Scalar or instant Vector",
                go_quote(parser::value_type_text(type)));
  }
  const Grid grid{start, step_ms, static_cast<std::size_t>((end - start) / step_ms) + 1};
  return evaluate(store, expr, {start, end, step_ms}, grid, options);
}

Result<QueryResult> Engine::range(storage::Queryable& store, std::string_view query, Timestamp start, Timestamp end,
                                  std::int64_t step_ms, const QueryOptions& options) const {
  TOCSIN_TRY(const parser::ExprPtr expr, parser::parse_expr(query, options_.parser));
  QueryOptions with_text = options;
  with_text.text = query;
  return range(store, *expr, start, end, step_ms, with_text);
}

}  // namespace tocsin::promql
