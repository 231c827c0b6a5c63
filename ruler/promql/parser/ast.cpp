#include "promql/parser/ast.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::promql::parser {

std::string_view value_type_text(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kNone:
      break;
  }
  return "none";
}

std::string_view binary_op_text(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSub:
      return "-";
    case BinaryOp::kMul:
      return "*";
    case BinaryOp::kDiv:
      return "/";
    case BinaryOp::kMod:
      return "%";
    case BinaryOp::kPow:
      return "^";
    case BinaryOp::kAtan2:
      return "atan2";
    case BinaryOp::kEq:
      return "==";
    case BinaryOp::kNe:
      return "!=";
    case BinaryOp::kLt:
      return "<";
    case BinaryOp::kGt:
      return ">";
    case BinaryOp::kLe:
      return "<=";
    case BinaryOp::kGe:
      return ">=";
    case BinaryOp::kAnd:
      return "and";
    case BinaryOp::kOr:
      return "or";
    case BinaryOp::kUnless:
      return "unless";
    case BinaryOp::kTrimUpper:
      return "</";
    case BinaryOp::kTrimLower:
      return ">/";
  }
  bug("BUG: no such operator");
}

bool is_comparison(BinaryOp op) {
  return op >= BinaryOp::kEq && op <= BinaryOp::kGe;
}

bool is_set_op(BinaryOp op) {
  return op >= BinaryOp::kAnd && op <= BinaryOp::kUnless;
}

std::string_view aggregate_op_text(AggregateOp op) {
  switch (op) {
    case AggregateOp::kSum:
      return "sum";
    case AggregateOp::kAvg:
      return "avg";
    case AggregateOp::kCount:
      return "count";
    case AggregateOp::kMin:
      return "min";
    case AggregateOp::kMax:
      return "max";
    case AggregateOp::kGroup:
      return "group";
    case AggregateOp::kStddev:
      return "stddev";
    case AggregateOp::kStdvar:
      return "stdvar";
    case AggregateOp::kTopk:
      return "topk";
    case AggregateOp::kBottomk:
      return "bottomk";
    case AggregateOp::kQuantile:
      return "quantile";
    case AggregateOp::kCountValues:
      return "count_values";
    case AggregateOp::kLimitk:
      return "limitk";
    case AggregateOp::kLimitRatio:
      return "limit_ratio";
  }
  bug("BUG: no such aggregation");
}

ValueType Call::type() const {
  return function->returns;
}

std::string line_column(std::string_view query, std::uint32_t offset) {
  if (query.empty()) return "unknown position";
  if (offset > query.size()) return "invalid position";
  const std::string_view before = query.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t last_break = before.rfind('\n');
  const std::size_t column = last_break == std::string_view::npos ? offset + 1 : offset - last_break;
  return fmt::format("{}:{}", line, column);
}

std::vector<const Expr*> children(const Expr& expr) {
  switch (expr.kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
    case NodeKind::kVectorSelector:
      return {};
    case NodeKind::kMatrixSelector:
      return {static_cast<const MatrixSelector&>(expr).vector.get()};
    case NodeKind::kSubquery:
      return {static_cast<const SubqueryExpr&>(expr).expr.get()};
    case NodeKind::kParen:
      return {static_cast<const ParenExpr&>(expr).expr.get()};
    case NodeKind::kUnary:
      return {static_cast<const UnaryExpr&>(expr).expr.get()};
    case NodeKind::kStepInvariant:
      return {static_cast<const StepInvariantExpr&>(expr).expr.get()};
    case NodeKind::kBinary: {
      const auto& node = static_cast<const BinaryExpr&>(expr);
      return {node.left.get(), node.right.get()};
    }
    case NodeKind::kAggregate: {
      const auto& node = static_cast<const AggregateExpr&>(expr);
      if (node.param == nullptr) return {node.expr.get()};
      return {node.param.get(), node.expr.get()};
    }
    case NodeKind::kCall: {
      const auto& node = static_cast<const Call&>(expr);
      std::vector<const Expr*> out;
      out.reserve(node.args.size());
      for (const auto& argument : node.args) out.push_back(argument.get());
      return out;
    }
  }
  bug("BUG: no such node");
}

std::vector<const VectorSelector*> selectors(const Expr& expr) {
  std::vector<const VectorSelector*> found;
  std::vector<const Expr*> open{&expr};
  while (!open.empty()) {
    const Expr* const node = open.back();
    open.pop_back();
    if (node->kind == NodeKind::kVectorSelector) found.push_back(static_cast<const VectorSelector*>(node));
    const auto below = children(*node);
    open.insert(open.end(), below.rbegin(), below.rend());
  }
  return found;
}

namespace {

template <typename Node>
std::unique_ptr<Node> copy_position(const Node& from) {
  auto to = std::make_unique<Node>();
  to->pos = from.pos;
  return to;
}

std::unique_ptr<VectorSelector> clone_vector(const VectorSelector& from) {
  auto to = copy_position(from);
  to->name = from.name;
  to->matchers = from.matchers;
  to->offset = from.offset;
  to->at = from.at;
  to->anchored = from.anchored;
  to->smoothed = from.smoothed;
  to->bypass_empty_check = from.bypass_empty_check;
  return to;
}

ExprPtr clone_subquery(const SubqueryExpr& from) {
  auto to = copy_position(from);
  to->expr = clone(*from.expr);
  to->range = from.range;
  to->step = from.step;
  to->offset = from.offset;
  to->at = from.at;
  return to;
}

ExprPtr clone_binary(const BinaryExpr& from) {
  auto to = copy_position(from);
  to->op = from.op;
  to->left = clone(*from.left);
  to->right = clone(*from.right);
  to->matching = from.matching;
  to->return_bool = from.return_bool;
  return to;
}

ExprPtr clone_call(const Call& from) {
  auto to = copy_position(from);
  to->function = from.function;
  to->args.reserve(from.args.size());
  for (const auto& argument : from.args) to->args.push_back(clone(*argument));
  return to;
}

ExprPtr clone_aggregate(const AggregateExpr& from) {
  auto to = copy_position(from);
  to->op = from.op;
  to->expr = clone(*from.expr);
  if (from.param != nullptr) to->param = clone(*from.param);
  to->grouping = from.grouping;
  to->without = from.without;
  to->has_grouping = from.has_grouping;
  return to;
}

template <typename Node>
ExprPtr clone_wrapper(const Node& from) {
  auto to = copy_position(from);
  to->expr = clone(*from.expr);
  return to;
}

}  // namespace

ExprPtr clone(const Expr& expr) {
  switch (expr.kind) {
    case NodeKind::kNumber:
      return std::make_unique<NumberLiteral>(static_cast<const NumberLiteral&>(expr));
    case NodeKind::kString:
      return std::make_unique<StringLiteral>(static_cast<const StringLiteral&>(expr));
    case NodeKind::kVectorSelector:
      return clone_vector(static_cast<const VectorSelector&>(expr));
    case NodeKind::kMatrixSelector: {
      const auto& from = static_cast<const MatrixSelector&>(expr);
      auto to = copy_position(from);
      to->vector = clone_vector(*from.vector);
      to->range = from.range;
      return to;
    }
    case NodeKind::kSubquery:
      return clone_subquery(static_cast<const SubqueryExpr&>(expr));
    case NodeKind::kParen:
      return clone_wrapper(static_cast<const ParenExpr&>(expr));
    case NodeKind::kUnary: {
      auto to = clone_wrapper(static_cast<const UnaryExpr&>(expr));
      static_cast<UnaryExpr&>(*to).minus = static_cast<const UnaryExpr&>(expr).minus;
      return to;
    }
    case NodeKind::kStepInvariant:
      return clone_wrapper(static_cast<const StepInvariantExpr&>(expr));
    case NodeKind::kBinary:
      return clone_binary(static_cast<const BinaryExpr&>(expr));
    case NodeKind::kCall:
      return clone_call(static_cast<const Call&>(expr));
    case NodeKind::kAggregate:
      return clone_aggregate(static_cast<const AggregateExpr&>(expr));
  }
  bug("BUG: no such node");
}

}  // namespace tocsin::promql::parser
