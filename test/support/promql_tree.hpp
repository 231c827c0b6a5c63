#pragma once
// Are two syntax trees the same? What the printer does not keep does not count: positions, the order of matchers, an
// empty `by ()`, the spelling of a duration and its parentheses.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::test {

namespace promql_tree {

namespace p = promql::parser;

inline bool same_double(double a, double b) {
  return a == b || (a != a && b != b);
}

inline bool same(const std::shared_ptr<const p::DurationExpr>& a, const std::shared_ptr<const p::DurationExpr>& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->op == b->op && same_double(a->seconds, b->seconds) && same(a->left, b->left) && same(a->right, b->right);
}

inline bool same(const p::DurationValue& a, const p::DurationValue& b) {
  return a.value == b.value && same(a.expr, b.expr);
}

inline bool same(const p::AtModifier& a, const p::AtModifier& b) {
  return a.kind == b.kind && a.t == b.t;
}

inline std::vector<std::string> sorted_matchers(const p::VectorSelector& node) {
  std::vector<std::string> texts;
  for (const auto& matcher : node.matchers) texts.push_back(matcher.to_string());
  std::ranges::sort(texts);
  return texts;
}

inline bool same_vector(const p::VectorSelector& a, const p::VectorSelector& b) {
  return a.name == b.name && sorted_matchers(a) == sorted_matchers(b) && same(a.offset, b.offset) && same(a.at, b.at) &&
         a.anchored == b.anchored && a.smoothed == b.smoothed && a.bypass_empty_check == b.bypass_empty_check;
}

inline bool same_fill(const std::optional<double>& a, const std::optional<double>& b) {
  return a.has_value() == b.has_value() && (!a || same_double(*a, *b));
}

inline bool same_binary(const p::BinaryExpr& a, const p::BinaryExpr& b) {
  if (a.op != b.op || a.return_bool != b.return_bool || a.matching.has_value() != b.matching.has_value()) return false;
  if (!a.matching) return true;
  const auto& m = *a.matching;
  const auto& n = *b.matching;
  return m.card == n.card && m.on == n.on && m.labels == n.labels && m.include == n.include &&
         same_fill(m.fill_left, n.fill_left) && same_fill(m.fill_right, n.fill_right);
}

/// The node alone, without what is below.
inline bool same_node(const p::Expr& a, const p::Expr& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case p::NodeKind::kNumber:
      return same_double(static_cast<const p::NumberLiteral&>(a).value, static_cast<const p::NumberLiteral&>(b).value);
    case p::NodeKind::kString:
      return static_cast<const p::StringLiteral&>(a).value == static_cast<const p::StringLiteral&>(b).value;
    case p::NodeKind::kVectorSelector:
      return same_vector(static_cast<const p::VectorSelector&>(a), static_cast<const p::VectorSelector&>(b));
    case p::NodeKind::kMatrixSelector:
      return same(static_cast<const p::MatrixSelector&>(a).range, static_cast<const p::MatrixSelector&>(b).range);
    case p::NodeKind::kSubquery: {
      const auto& x = static_cast<const p::SubqueryExpr&>(a);
      const auto& y = static_cast<const p::SubqueryExpr&>(b);
      return same(x.range, y.range) && same(x.step, y.step) && same(x.offset, y.offset) && same(x.at, y.at);
    }
    case p::NodeKind::kUnary:
      return static_cast<const p::UnaryExpr&>(a).minus == static_cast<const p::UnaryExpr&>(b).minus;
    case p::NodeKind::kBinary:
      return same_binary(static_cast<const p::BinaryExpr&>(a), static_cast<const p::BinaryExpr&>(b));
    case p::NodeKind::kCall:
      return static_cast<const p::Call&>(a).function == static_cast<const p::Call&>(b).function;
    case p::NodeKind::kAggregate: {
      const auto& x = static_cast<const p::AggregateExpr&>(a);
      const auto& y = static_cast<const p::AggregateExpr&>(b);
      return x.op == y.op && x.grouping == y.grouping && x.without == y.without;
    }
    case p::NodeKind::kParen:
    case p::NodeKind::kStepInvariant:
      return true;
  }
  return false;
}

}  // namespace promql_tree

inline bool equal_trees(const promql::parser::Expr& a, const promql::parser::Expr& b) {
  if (!promql_tree::same_node(a, b)) return false;
  const auto left = promql::parser::children(a);
  const auto right = promql::parser::children(b);
  return std::ranges::equal(left, right, [](const auto* x, const auto* y) { return equal_trees(*x, *y); });
}

}  // namespace tocsin::test
