#include "promql/preprocess.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string_view>
#include <utility>

#include "promql/functions.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::promql {
namespace {

using parser::ExprPtr;
using parser::NodeKind;

std::unexpected<Error> duration_error(const parser::DurationExpr& expr, std::string_view what) {
  return fail(Errc::kInvalid, "{}:{}: {}", expr.pos.start, expr.pos.end, what);
}

/// No store has data so far away, and sums with durations stay within 64 bits.
constexpr Timestamp kFarAway = Timestamp{1} << 62;

class Preprocessor {
 public:
  explicit Preprocessor(const QueryTimes& times) : times_(times) {}

  Result<void> resolve(ExprPtr& expr);
  struct Invariance {
    bool invariant = false;
    bool wrap = false;  // worth a StepInvariantExpr of its own
  };
  Invariance mark(ExprPtr& expr);
  static void wrap(ExprPtr& expr);

 private:
  Result<void> resolve_duration(parser::DurationValue& duration, bool may_be_negative) const;
  Result<double> seconds(const parser::DurationExpr& expr) const;
  void resolve_at(parser::AtModifier& at) const;
  ExprPtr context_number(const parser::Call& call) const;
  Invariance mark_binary(parser::BinaryExpr& binary);
  Invariance mark_call(parser::Call& call);
  Invariance mark_subquery(parser::SubqueryExpr& subquery);

  QueryTimes times_;
};

double as_seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

void unwrap_parens(ExprPtr& expr) {
  while (expr != nullptr && expr->kind == NodeKind::kParen) {
    ExprPtr inner = std::move(static_cast<parser::ParenExpr&>(*expr).expr);
    expr = std::move(inner);
  }
}

ExprPtr Preprocessor::context_number(const parser::Call& call) const {
  const std::string_view name = call.function->name;
  double value = 0;
  if (name == "start") {
    value = as_seconds(times_.start);
  } else if (name == "end") {
    value = as_seconds(times_.end);
  } else if (name == "range") {
    value = as_seconds(times_.end - times_.start);
  } else if (name == "step") {
    value = times_.start == times_.end ? 0 : as_seconds(times_.step_ms);
  } else {
    return nullptr;
  }
  auto number = std::make_unique<parser::NumberLiteral>();
  number->value = value;
  number->pos = call.pos;
  return number;
}

Result<void> Preprocessor::resolve(ExprPtr& expr) {
  switch (expr->kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
      return {};
    case NodeKind::kVectorSelector: {
      auto& selector = static_cast<parser::VectorSelector&>(*expr);
      resolve_at(selector.at);
      return resolve_duration(selector.offset, true);
    }
    case NodeKind::kMatrixSelector: {
      auto& selector = static_cast<parser::MatrixSelector&>(*expr);
      resolve_at(selector.vector->at);
      TOCSIN_OK(resolve_duration(selector.vector->offset, true));
      return resolve_duration(selector.range, false);
    }
    case NodeKind::kSubquery: {
      auto& subquery = static_cast<parser::SubqueryExpr&>(*expr);
      resolve_at(subquery.at);
      TOCSIN_OK(resolve_duration(subquery.offset, true));
      TOCSIN_OK(resolve_duration(subquery.step, false));
      TOCSIN_OK(resolve_duration(subquery.range, false));
      return resolve(subquery.expr);
    }
    case NodeKind::kParen:
      return resolve(static_cast<parser::ParenExpr&>(*expr).expr);
    case NodeKind::kUnary:
      return resolve(static_cast<parser::UnaryExpr&>(*expr).expr);
    case NodeKind::kStepInvariant:
      return resolve(static_cast<parser::StepInvariantExpr&>(*expr).expr);
    case NodeKind::kBinary: {
      auto& binary = static_cast<parser::BinaryExpr&>(*expr);
      TOCSIN_OK(resolve(binary.left));
      return resolve(binary.right);
    }
    case NodeKind::kAggregate: {
      auto& aggregate = static_cast<parser::AggregateExpr&>(*expr);
      unwrap_parens(aggregate.expr);
      unwrap_parens(aggregate.param);
      if (aggregate.param != nullptr) TOCSIN_OK(resolve(aggregate.param));
      return resolve(aggregate.expr);
    }
    case NodeKind::kCall: {
      auto& call = static_cast<parser::Call&>(*expr);
      if (ExprPtr number = context_number(call)) {
        expr = std::move(number);
        return {};
      }
      for (ExprPtr& argument : call.args) {
        unwrap_parens(argument);
        TOCSIN_OK(resolve(argument));
      }
      return {};
    }
  }
  return {};
}

void Preprocessor::resolve_at(parser::AtModifier& at) const {
  switch (at.kind) {
    case parser::AtKind::kNone:
      return;
    case parser::AtKind::kTimestamp:
      break;
    case parser::AtKind::kStart:
      at.t = times_.start;
      break;
    case parser::AtKind::kEnd:
      at.t = times_.end;
      break;
  }
  at.kind = parser::AtKind::kTimestamp;
  at.t = std::clamp(at.t, -kFarAway, kFarAway);
}

Result<void> Preprocessor::resolve_duration(parser::DurationValue& duration, bool may_be_negative) const {
  if (duration.expr == nullptr) return {};
  TOCSIN_TRY(const double value, seconds(*duration.expr));
  if (!std::isfinite(value)) return duration_error(*duration.expr, "duration is NaN or infinite");
  if (value <= 0 && !may_be_negative) return duration_error(*duration.expr, "duration must be greater than 0");
  constexpr double kMaxSeconds = 9223372036.0;  // of 64-bit nanoseconds
  if (value > kMaxSeconds || value < -kMaxSeconds) return duration_error(*duration.expr, "duration is out of range");
  duration.value = std::chrono::milliseconds(static_cast<std::int64_t>(value * 1000));
  return {};
}

Result<double> Preprocessor::seconds(const parser::DurationExpr& expr) const {
  using Op = parser::DurationExpr::Op;
  double left = 0;
  double right = 0;
  if (expr.left != nullptr) {
    TOCSIN_TRY(left, seconds(*expr.left));
  }
  if (expr.right != nullptr) {
    TOCSIN_TRY(right, seconds(*expr.right));
  }
  switch (expr.op) {
    case Op::kLiteral:
      return expr.seconds;
    case Op::kNegate:
      return -left;
    case Op::kPlus:
      return left;
    case Op::kAdd:
      return left + right;
    case Op::kSub:
      return left - right;
    case Op::kMul:
      return left * right;
    case Op::kDiv:
      if (right == 0) return duration_error(expr, "division by zero");
      return left / right;
    case Op::kMod:
      if (right == 0) return duration_error(expr, "modulo by zero");
      return std::fmod(left, right);
    case Op::kPow:
      return std::pow(left, right);
    case Op::kStep:
      return as_seconds(times_.step_ms);
    case Op::kRange:
      return as_seconds(times_.end - times_.start);
    case Op::kMin:
      return go_min(left, right);
    case Op::kMax:
      return go_max(left, right);
  }
  return fail(Errc::kInternal, "unexpected duration expression");
}

void Preprocessor::wrap(ExprPtr& expr) {
  auto wrapped = std::make_unique<parser::StepInvariantExpr>();
  wrapped->pos = expr->pos;
  wrapped->expr = std::move(expr);
  expr = std::move(wrapped);
}

Preprocessor::Invariance Preprocessor::mark(ExprPtr& expr) {
  switch (expr->kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
      return {true, false};
    case NodeKind::kVectorSelector: {
      const bool fixed = static_cast<parser::VectorSelector&>(*expr).at.kind != parser::AtKind::kNone;
      return {fixed, fixed};
    }
    case NodeKind::kMatrixSelector:
      return {static_cast<parser::MatrixSelector&>(*expr).vector->at.kind != parser::AtKind::kNone, false};
    case NodeKind::kSubquery:
      return mark_subquery(static_cast<parser::SubqueryExpr&>(*expr));
    case NodeKind::kParen:
      return mark(static_cast<parser::ParenExpr&>(*expr).expr);
    case NodeKind::kUnary:
      return mark(static_cast<parser::UnaryExpr&>(*expr).expr);
    case NodeKind::kBinary:
      return mark_binary(static_cast<parser::BinaryExpr&>(*expr));
    case NodeKind::kCall:
      return mark_call(static_cast<parser::Call&>(*expr));
    case NodeKind::kAggregate:
      return mark(static_cast<parser::AggregateExpr&>(*expr).expr);
    case NodeKind::kStepInvariant:
      return {true, false};
  }
  return {};
}

Preprocessor::Invariance Preprocessor::mark_binary(parser::BinaryExpr& binary) {
  const Invariance left = mark(binary.left);
  const Invariance right = mark(binary.right);
  if (left.invariant && right.invariant) return {true, true};
  if (left.wrap) wrap(binary.left);
  if (right.wrap) wrap(binary.right);
  return {};
}

/// Functions of the step's own time are never the same.
bool depends_on_step(std::string_view name) {
  return is_date_function(name) || name == "predict_linear" || name == "time" || name == "timestamp";
}

Preprocessor::Invariance Preprocessor::mark_call(parser::Call& call) {
  bool invariant = !depends_on_step(call.function->name);
  // The timestamp of a sample at a fixed time is fixed, that of an expression is not.
  bool fixed_timestamp = call.function->name == "timestamp";
  std::vector<bool> worth(call.args.size());
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const Invariance argument = mark(call.args[i]);
    worth[i] = argument.wrap;
    invariant = invariant && argument.invariant;
    fixed_timestamp = fixed_timestamp && argument.invariant && call.args[i]->kind == NodeKind::kVectorSelector;
  }
  if (invariant || fixed_timestamp) return {true, true};
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (worth[i]) wrap(call.args[i]);
  }
  return {};
}

Preprocessor::Invariance Preprocessor::mark_subquery(parser::SubqueryExpr& subquery) {
  // The inside has steps of its own.
  if (mark(subquery.expr).invariant) wrap(subquery.expr);
  return {subquery.at.kind != parser::AtKind::kNone, false};
}

}  // namespace

Result<parser::ExprPtr> preprocess(const parser::Expr& expr, const QueryTimes& times) {
  ExprPtr copy = parser::clone(expr);
  Preprocessor preprocessor(times);
  TOCSIN_OK(preprocessor.resolve(copy));
  if (preprocessor.mark(copy).wrap) Preprocessor::wrap(copy);
  return copy;
}

}  // namespace tocsin::promql
