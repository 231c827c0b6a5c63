#pragma once
// The abstract syntax of PromQL (language level: Prometheus 3.14). Immutable after parsing and type checking; every
// node knows where in the text it stands. Source: Prometheus promql/parser/ast.go.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/matcher.hpp"

namespace tocsin::promql::parser {

/// Byte offsets into the query: [start, end).
struct PositionRange {
  std::uint32_t start = 0;
  std::uint32_t end = 0;

  bool operator==(const PositionRange&) const = default;
};

enum class ValueType { kNone, kScalar, kString, kVector, kMatrix };
std::string_view value_type_text(ValueType type);  // "scalar", "string", "instant vector", "range vector"

enum class NodeKind {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kParen,
  kUnary,
  kBinary,
  kCall,
  kAggregate,
  kStepInvariant,  // made by preprocess(): the value is the same at each step
};

struct Expr {
  explicit Expr(NodeKind k) : kind(k) {}
  virtual ~Expr() = default;
  virtual ValueType type() const = 0;
  const NodeKind kind;
  PositionRange pos;
};
using ExprPtr = std::unique_ptr<Expr>;

/// `@ 123.4`, `@ start()`, `@ end()`.
enum class AtKind { kNone, kTimestamp, kStart, kEnd };
struct AtModifier {
  AtKind kind = AtKind::kNone;
  Timestamp t = 0;
};

/// A duration in brackets or behind offset. Plain durations are in `value`; duration expressions (`[5m*2]`, `[step()]`)
/// keep their tree in `expr` until preprocess() knows start, end and step, and puts the result into `value`.
struct DurationValue {
  Duration value{0};
  std::shared_ptr<const struct DurationExpr> expr;  // null for a plain duration
};

/// kNegate and kPlus have one operand, in `left`; kStep and kRange none; the others two. kPlus stands only around a
/// plain number or duration in parentheses. Values are seconds.
struct DurationExpr {
  enum class Op { kLiteral, kNegate, kPlus, kAdd, kSub, kMul, kDiv, kMod, kPow, kStep, kRange, kMin, kMax };
  Op op = Op::kLiteral;
  double seconds = 0;      // of a literal
  bool is_number = false;  // the literal was written as a number, not as a duration
  bool wrapped = false;    // was in parentheses
  std::shared_ptr<const DurationExpr> left, right;
  PositionRange pos;
};

struct NumberLiteral final : Expr {
  NumberLiteral() : Expr(NodeKind::kNumber) {}
  ValueType type() const override { return ValueType::kScalar; }
  double value = 0;
  bool is_duration = false;  // written as 5m; printed so
};

struct StringLiteral final : Expr {
  StringLiteral() : Expr(NodeKind::kString) {}
  ValueType type() const override { return ValueType::kString; }
  std::string value;
};

struct VectorSelector final : Expr {
  VectorSelector() : Expr(NodeKind::kVectorSelector) {}
  ValueType type() const override { return ValueType::kVector; }
  std::string name;  // written before the braces, or "" (then a __name__ matcher may be in `matchers`)
  std::vector<model::Matcher> matchers;  // with the one of the name, if any
  DurationValue offset;                  // as written (may be negative)
  AtModifier at;
  bool anchored = false, smoothed = false;
  bool bypass_empty_check = false;  // info()'s second argument may match everything
};

struct MatrixSelector final : Expr {
  MatrixSelector() : Expr(NodeKind::kMatrixSelector) {}
  ValueType type() const override { return ValueType::kMatrix; }
  std::unique_ptr<VectorSelector> vector;
  DurationValue range;
};

struct SubqueryExpr final : Expr {
  SubqueryExpr() : Expr(NodeKind::kSubquery) {}
  ValueType type() const override { return ValueType::kMatrix; }
  ExprPtr expr;
  DurationValue range;
  DurationValue step;  // value 0 and no expr: the default step
  DurationValue offset;
  AtModifier at;
};

struct ParenExpr final : Expr {
  ParenExpr() : Expr(NodeKind::kParen) {}
  ValueType type() const override { return expr->type(); }
  ExprPtr expr;
};

struct UnaryExpr final : Expr {
  UnaryExpr() : Expr(NodeKind::kUnary) {}
  ValueType type() const override { return expr->type(); }
  bool minus = true;
  ExprPtr expr;
};

struct StepInvariantExpr final : Expr {
  StepInvariantExpr() : Expr(NodeKind::kStepInvariant) {}
  ValueType type() const override { return expr->type(); }
  ExprPtr expr;
};

enum class BinaryOp {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEq,
  kNe,
  kLt,
  kGt,
  kLe,
  kGe,
  kAnd,
  kOr,
  kUnless,
  kTrimUpper,
  kTrimLower,  // histograms: `</` keeps what is below, `>/` what is above
};
std::string_view binary_op_text(BinaryOp op);
bool is_comparison(BinaryOp op);
bool is_set_op(BinaryOp op);

enum class Cardinality { kOneToOne, kManyToOne, kOneToMany, kManyToMany };  // ManyToOne: group_left

struct VectorMatching {
  Cardinality card = Cardinality::kOneToOne;
  bool on = false;  // on(...), else ignoring(...)
  std::vector<std::string> labels;
  std::vector<std::string> include;  // of group_left / group_right
  std::optional<double> fill_left, fill_right;
};

struct BinaryExpr final : Expr {
  BinaryExpr() : Expr(NodeKind::kBinary) {}
  ValueType type() const override {
    return left->type() == ValueType::kScalar && right->type() == ValueType::kScalar ? ValueType::kScalar
                                                                                     : ValueType::kVector;
  }
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr left, right;
  std::optional<VectorMatching> matching;  // set iff both sides are vectors
  bool return_bool = false;
};

struct Function;  // functions.hpp

struct Call final : Expr {
  Call() : Expr(NodeKind::kCall) {}
  ValueType type() const override;
  const Function* function = nullptr;  // static table
  std::vector<ExprPtr> args;
};

enum class AggregateOp {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kQuantile,
  kCountValues,
  kLimitk,
  kLimitRatio,
};
std::string_view aggregate_op_text(AggregateOp op);

struct AggregateExpr final : Expr {
  AggregateExpr() : Expr(NodeKind::kAggregate) {}
  ValueType type() const override { return ValueType::kVector; }
  AggregateOp op = AggregateOp::kSum;
  ExprPtr expr;
  ExprPtr param;  // of topk, quantile, ...; else null
  std::vector<std::string> grouping;
  bool without = false;
  bool has_grouping = false;  // by () or without () was written
};

}  // namespace tocsin::promql::parser
