#include "api/ast_json.hpp"

#include "base/check.hpp"
#include "base/float_text.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"

// Keys stand in order of their names, as Go writes its maps.

namespace tocsin::api {
namespace {

using namespace promql::parser;

/// Prometheus' short names of the types in the table of functions.
std::string_view type_name(ValueType type) {
  switch (type) {
    case ValueType::kNone:
      return "none";
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
  }
  bug("BUG: no such type");
}

std::string_view cardinality_name(Cardinality card) {
  static constexpr std::string_view kNames[] = {"one-to-one", "many-to-one", "one-to-many", "many-to-many"};
  return kNames[static_cast<std::size_t>(card)];
}

void write_names(JsonWriter& json, const std::vector<std::string>& names) {
  json.begin_array();
  for (const std::string& name : names) json.text(name);
  json.end_array();
}

std::string_view duration_op(DurationExpr::Op op) {
  using Op = DurationExpr::Op;
  switch (op) {
    case Op::kNegate:
    case Op::kSub:
      return "-";
    case Op::kPlus:
    case Op::kAdd:
      return "+";
    case Op::kMul:
      return "*";
    case Op::kDiv:
      return "/";
    case Op::kMod:
      return "%";
    case Op::kPow:
      return "^";
    case Op::kStep:
      return "step";
    case Op::kRange:
      return "range";
    case Op::kMin:
      return "min_of";
    case Op::kMax:
      return "max_of";
    case Op::kLiteral:
      break;
  }
  bug("BUG: a literal has no operator");
}

void write_duration(JsonWriter& json, const DurationExpr* expr) {
  if (expr == nullptr) {
    json.raw("null");
    return;
  }
  json.begin_object();
  if (expr->op == DurationExpr::Op::kLiteral) {
    json.key("duration").boolean(!expr->is_number).key("type").text("numberLiteral");
    json.key("val").text(format_float_f(expr->seconds));
  } else {
    const bool unary = expr->op == DurationExpr::Op::kNegate || expr->op == DurationExpr::Op::kPlus;
    json.key("lhs");
    write_duration(json, unary ? nullptr : expr->left.get());
    json.key("op").text(duration_op(expr->op)).key("rhs");
    write_duration(json, unary ? expr->left.get() : expr->right.get());
    json.key("type").text("durationExpr").key("wrapped").boolean(expr->wrapped);
  }
  json.end_object();
}

void write_offset(JsonWriter& json, const DurationValue& offset) {
  json.key("offset").integer(to_ms(offset.value)).key("offsetExpr");
  write_duration(json, offset.expr.get());
}

void write_start_or_end(JsonWriter& json, const AtModifier& at) {
  json.key("startOrEnd");
  if (at.kind == AtKind::kStart || at.kind == AtKind::kEnd) {
    json.text(at.kind == AtKind::kStart ? "start" : "end");
  } else {
    json.raw("null");
  }
}

void write_timestamp(JsonWriter& json, const AtModifier& at) {
  json.key("timestamp");
  at.kind == AtKind::kTimestamp ? json.integer(at.t) : json.raw("null");
}

void write_selector(JsonWriter& json, const VectorSelector& selector, const DurationValue* range) {
  json.key("anchored").boolean(selector.anchored).key("matchers").begin_array();
  for (const model::Matcher& matcher : selector.matchers) {
    json.begin_object().key("name").text(matcher.name()).key("type").text(model::match_op_text(matcher.op()));
    json.key("value").text(matcher.value()).end_object();
  }
  json.end_array().key("name").text(selector.name);
  write_offset(json, selector.offset);
  if (range != nullptr) {
    json.key("range").integer(to_ms(range->value)).key("rangeExpr");
    write_duration(json, range->expr.get());
  }
  json.key("smoothed").boolean(selector.smoothed);
  write_start_or_end(json, selector.at);
  write_timestamp(json, selector.at);
  json.key("type").text(range == nullptr ? "vectorSelector" : "matrixSelector");
}

void write_fill(JsonWriter& json, std::string_view key, const std::optional<double>& value) {
  json.key(key);
  value ? json.number(*value) : json.raw("null");
}

void write_matching(JsonWriter& json, const std::optional<VectorMatching>& matching) {
  json.key("matching");
  if (!matching) {
    json.raw("null");
    return;
  }
  json.begin_object().key("card").text(cardinality_name(matching->card)).key("fillValues").begin_object();
  write_fill(json, "lhs", matching->fill_left);
  write_fill(json, "rhs", matching->fill_right);
  json.end_object().key("include");
  write_names(json, matching->include);
  json.key("labels");
  write_names(json, matching->labels);
  json.key("on").boolean(matching->on).end_object();
}

void write_binary(JsonWriter& json, const BinaryExpr& node) {
  json.key("bool").boolean(node.return_bool).key("lhs");
  write_ast(json, *node.left);
  write_matching(json, node.matching);
  json.key("op").text(binary_op_text(node.op)).key("rhs");
  write_ast(json, *node.right);
  json.key("type").text("binaryExpr");
}

void write_call(JsonWriter& json, const Call& node) {
  json.key("args").begin_array();
  for (const ExprPtr& arg : node.args) write_ast(json, *arg);
  json.end_array().key("func").begin_object().key("argTypes").begin_array();
  for (const ValueType type : node.function->args) json.text(type_name(type));
  json.end_array().key("name").text(node.function->name);
  json.key("returnType").text(type_name(node.function->returns));
  json.key("variadic").integer(node.function->variadic).end_object().key("type").text("call");
}

void write_aggregate(JsonWriter& json, const AggregateExpr& node) {
  json.key("expr");
  write_ast(json, *node.expr);
  json.key("grouping");
  write_names(json, node.grouping);
  json.key("op").text(aggregate_op_text(node.op)).key("param");
  if (node.param != nullptr) {
    write_ast(json, *node.param);
  } else {
    json.raw("null");
  }
  json.key("type").text("aggregation").key("without").boolean(node.without);
}

void write_subquery(JsonWriter& json, const SubqueryExpr& node) {
  json.key("expr");
  write_ast(json, *node.expr);
  write_offset(json, node.offset);
  json.key("range").integer(to_ms(node.range.value)).key("rangeExpr");
  write_duration(json, node.range.expr.get());
  write_start_or_end(json, node.at);
  json.key("step").integer(to_ms(node.step.value)).key("stepExpr");
  write_duration(json, node.step.expr.get());
  write_timestamp(json, node.at);
  json.key("type").text("subquery");
}

void write_members(JsonWriter& json, const Expr& expr) {
  switch (expr.kind) {
    case NodeKind::kNumber:
      json.key("type").text("numberLiteral");
      json.key("val").text(format_float_f(static_cast<const NumberLiteral&>(expr).value));
      return;
    case NodeKind::kString:
      json.key("type").text("stringLiteral").key("val").text(static_cast<const StringLiteral&>(expr).value);
      return;
    case NodeKind::kVectorSelector:
      return write_selector(json, static_cast<const VectorSelector&>(expr), nullptr);
    case NodeKind::kMatrixSelector: {
      const auto& node = static_cast<const MatrixSelector&>(expr);
      return write_selector(json, *node.vector, &node.range);
    }
    case NodeKind::kSubquery:
      return write_subquery(json, static_cast<const SubqueryExpr&>(expr));
    case NodeKind::kParen:
      json.key("expr");
      write_ast(json, *static_cast<const ParenExpr&>(expr).expr);
      json.key("type").text("parenExpr");
      return;
    case NodeKind::kUnary: {
      const auto& node = static_cast<const UnaryExpr&>(expr);
      json.key("expr");
      write_ast(json, *node.expr);
      json.key("op").text(node.minus ? "-" : "+").key("type").text("unaryExpr");
      return;
    }
    case NodeKind::kBinary:
      return write_binary(json, static_cast<const BinaryExpr&>(expr));
    case NodeKind::kCall:
      return write_call(json, static_cast<const Call&>(expr));
    case NodeKind::kAggregate:
      return write_aggregate(json, static_cast<const AggregateExpr&>(expr));
    case NodeKind::kStepInvariant:
      break;
  }
  bug("BUG: a node that the parser does not make");
}

}  // namespace

void write_ast(JsonWriter& json, const Expr& expr) {
  json.begin_object();
  write_members(json, expr);
  json.end_object();
}

}  // namespace tocsin::api
