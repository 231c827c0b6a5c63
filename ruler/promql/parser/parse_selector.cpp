// Selectors, and what may stand behind an expression: [range], [range:step], offset, @, anchored, smoothed.

#include <cmath>
#include <limits>

#include "promql/parser/literals.hpp"
#include "promql/parser/parser_impl.hpp"

namespace tocsin::promql::parser {
namespace {

constexpr std::string_view kRangesOnly = "ranges only allowed for vector selectors";

bool is_set(const DurationValue& duration) {
  return duration.value != Duration{0} || duration.expr != nullptr;
}

/// Where a modifier behind an expression is kept; all nullptr if the expression takes none.
struct Modified {
  DurationValue* offset = nullptr;
  AtModifier* at = nullptr;
};

Modified modified(Expr& expr) {
  switch (expr.kind) {
    case NodeKind::kVectorSelector: {
      auto& node = static_cast<VectorSelector&>(expr);
      return {&node.offset, &node.at};
    }
    case NodeKind::kMatrixSelector: {
      auto& node = *static_cast<MatrixSelector&>(expr).vector;
      return {&node.offset, &node.at};
    }
    case NodeKind::kSubquery: {
      auto& node = static_cast<SubqueryExpr&>(expr);
      return {&node.offset, &node.at};
    }
    default:
      return {};
  }
}

model::MatchOp match_op(Tok kind) {
  switch (kind) {
    case Tok::kNeq:
      return model::MatchOp::kNotEqual;
    case Tok::kEqualRegex:
      return model::MatchOp::kRegex;
    case Tok::kNotRegex:
      return model::MatchOp::kNotRegex;
    default:
      return model::MatchOp::kEqual;
  }
}

bool is_match_op(Tok kind) {
  return kind == Tok::kEqual || kind == Tok::kNeq || kind == Tok::kEqualRegex || kind == Tok::kNotRegex;
}

}  // namespace

std::unique_ptr<VectorSelector> Parser::parse_selector(const std::optional<Token>& name) {
  auto node = std::make_unique<VectorSelector>();
  node->pos = name ? name->pos : peek().pos;
  if (at(Tok::kLeftBrace) && !parse_matchers(*node)) return nullptr;
  if (failed()) return nullptr;
  if (name) {
    node->name = std::string(name->text);
    node->matchers.push_back(model::Matcher::equal(std::string(model::kMetricName), node->name));
  }
  return node;
}

bool Parser::parse_matchers(VectorSelector& selector) {
  take();
  while (!at(Tok::kRightBrace)) {
    if (!parse_matcher(selector)) return false;
    if (at(Tok::kRightBrace)) break;
    if (!at(Tok::kComma)) return unexpected({"label matching", "\",\" or \"}\""});
    take();
  }
  selector.pos.end = take().pos.end;
  return true;
}

bool Parser::parse_matcher(VectorSelector& selector) {
  const bool quoted = at(Tok::kString);
  if (!quoted && !at(Tok::kIdentifier)) return unexpected({"label matching", "identifier or \"}\""});
  const Token label = take();
  std::string name = quoted ? unquote(label.text) : std::string(label.text);
  if (!is_match_op(peek().kind)) {
    if (!quoted) return unexpected({"label matching", "label matching operator"});
    selector.matchers.push_back(model::Matcher::equal(std::string(model::kMetricName), std::move(name)));
    return !failed();
  }
  const Token op = take();
  if (!at(Tok::kString)) return unexpected({"label matching", "string"});
  const Token value = take();
  auto matcher = model::Matcher::make(match_op(op.kind), std::move(name), unquote(value.text));
  if (!matcher) return fail_at({label.pos.start, value.pos.end}, matcher.error().message);
  selector.matchers.push_back(std::move(*matcher));
  return true;
}

bool Parser::parse_range(Tree& tree) {
  const Token open = take();
  DurationValue range;
  {
    const ContextScope scope(*this, {"subquery or range selector", "number, duration, step(), or range()"});
    if (!parse_positive_duration(range)) return false;
  }
  if (at(Tok::kRightBracket)) return make_matrix(tree, std::move(range), {open.pos.start, take().pos.end});
  if (!at(Tok::kColon)) return unexpected({"subquery or range", "\":\" or \"]\""});
  take();
  DurationValue step;
  if (!at(Tok::kRightBracket)) {
    const ContextScope scope(*this, {"subquery selector", "number, duration, step(), range(), or \"]\""});
    if (!parse_positive_duration(step)) return false;
  }
  if (!at(Tok::kRightBracket)) return unexpected({"subquery selector", "\"]\""});
  return make_subquery(tree, std::move(range), std::move(step), take().pos.end);
}

bool Parser::make_matrix(Tree& tree, DurationValue range, PositionRange brackets) {
  if (tree.expr->kind != NodeKind::kVectorSelector) return fail_at(brackets, std::string(kRangesOnly));
  auto& vector = static_cast<VectorSelector&>(*tree.expr);
  if (is_set(vector.offset)) return fail_at(brackets, "no offset modifiers allowed before range");
  if (vector.at.kind != AtKind::kNone) return fail_at(brackets, "no @ modifiers allowed before range");
  auto node = std::make_unique<MatrixSelector>();
  node->pos = {vector.pos.start, brackets.end};
  node->range = std::move(range);
  node->vector.reset(static_cast<VectorSelector*>(tree.expr.release()));
  tree.expr = std::move(node);
  ++tree.height;
  return true;
}

bool Parser::make_subquery(Tree& tree, DurationValue range, DurationValue step, std::uint32_t end) {
  if (too_high(tree.height + 1, tree.expr->pos)) return false;
  auto node = std::make_unique<SubqueryExpr>();
  node->pos = {tree.expr->pos.start, end};
  node->range = std::move(range);
  node->step = std::move(step);
  node->expr = std::move(tree.expr);
  tree.expr = std::move(node);
  ++tree.height;
  return true;
}

bool Parser::parse_offset(Expr& expr) {
  take();
  DurationPtr duration;
  {
    const ContextScope scope(*this, {"offset", "number, duration, step(), or range()"});
    duration = parse_offset_operand();
  }
  if (duration == nullptr) return false;
  const std::uint32_t end = taken_end_;
  DurationValue* const offset = modified(expr).offset;
  if (offset == nullptr) {
    return fail_at(expr.pos,
                   "offset modifier must be preceded by an instant vector selector or range vector selector or a "
                   "subquery");
  }
  if (is_set(*offset)) return fail_at(expr.pos, "offset may not be set multiple times");
  expr.pos.end = end;
  if (duration->op == DurationExpr::Op::kLiteral) {
    offset->value = to_duration(duration->seconds);
  } else {
    offset->expr = std::move(duration);
  }
  return true;
}

bool Parser::parse_at(Expr& expr) {
  take();
  const Context context{"@", "timestamp"};
  AtModifier at_modifier;
  std::uint32_t end = 0;
  if (at(Tok::kStart) || at(Tok::kEnd)) {
    const ContextScope scope(*this, context);
    at_modifier.kind = take().kind == Tok::kStart ? AtKind::kStart : AtKind::kEnd;
    if (!expect(Tok::kLeftParen)) return false;
    end = peek().pos.end;
    if (!expect(Tok::kRightParen)) return false;
  } else {
    bool negative = false;
    if (at(Tok::kAdd) || at(Tok::kSub)) negative = take().kind == Tok::kSub;
    if (!at(Tok::kNumber) && !at(Tok::kDuration)) return unexpected(context);
    const Token token = take();
    double seconds = 0;
    if (!parse_seconds(token, seconds)) return false;
    if (negative) seconds = -seconds;
    constexpr auto kBound = static_cast<double>(std::numeric_limits<std::int64_t>::max());
    if (!(seconds < kBound && seconds > -kBound)) {
      const std::string text = std::isnan(seconds)   ? "NaN"
                               : std::isinf(seconds) ? (seconds > 0 ? "+Inf" : "-Inf")
                                                     : fmt::format("{:f}", seconds);
      return fail_at(expr.pos, "timestamp out of bounds for @ modifier: " + text);
    }
    const double milliseconds = std::round(seconds * 1000);
    at_modifier.kind = AtKind::kTimestamp;
    at_modifier.t = milliseconds >= kBound    ? kMaxTimestamp
                    : milliseconds <= -kBound ? kMinTimestamp
                                              : static_cast<Timestamp>(milliseconds);
    end = token.pos.end;
  }
  AtModifier* const target = modified(expr).at;
  if (target == nullptr) {
    return fail_at(expr.pos,
                   "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
  }
  if (target->kind != AtKind::kNone) return fail_at(expr.pos, "@ <timestamp> may not be set multiple times");
  *target = at_modifier;
  expr.pos.end = end;
  return true;
}

bool Parser::parse_extension(Expr& expr, bool anchored) {
  const std::string_view word = anchored ? "anchored" : "smoothed";
  if (!options_.extended_range_selectors) {
    return fail_at(expr.pos, fmt::format("{} modifier is experimental and not enabled", word));
  }
  VectorSelector* vector = nullptr;
  switch (expr.kind) {
    case NodeKind::kVectorSelector:
      vector = static_cast<VectorSelector*>(&expr);
      break;
    case NodeKind::kMatrixSelector:
      vector = static_cast<MatrixSelector&>(expr).vector.get();
      break;
    case NodeKind::kSubquery:
      return fail_at(expr.pos, fmt::format("{} modifier is not supported for subqueries", word));
    default:
      return fail_at(expr.pos, fmt::format("{} modifier not implemented", word));
  }
  (anchored ? vector->anchored : vector->smoothed) = true;
  if (vector->anchored && vector->smoothed) {
    return fail_at(expr.pos, "anchored and smoothed modifiers cannot be used together");
  }
  return true;
}

}  // namespace tocsin::promql::parser
