#include "promql/plan.hpp"

#include <algorithm>
#include <utility>

#include "promql/aggregate.hpp"
#include "promql/binary.hpp"
#include "promql/extended.hpp"
#include "promql/functions.hpp"
#include "promql/parser/parser.hpp"
#include "promql/summary_source.hpp"

namespace tocsin::promql {
namespace {

using parser::NodeKind;
using parser::ValueType;

Reference reference_of(const parser::DurationValue& offset, const parser::AtModifier& at) {
  Reference reference;
  reference.offset_ms = to_ms(offset.value);
  if (at.kind != parser::AtKind::kNone) reference.at = at.t;
  return reference;
}

const parser::Expr& without_parens(const parser::Expr& expr) {
  const parser::Expr* inner = &expr;
  while (inner->kind == NodeKind::kParen) inner = static_cast<const parser::ParenExpr&>(*inner).expr.get();
  return *inner;
}

SampleAccount::Kind account_kind(const parser::Call& call) {
  using Kind = SampleAccount::Kind;
  const std::string_view name = call.function->name;
  if (name == "label_replace" || name == "label_join") return Kind::kSame;
  if (name == "timestamp" || name == "start_timestamp") {
    return call.args.front()->kind == NodeKind::kVectorSelector ? Kind::kTimestamps : Kind::kSteps;
  }
  const auto is_range = [](const parser::ExprPtr& argument) { return argument->type() == ValueType::kMatrix; };
  return std::ranges::any_of(call.args, is_range) ? Kind::kRangeCall : Kind::kSteps;
}

SampleAccount::Kind account_kind(const parser::Expr& expr) {
  using Kind = SampleAccount::Kind;
  switch (expr.kind) {
    case NodeKind::kVectorSelector:
      return static_cast<const parser::VectorSelector&>(expr).smoothed ? Kind::kUncounted : Kind::kSelector;
    case NodeKind::kParen:
    case NodeKind::kUnary:
      return Kind::kSame;
    case NodeKind::kAggregate: {
      const auto op = static_cast<const parser::AggregateExpr&>(expr).op;
      return op == parser::AggregateOp::kCountValues ? Kind::kSteps : Kind::kAggregate;
    }
    case NodeKind::kCall:
      return account_kind(static_cast<const parser::Call&>(expr));
    case NodeKind::kStepInvariant:
      return Kind::kOnce;
    default:
      return Kind::kSteps;
  }
}

}  // namespace

void TimeBounds::add(Timestamp from, Timestamp to) {
  start = start ? std::min(*start, from) : from;
  end = end ? std::max(*end, to) : to;
}

PlanBuilder::PlanBuilder(QueryContext& context, const parser::Expr& root, bool per_step)
    : context_(context), shared_(root), accounts_(per_step) {}

Result<VectorOperatorPtr> PlanBuilder::vector(const parser::Expr& expr, const Grid& grid, std::string_view around) {
  const SampleAccount::Kind kind = account_kind(expr);
  return accounted(kind, grid, [&](SampleAccount& account) -> Result<VectorOperatorPtr> {
    TOCSIN_TRY(VectorOperatorPtr own, build(expr, grid, around));
    if (kind != SampleAccount::Kind::kSame) own = make_counted(context_, account, std::move(own));
    return shared_.share(context_, grid, scope_, expr, account, std::move(own));
  });
}

Result<VectorOperatorPtr> PlanBuilder::build(const parser::Expr& expr, const Grid& grid, std::string_view around) {
  switch (expr.kind) {
    case NodeKind::kVectorSelector:
      return selector(static_cast<const parser::VectorSelector&>(expr), grid, around, Take::kValue);
    case NodeKind::kParen:
      return vector(*static_cast<const parser::ParenExpr&>(expr).expr, grid, around);
    case NodeKind::kUnary:
      return unary(static_cast<const parser::UnaryExpr&>(expr), grid, around);
    case NodeKind::kBinary:
      return within(expr, [&] { return binary(static_cast<const parser::BinaryExpr&>(expr), grid); });
    case NodeKind::kAggregate:
      return aggregate(static_cast<const parser::AggregateExpr&>(expr), grid);
    case NodeKind::kCall:
      return within(expr, [&] { return call(static_cast<const parser::Call&>(expr), grid); });
    case NodeKind::kStepInvariant:
      return step_invariant(static_cast<const parser::StepInvariantExpr&>(expr), grid, around);
    default:
      break;
  }
  return fail(Errc::kInternal, "an instant vector was expected at byte {} of the query", expr.pos.start);
}

Result<VectorOperatorPtr> PlanBuilder::step_invariant(const parser::StepInvariantExpr& expr, const Grid& grid,
                                                      std::string_view around) {
  const Scope outer = std::exchange(scope_, scope_.within(expr));
  const ReadSteps outer_steps = std::exchange(read_steps_, read_steps_once(read_steps_));
  Result<VectorOperatorPtr> once = vector(*expr.expr, grid.first(), around);
  scope_ = outer;
  read_steps_ = outer_steps;
  if (!once) return once;
  return make_step_invariant(context_, grid, std::move(*once));
}

Result<VectorOperatorPtr> PlanBuilder::selector(const parser::VectorSelector& selector, const Grid& grid,
                                                std::string_view around, Take take) {
  Selection selection{selector.matchers, reference_of(selector.offset, selector.at), around, scope_.counts_only()};
  const std::int64_t lookback = context_.settings().lookback_ms;
  const bool smoothed = selector.smoothed && take == Take::kValue;
  if (grid.count > 0) {
    bounds_.add(selection.reference.first(grid) - lookback + 1,
                selection.reference.last(grid) + (smoothed ? lookback : 0));
  }
  if (smoothed) return make_smoothed_selector(context_, grid, std::move(selection), selector.pos);
  return make_instant_selector(context_, grid, std::move(selection), take);
}

Result<VectorOperatorPtr> PlanBuilder::unary(const parser::UnaryExpr& unary, const Grid& grid,
                                             std::string_view around) {
  TOCSIN_TRY(VectorOperatorPtr input, vector(*unary.expr, grid, around));
  return unary.minus ? make_vector_negation(context_, std::move(input)) : std::move(input);
}

Result<VectorOperatorPtr> PlanBuilder::binary(const parser::BinaryExpr& binary, const Grid& grid) {
  const bool scalar_left = binary.left->type() == ValueType::kScalar;
  if (scalar_left || binary.right->type() == ValueType::kScalar) {
    TOCSIN_TRY(ScalarOperatorPtr one, scalar(scalar_left ? *binary.left : *binary.right, grid));
    TOCSIN_TRY(VectorOperatorPtr other, vector(scalar_left ? *binary.right : *binary.left, grid));
    return make_vector_scalar_binary(context_, binary, std::move(other), std::move(one), scalar_left);
  }
  TOCSIN_TRY(VectorOperatorPtr left, vector(*binary.left, grid));
  TOCSIN_TRY(VectorOperatorPtr right, vector(*binary.right, grid));
  if (parser::is_set_op(binary.op)) {
    return make_set_operator(context_, grid, binary, std::move(left), std::move(right));
  }
  return make_matched_binary(context_, grid, binary, std::move(left), std::move(right));
}

Result<VectorOperatorPtr> PlanBuilder::aggregate(const parser::AggregateExpr& aggregate, const Grid& grid) {
  AggregateSpec spec;
  spec.op = aggregate.op;
  spec.grouping = Grouping(aggregate.grouping, aggregate.without);
  spec.pos = aggregate.pos;
  spec.input_pos = aggregate.expr->pos;
  ScalarOperatorPtr param;
  if (aggregate.param != nullptr) {
    spec.param_pos = aggregate.param->pos;
    context_.annotations().set_speaker(spec.param_pos, aggregate.pos);
    if (aggregate.op == parser::AggregateOp::kCountValues) {
      const auto& label = static_cast<const parser::StringLiteral&>(without_parens(*aggregate.param));
      if (!model::is_valid_name(label.value)) {
        return fail(Errc::kExecution, "invalid label name {}", parser::to_string(label));
      }
      spec.value_label = label.value;
    } else {
      TOCSIN_TRY(param, scalar(*aggregate.param, grid));
    }
  }
  TOCSIN_TRY(VectorOperatorPtr input, vector(*aggregate.expr, grid, parser::aggregate_op_text(aggregate.op)));
  return make_aggregate(context_, grid, std::move(spec), std::move(input), std::move(param));
}

Result<RangeArgument> PlanBuilder::range(const parser::Expr& expr, const Grid& grid, std::string_view around,
                                         const std::optional<DigestNeeds>& needs) {
  RangeArgument argument;
  if (expr.kind == NodeKind::kMatrixSelector) {
    argument.account = account_;
    if (account_ == nullptr) argument.account = &accounts_.open(SampleAccount::Kind::kMatrix, grid.count, nullptr);
    const auto& matrix = static_cast<const parser::MatrixSelector&>(expr);
    argument.reference = reference_of(matrix.vector->offset, matrix.vector->at);
    argument.range_ms = to_ms(matrix.range.value);
    argument.extension = extension_of(*matrix.vector);
    const Reference reference = argument.window_reference(context_);
    const std::int64_t window_ms = argument.window_ms(context_);
    if (grid.count > 0) bounds_.add(reference.first(grid) - window_ms + 1, reference.last(grid));
    Selection selection{matrix.vector->matchers, reference, around, scope_.counts_only()};
    const bool by_ends = needs && is_worth_reading_ends(context_, grid, reference, window_ms, *needs);
    const bool summarise = needs && !by_ends && is_worth_summarising(context_, grid, reference, window_ms);
    argument.samples_only = !by_ends && !summarise;
    argument.make_source = [grid, window_ms, by_ends, selection = std::move(selection),
                            summary = summarise ? needs : std::nullopt](QueryContext& context) {
      return summary ? make_summary_selector(context, grid, selection, window_ms, *summary)
                     : make_range_selector(context, grid, selection, window_ms, by_ends);
    };
    return argument;
  }
  if (expr.kind != NodeKind::kSubquery) {
    return fail(Errc::kInternal, "a range vector was expected at byte {} of the query", expr.pos.start);
  }
  return subquery(static_cast<const parser::SubqueryExpr&>(expr), grid, around);
}

Result<RangeArgument> PlanBuilder::subquery(const parser::SubqueryExpr& subquery, const Grid& grid,
                                            std::string_view around) {
  RangeArgument argument;
  argument.reference = reference_of(subquery.offset, subquery.at);
  argument.range_ms = to_ms(subquery.range.value);
  std::int64_t step = to_ms(subquery.step.value);
  if (step <= 0) step = context_.settings().subquery_step_ms;
  const Grid inner = subquery_grid(grid, argument.reference, argument.range_ms, step);
  if (inner.count > context_.most_held()) {
    return fail(Errc::kLimit, "query processing would load too many samples into memory in query execution");
  }
  const Scope outer = std::exchange(scope_, scope_.within(subquery));
  ReadSteps steps;
  if (account_ != nullptr) {
    steps =
        read_steps_within(inner, grid, read_steps_, argument.reference.offset_ms, argument.range_ms, argument.fixed());
  }
  const ReadSteps outer_steps = std::exchange(read_steps_, std::move(steps));
  Result<VectorOperatorPtr> values = accounted(SampleAccount::Kind::kSubquery, inner, [&](SampleAccount& account) {
    argument.account = &account;
    account.place_within(inner, grid, argument.reference.offset_ms);
    // A scalar inside of a subquery would be a type error.
    return vector(*subquery.expr, inner, around);
  });
  if (account_ != nullptr) argument.account = account_;
  read_steps_ = outer_steps;
  scope_ = outer;
  if (!values) return std::unexpected(std::move(values).error());
  argument.source = make_subquery_source(context_, inner, std::move(*values));
  return argument;
}

Result<ScalarOperatorPtr> PlanBuilder::scalar(const parser::Expr& expr, const Grid& grid) {
  const SampleAccount::Kind kind = account_kind(expr);
  return accounted(kind, grid, [&](SampleAccount& account) {
    if (kind != SampleAccount::Kind::kSame) account.add_all_steps();
    return build_scalar(expr, grid);
  });
}

Result<ScalarOperatorPtr> PlanBuilder::build_scalar(const parser::Expr& expr, const Grid& grid) {
  switch (expr.kind) {
    case NodeKind::kNumber:
      return make_constant(grid, static_cast<const parser::NumberLiteral&>(expr).value);
    case NodeKind::kParen:
      return scalar(*static_cast<const parser::ParenExpr&>(expr).expr, grid);
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const parser::UnaryExpr&>(expr);
      TOCSIN_TRY(ScalarOperatorPtr input, scalar(*unary.expr, grid));
      return unary.minus ? make_negation(std::move(input)) : std::move(input);
    }
    case NodeKind::kBinary: {
      const auto& binary = static_cast<const parser::BinaryExpr&>(expr);
      TOCSIN_TRY(ScalarOperatorPtr left, scalar(*binary.left, grid));
      TOCSIN_TRY(ScalarOperatorPtr right, scalar(*binary.right, grid));
      return make_scalar_binary(binary, std::move(left), std::move(right));
    }
    case NodeKind::kCall:
      return scalar_call(static_cast<const parser::Call&>(expr), grid);
    case NodeKind::kStepInvariant: {
      const Scope outer = std::exchange(scope_, scope_.within(expr));
      const ReadSteps outer_steps = std::exchange(read_steps_, read_steps_once(read_steps_));
      Result<ScalarOperatorPtr> once = scalar(*static_cast<const parser::StepInvariantExpr&>(expr).expr, grid.first());
      scope_ = outer;
      read_steps_ = outer_steps;
      if (!once) return once;
      return make_step_invariant(grid, std::move(*once));
    }
    default:
      break;
  }
  return fail(Errc::kInternal, "a scalar was expected at byte {} of the query", expr.pos.start);
}

}  // namespace tocsin::promql
