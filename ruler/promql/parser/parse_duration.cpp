// Durations in brackets and behind offset: a literal, or an expression that is computed when the query's start, end and
// step are known.

#include <cmath>
#include <limits>

#include "base/duration.hpp"
#include "promql/parser/literals.hpp"
#include "promql/parser/parser_impl.hpp"

namespace tocsin::promql::parser {
namespace {

using Op = DurationExpr::Op;
constexpr int kPower = 3;

struct Operator {
  Op op;
  int precedence;  // 0: none
};

Operator duration_operator(Tok kind) {
  switch (kind) {
    case Tok::kAdd:
      return {Op::kAdd, 1};
    case Tok::kSub:
      return {Op::kSub, 1};
    case Tok::kMul:
      return {Op::kMul, 2};
    case Tok::kDiv:
      return {Op::kDiv, 2};
    case Tok::kMod:
      return {Op::kMod, 2};
    case Tok::kPow:
      return {Op::kPow, kPower};
    default:
      return {Op::kLiteral, 0};
  }
}

DurationPtr make(Op op, PositionRange pos, DurationPtr left = nullptr, DurationPtr right = nullptr) {
  auto node = std::make_shared<DurationExpr>();
  node->op = op;
  node->pos = pos;
  node->left = std::move(left);
  node->right = std::move(right);
  return node;
}

/// What parentheses leave: the expression itself, or a kPlus around a literal; marked, to be printed as it was written.
DurationPtr in_parentheses(DurationPtr inner, PositionRange pos) {
  if (inner->op == Op::kLiteral) inner = make(Op::kPlus, pos, std::move(inner));
  inner->wrapped = true;
  return inner;
}

DurationPtr with_sign(const Token& sign, DurationPtr operand) {
  const std::uint32_t end = operand->pos.end;
  if (operand->op == Op::kLiteral) {
    if (sign.kind == Tok::kSub) operand->seconds = -operand->seconds;
    operand->pos.start = sign.pos.start;
    return operand;
  }
  if (sign.kind == Tok::kAdd) return operand;
  return make(Op::kNegate, {sign.pos.start, end}, std::move(operand));
}

bool is_word(Tok kind) {
  return kind == Tok::kStep || kind == Tok::kRange || kind == Tok::kMaxOf || kind == Tok::kMinOf;
}

}  // namespace

bool Parser::parse_seconds(const Token& token, double& seconds) {
  if (token.kind == Tok::kDuration) {
    const auto duration = parse_duration(token.text);
    if (!duration) return fail_at(token.pos, duration.error().message);
    seconds = to_seconds(*duration);
    return true;
  }
  const auto number = parse_number(token.text);
  if (!number) return fail_at(token.pos, number.error().message);
  seconds = *number;
  return true;
}

Duration to_duration(double seconds) {
  constexpr double kBound = 9223372036854775808.0;
  constexpr auto kLongest = std::numeric_limits<std::int64_t>::max();
  const double nanoseconds = std::round(seconds * 1e9);
  if (nanoseconds >= kBound) return Duration(kLongest);
  if (nanoseconds <= -kBound) return Duration(-kLongest);
  return Duration(static_cast<std::int64_t>(nanoseconds));
}

/// What 64 bits of nanoseconds hold.
bool Parser::check_duration_range(double seconds, PositionRange where) {
  constexpr double kLongest = 9223372036854775808.0 / 1e9;
  if (!(seconds > kLongest || seconds < -kLongest)) return true;
  return fail_at(where, "duration out of range");
}

bool Parser::parse_positive_duration(DurationValue& out) {
  duration_operators_ = 0;
  DurationPtr duration = parse_duration_binary(kLoosest);
  if (duration == nullptr) return false;
  peek();
  if (duration->op != Op::kLiteral) {
    out.expr = std::move(duration);
    return !failed();
  }
  if (duration->seconds <= 0) return fail_at(duration->pos, "duration must be greater than 0");
  out.value = to_duration(duration->seconds);
  return !failed();
}

DurationPtr Parser::parse_duration_binary(int lowest_precedence) {
  DurationPtr left = parse_duration_unary();
  return left == nullptr ? nullptr : continue_duration_binary(std::move(left), lowest_precedence);
}

DurationPtr Parser::continue_duration_binary(DurationPtr left, int lowest_precedence) {
  while (true) {
    const auto [op, precedence] = duration_operator(peek().kind);
    if (failed()) return nullptr;
    if (precedence == 0 || precedence < lowest_precedence) return left;
    const Token token = take();
    if (++duration_operators_ > options_.max_depth) {
      fail_at(token.pos, fmt::format("the duration has more than {} operators", options_.max_depth));
      return nullptr;
    }
    DurationPtr right = parse_duration_binary(precedence == kPower ? kPower : precedence + 1);
    if (right == nullptr) return nullptr;
    if ((op == Op::kDiv || op == Op::kMod) && right->op == Op::kLiteral && right->seconds == 0) {
      fail_at(token.pos, op == Op::kDiv ? "division by zero" : "modulo by zero");
      return nullptr;
    }
    const PositionRange pos{left->pos.start, right->pos.end};
    left = make(op, pos, std::move(left), std::move(right));
  }
}

DurationPtr Parser::parse_duration_unary() {
  if (!at(Tok::kAdd) && !at(Tok::kSub)) return parse_duration_primary();
  const NestScope nest(*this);
  if (too_deep()) return nullptr;
  const Token sign = take();
  DurationPtr operand = parse_duration_binary(kPower);
  if (operand == nullptr) return nullptr;
  return with_sign(sign, std::move(operand));
}

DurationPtr Parser::parse_duration_primary() {
  if (at(Tok::kNumber) || at(Tok::kDuration)) {
    const Token token = take();
    auto node = make(Op::kLiteral, token.pos);
    node->is_number = token.kind == Tok::kNumber;
    if (!parse_seconds(token, node->seconds) || !check_duration_range(node->seconds, token.pos)) return nullptr;
    return node;
  }
  if (is_word(peek().kind)) return parse_duration_word();
  const NestScope nest(*this);
  if (too_deep()) return nullptr;
  const Token open = peek();
  if (!expect(Tok::kLeftParen)) return nullptr;
  DurationPtr inner = parse_duration_binary(kLoosest);
  if (inner == nullptr) return nullptr;
  const Token close = peek();
  if (!expect(Tok::kRightParen)) return nullptr;
  return in_parentheses(std::move(inner), {open.pos.start, close.pos.end});
}

/// step(), range(), max_of(a, b), min_of(a, b).
DurationPtr Parser::parse_duration_word() {
  const NestScope nest(*this);
  if (too_deep()) return nullptr;
  const Token word = take();
  if (!expect(Tok::kLeftParen)) return nullptr;
  DurationPtr left;
  DurationPtr right;
  Op op = word.kind == Tok::kStep ? Op::kStep : Op::kRange;
  if (word.kind == Tok::kMaxOf || word.kind == Tok::kMinOf) {
    op = word.kind == Tok::kMaxOf ? Op::kMax : Op::kMin;
    left = parse_duration_binary(kLoosest);
    if (left == nullptr || !expect(Tok::kComma)) return nullptr;
    right = parse_duration_binary(kLoosest);
    if (right == nullptr) return nullptr;
  }
  const Token close = peek();
  if (!expect(Tok::kRightParen)) return nullptr;
  return make(op, {word.pos.start, close.pos.end}, std::move(left), std::move(right));
}

/// Behind offset an operator belongs to what stands before it (`foo offset 5m + bar`), but for operators behind an
/// expression in parentheses without a sign, which Prometheus' grammar counts to the duration.
DurationPtr Parser::parse_offset_operand() {
  duration_operators_ = 0;
  if (at(Tok::kLeftParen)) return parse_duration_binary(kLoosest);
  if (!at(Tok::kAdd) && !at(Tok::kSub)) return parse_duration_primary();
  const Token sign = take();
  if (at(Tok::kAdd) || at(Tok::kSub)) {
    DurationPtr operand = parse_duration_unary();
    if (operand == nullptr) return nullptr;
    DurationPtr whole = continue_duration_binary(with_sign(sign, std::move(operand)), kLoosest);
    // Printed in parentheses, which behind one sign or none would be needed to read the same.
    if (whole != nullptr && whole->right != nullptr) whole->wrapped = true;
    return whole;
  }
  DurationPtr operand = parse_duration_primary();
  if (operand == nullptr) return nullptr;
  return with_sign(sign, std::move(operand));
}

}  // namespace tocsin::promql::parser
