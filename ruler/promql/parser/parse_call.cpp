// Words and what stands behind them in parentheses: calls, aggregations, grouping labels, matching modifiers.

#include <algorithm>

#include "base/check.hpp"
#include "base/strings.hpp"
#include "promql/parser/literals.hpp"
#include "promql/parser/parser_impl.hpp"

namespace tocsin::promql::parser {
namespace {

AggregateOp aggregate_op(Tok kind) {
  static_assert(static_cast<int>(Tok::kLimitRatio) - static_cast<int>(Tok::kSum) ==
                static_cast<int>(AggregateOp::kLimitRatio));
  switch (kind) {
    case Tok::kSum:
      return AggregateOp::kSum;
    case Tok::kAvg:
      return AggregateOp::kAvg;
    case Tok::kCount:
      return AggregateOp::kCount;
    case Tok::kMin:
      return AggregateOp::kMin;
    case Tok::kMax:
      return AggregateOp::kMax;
    case Tok::kGroup:
      return AggregateOp::kGroup;
    case Tok::kStddev:
      return AggregateOp::kStddev;
    case Tok::kStdvar:
      return AggregateOp::kStdvar;
    case Tok::kTopk:
      return AggregateOp::kTopk;
    case Tok::kBottomk:
      return AggregateOp::kBottomk;
    case Tok::kQuantile:
      return AggregateOp::kQuantile;
    case Tok::kCountValues:
      return AggregateOp::kCountValues;
    case Tok::kLimitk:
      return AggregateOp::kLimitk;
    case Tok::kLimitRatio:
      return AggregateOp::kLimitRatio;
    default:
      bug("BUG: not an aggregator");
  }
}

bool takes_parameter(AggregateOp op) {
  return op >= AggregateOp::kTopk;
}

/// Whether an expression can begin with it.
bool starts_expression(Tok kind) {
  switch (kind) {
    case Tok::kNumber:
    case Tok::kDuration:
    case Tok::kString:
    case Tok::kAdd:
    case Tok::kSub:
    case Tok::kLeftParen:
    case Tok::kLeftBrace:
      return true;
    default:
      return may_name_metric(kind);
  }
}

/// Words that are labels in by (...), on (...) and the like.
bool may_name_label(Tok kind) {
  if (kind == Tok::kWithout) return false;  // as in Prometheus
  return kind == Tok::kIdentifier || kind == Tok::kMetricIdentifier || kind == Tok::kAnd || kind == Tok::kOr ||
         kind == Tok::kUnless || kind == Tok::kAtan2 || is_aggregator(kind) || is_keyword(kind) ||
         is_preprocessor(kind);
}

}  // namespace

/// A metric, a function or an aggregation: what follows the word tells.
Parser::Tree Parser::parse_word() {
  const Token word = take();
  const bool parenthesis = at(Tok::kLeftParen);
  if (failed()) return {};
  if (is_aggregator(word.kind) && (parenthesis || at(Tok::kBy) || at(Tok::kWithout))) return parse_aggregate(word);
  if (parenthesis && (word.kind == Tok::kIdentifier || is_preprocessor(word.kind))) return parse_call(word);
  return {parse_selector(word)};
}

Parser::Tree Parser::parse_aggregate(const Token& word) {
  const ContextScope scope(*this, {"aggregation", {}});
  auto node = std::make_unique<AggregateExpr>();
  node->op = aggregate_op(word.kind);
  const auto parse_modifier = [&] {
    node->without = take().kind == Tok::kWithout;
    node->has_grouping = true;
    return parse_grouping(node->grouping);
  };
  const auto at_modifier = [&] { return at(Tok::kBy) || at(Tok::kWithout); };
  if (at_modifier() && !parse_modifier()) return {};
  Arguments arguments;
  if (!parse_arguments(arguments)) return {};
  node->pos = {word.pos.start, arguments.end};
  if (!node->has_grouping && at_modifier()) {
    if (!parse_modifier()) return {};
    node->pos.end = taken_end_;
  }
  if (failed() || !finish_aggregate(*node, arguments) || too_high(arguments.height + 1, word.pos)) return {};
  return {std::move(node), arguments.height + 1};
}

bool Parser::finish_aggregate(AggregateExpr& node, Arguments& arguments) {
  auto& list = arguments.list;
  if (list.empty()) return fail_at(node.pos, "no arguments for aggregate expression provided");
  const bool experimental = node.op == AggregateOp::kLimitk || node.op == AggregateOp::kLimitRatio;
  if (experimental && !options_.experimental_functions) {
    return fail_at(node.pos, fmt::format("{}() is experimental and must be enabled with "
                                         "--enable-feature=promql-experimental-functions",
                                         aggregate_op_text(node.op)));
  }
  const std::size_t wanted = takes_parameter(node.op) ? 2 : 1;
  if (list.size() != wanted) {
    return fail_at(node.pos,
                   fmt::format("wrong number of arguments for aggregate expression provided, expected {}, got {}",
                               wanted, list.size()));
  }
  if (wanted == 2) node.param = std::move(list.front());
  node.expr = std::move(list.back());
  return true;
}

Parser::Tree Parser::parse_call(const Token& word) {
  Arguments arguments;
  if (!parse_arguments(arguments)) return {};
  const Function* function = find_function(word.text);
  if (function == nullptr) {
    fail_at(word.pos, "unknown function with name " + go_quote(word.text));
    return {};
  }
  if (function->experimental && !options_.experimental_functions) {
    fail_at(word.pos, fmt::format("function {} is not enabled", go_quote(word.text)));
    return {};
  }
  if (too_high(arguments.height + 1, word.pos)) return {};
  auto node = std::make_unique<Call>();
  node->function = function;
  node->args = std::move(arguments.list);
  node->pos = {word.pos.start, arguments.end};
  return {std::move(node), arguments.height + 1};
}

bool Parser::parse_arguments(Arguments& out) {
  const NestScope nest(*this);
  if (too_deep() || !expect(Tok::kLeftParen)) return false;
  if (!at(Tok::kRightParen)) {
    while (true) {
      Tree argument = parse_binary(kLoosest);
      if (!argument) return false;
      out.height = std::max(out.height, argument.height);
      out.list.push_back(std::move(argument.expr));
      if (!at(Tok::kComma)) break;
      const Token comma = take();
      if (!starts_expression(peek().kind)) {
        return fail_at(comma.pos, "trailing commas not allowed in function call args");
      }
    }
  }
  out.end = peek().pos.end;
  return expect(Tok::kRightParen);
}

bool Parser::parse_binary_modifiers(BinaryExpr& node) {
  VectorMatching& matching = *node.matching;
  if (at(Tok::kBool)) {
    take();
    node.return_bool = true;
  }
  if (at(Tok::kOn) || at(Tok::kIgnoring)) {
    matching.on = take().kind == Tok::kOn;
    if (!parse_grouping(matching.labels)) return false;
    if (at(Tok::kGroupLeft) || at(Tok::kGroupRight)) {
      matching.card = take().kind == Tok::kGroupLeft ? Cardinality::kManyToOne : Cardinality::kOneToMany;
      if (!starts_expression(peek().kind)) return unexpected({"grouping opts", "\"(\""});
      if (at(Tok::kLeftParen) && !parse_grouping(matching.include)) return false;
    }
  }
  return parse_fill_modifiers(matching);
}

bool Parser::parse_fill_modifiers(VectorMatching& matching) {
  double value = 0;
  if (at(Tok::kFill)) {
    take();
    if (!parse_fill_value(value)) return false;
    matching.fill_left = matching.fill_right = value;
    return true;
  }
  if (!at(Tok::kFillLeft) && !at(Tok::kFillRight)) return !failed();
  const Tok first = take().kind;
  if (!parse_fill_value(value)) return false;
  (first == Tok::kFillLeft ? matching.fill_left : matching.fill_right) = value;
  const Tok second = first == Tok::kFillLeft ? Tok::kFillRight : Tok::kFillLeft;
  if (!at(second)) return !failed();
  take();
  if (!parse_fill_value(value)) return false;
  (second == Tok::kFillLeft ? matching.fill_left : matching.fill_right) = value;
  return true;
}

bool Parser::parse_fill_value(double& value) {
  if (!expect(Tok::kLeftParen)) return false;
  bool negative = false;
  if (at(Tok::kAdd) || at(Tok::kSub)) negative = take().kind == Tok::kSub;
  if (!at(Tok::kNumber) && !at(Tok::kDuration)) return unexpected();
  if (!parse_seconds(take(), value)) return false;
  if (negative) value = -value;
  return expect(Tok::kRightParen);
}

bool Parser::parse_grouping(std::vector<std::string>& labels) {
  if (!at(Tok::kLeftParen)) return unexpected({"grouping opts", "\"(\""});
  take();
  while (!at(Tok::kRightParen)) {
    if (!parse_grouping_label(labels)) return false;
    if (at(Tok::kRightParen)) break;
    if (!at(Tok::kComma)) return unexpected({"grouping opts", "\",\" or \")\""});
    take();
  }
  take();
  return true;
}

bool Parser::parse_grouping_label(std::vector<std::string>& labels) {
  const bool quoted = at(Tok::kString);
  if (!quoted && !may_name_label(peek().kind)) return unexpected({"grouping opts", "label"});
  const Token token = take();
  std::string name = quoted ? unquote(token.text) : std::string(token.text);
  if (!model::is_valid_name(name)) {
    return fail_at(token.pos, "invalid label name for grouping: " + go_quote(name));
  }
  labels.push_back(std::move(name));
  return true;
}

}  // namespace tocsin::promql::parser
