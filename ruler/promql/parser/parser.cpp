#include "promql/parser/parser.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/strings.hpp"
#include "promql/parser/literals.hpp"
#include "promql/parser/parser_impl.hpp"
#include "promql/parser/typecheck.hpp"

namespace tocsin::promql::parser {
namespace {

constexpr int kLowest = 1;
constexpr int kPower = 6;

struct Operator {
  BinaryOp op;
  int precedence;  // higher binds tighter; 0: not a binary operator
};

Operator binary_operator(Tok kind) {
  switch (kind) {
    case Tok::kOr:
      return {BinaryOp::kOr, kLowest};
    case Tok::kAnd:
      return {BinaryOp::kAnd, 2};
    case Tok::kUnless:
      return {BinaryOp::kUnless, 2};
    case Tok::kEqlc:
      return {BinaryOp::kEq, 3};
    case Tok::kNeq:
      return {BinaryOp::kNe, 3};
    case Tok::kLss:
      return {BinaryOp::kLt, 3};
    case Tok::kGtr:
      return {BinaryOp::kGt, 3};
    case Tok::kLte:
      return {BinaryOp::kLe, 3};
    case Tok::kGte:
      return {BinaryOp::kGe, 3};
    case Tok::kTrimUpper:
      return {BinaryOp::kTrimUpper, 3};
    case Tok::kTrimLower:
      return {BinaryOp::kTrimLower, 3};
    case Tok::kAdd:
      return {BinaryOp::kAdd, 4};
    case Tok::kSub:
      return {BinaryOp::kSub, 4};
    case Tok::kMul:
      return {BinaryOp::kMul, 5};
    case Tok::kDiv:
      return {BinaryOp::kDiv, 5};
    case Tok::kMod:
      return {BinaryOp::kMod, 5};
    case Tok::kAtan2:
      return {BinaryOp::kAtan2, 5};
    case Tok::kPow:
      return {BinaryOp::kPow, kPower};
    default:
      return {BinaryOp::kAdd, 0};
  }
}

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

bool may_name_metric(Tok kind) {
  switch (kind) {
    case Tok::kIdentifier:
    case Tok::kMetricIdentifier:
    case Tok::kAnd:
    case Tok::kOr:
    case Tok::kUnless:
    case Tok::kOffset:
    case Tok::kBy:
    case Tok::kWithout:
    case Tok::kAnchored:
    case Tok::kSmoothed:
    case Tok::kFill:
    case Tok::kFillLeft:
    case Tok::kFillRight:
      return true;
    default:
      return is_aggregator(kind) || is_preprocessor(kind);
  }
}

Error make_parse_error(std::string_view query, PositionRange where, std::string_view text) {
  return Error{Errc::kInvalid, fmt::format("{}: parse error: {}", line_column(query, where.start), text)};
}

const Token& Parser::peek() {
  if (!ahead_) {
    ahead_ = lexer_.next();
    if (ahead_->kind == Tok::kError) fail_at(ahead_->pos, lexer_.error());
  }
  return *ahead_;
}

Token Parser::take() {
  const Token token = peek();
  ahead_.reset();
  taken_end_ = token.pos.end;
  return token;
}

bool Parser::expect(Tok kind) {
  if (!at(kind)) return unexpected();
  take();
  return true;
}

bool Parser::fail_at(PositionRange where, std::string text) {
  if (!error_) error_ = make_parse_error(query_, where, text);
  return false;
}

bool Parser::unexpected(Context context) {
  const Token& token = peek();
  std::string text = "unexpected " + describe(token);
  if (!context.in.empty()) text += fmt::format(" in {}", context.in);
  if (!context.expected.empty()) text += fmt::format(", expected {}", context.expected);
  return fail_at(token.pos, std::move(text));
}

bool Parser::too_deep() {
  if (depth_ <= options_.max_depth) return false;
  fail_at(peek().pos, fmt::format("the expression is nested deeper than {} levels", options_.max_depth));
  return true;
}

bool Parser::too_high(std::size_t height, PositionRange where) {
  if (height <= options_.max_height) return false;
  fail_at(where, fmt::format("the expression has more than {} levels of operators", options_.max_height));
  return true;
}

Error Parser::take_error() {
  check(error_.has_value(), "BUG: the parser failed without an error");
  return std::move(*error_);
}

ExprPtr Parser::parse_whole() {
  if (at(Tok::kEof)) {
    fail_at({}, "no expression found in input");
    return nullptr;
  }
  Tree tree = parse_binary(kLowest);
  if (!tree) return nullptr;
  if (!at(Tok::kEof)) {
    unexpected();
    return nullptr;
  }
  return std::move(tree.expr);
}

std::unique_ptr<VectorSelector> Parser::parse_whole_selector() {
  std::optional<Token> name;
  if (may_name_metric(peek().kind)) name = take();
  if (!name && !at(Tok::kLeftBrace)) {
    unexpected();
    return nullptr;
  }
  auto selector = parse_selector(name);
  if (!selector) return nullptr;
  if (!at(Tok::kEof)) {
    unexpected();
    return nullptr;
  }
  return selector;
}

Parser::Tree Parser::parse_binary(int lowest_precedence) {
  Tree left = parse_unary();
  while (left) {
    const auto [op, precedence] = binary_operator(peek().kind);
    if (precedence == 0 || precedence < lowest_precedence) break;
    const Token token = take();
    auto node = std::make_unique<BinaryExpr>();
    node->op = op;
    node->matching.emplace();
    if (!parse_binary_modifiers(*node)) return {};
    const bool right_associative = precedence == kPower;
    Tree right;
    if (right_associative) {
      const NestScope nest(*this);
      if (too_deep()) return {};
      right = parse_binary(precedence);
    } else {
      right = parse_binary(precedence + 1);
    }
    if (!right) return {};
    node->pos = {left.expr->pos.start, right.expr->pos.end};
    const auto& matching = *node->matching;
    if (!options_.binop_fill_modifiers && (matching.fill_left || matching.fill_right)) {
      fail_at(node->pos, "binop fill modifiers are experimental and not enabled");
      return {};
    }
    const std::size_t height = 1 + std::max(left.height, right.height);
    if (too_high(height, token.pos)) return {};
    node->left = std::move(left.expr);
    node->right = std::move(right.expr);
    left = Tree{std::move(node), height};
  }
  return failed() ? Tree{} : std::move(left);
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

Parser::Tree Parser::parse_unary() {
  if (!at(Tok::kAdd) && !at(Tok::kSub)) return parse_postfix();
  const NestScope nest(*this);
  if (too_deep()) return {};
  const Token sign = take();
  Tree operand = parse_binary(kPower);
  if (!operand) return {};
  const bool minus = sign.kind == Tok::kSub;
  if (operand.expr->kind == NodeKind::kNumber) {
    auto& number = static_cast<NumberLiteral&>(*operand.expr);
    if (minus) number.value = -number.value;
    number.pos.start = sign.pos.start;
    return operand;
  }
  const std::size_t height = operand.height + 1;
  if (too_high(height, sign.pos)) return {};
  auto node = std::make_unique<UnaryExpr>();
  node->minus = minus;
  node->pos = {sign.pos.start, operand.expr->pos.end};
  node->expr = std::move(operand.expr);
  return {std::move(node), height};
}

Parser::Tree Parser::parse_postfix() {
  Tree tree = parse_primary();
  while (tree) {
    bool good = true;
    switch (peek().kind) {
      case Tok::kLeftBracket:
        good = parse_range(tree);
        break;
      case Tok::kOffset:
        good = parse_offset(*tree.expr);
        break;
      case Tok::kAt:
        good = parse_at(*tree.expr);
        break;
      case Tok::kAnchored:
      case Tok::kSmoothed:
        good = parse_extension(*tree.expr, take().kind == Tok::kAnchored);
        break;
      default:
        return failed() ? Tree{} : std::move(tree);
    }
    if (!good) return {};
  }
  return tree;
}

Parser::Tree Parser::parse_primary() {
  switch (peek().kind) {
    case Tok::kNumber:
    case Tok::kDuration:
      return parse_number_literal();
    case Tok::kString:
      return parse_string_literal();
    case Tok::kLeftParen:
      return parse_parenthesis();
    case Tok::kLeftBrace:
      return {parse_selector(std::nullopt)};
    default:
      break;
  }
  if (may_name_metric(peek().kind)) return parse_word();
  unexpected();
  return {};
}

Parser::Tree Parser::parse_number_literal() {
  const Token token = take();
  auto node = std::make_unique<NumberLiteral>();
  if (!parse_seconds(token, node->value)) return {};
  node->is_duration = token.kind == Tok::kDuration;
  node->pos = token.pos;
  return {std::move(node)};
}

Parser::Tree Parser::parse_string_literal() {
  const Token token = take();
  auto node = std::make_unique<StringLiteral>();
  node->value = unquote(token.text);
  node->pos = token.pos;
  return {std::move(node)};
}

Parser::Tree Parser::parse_parenthesis() {
  const NestScope nest(*this);
  if (too_deep()) return {};
  const Token open = take();
  Tree inner = parse_binary(kLowest);
  if (!inner) return {};
  const Token close = peek();
  if (!expect(Tok::kRightParen) || too_high(inner.height + 1, open.pos)) return {};
  auto node = std::make_unique<ParenExpr>();
  node->pos = {open.pos.start, close.pos.end};
  node->expr = std::move(inner.expr);
  return {std::move(node), inner.height + 1};
}

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
      Tree argument = parse_binary(kLowest);
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

Result<ExprPtr> parse_expr(std::string_view query, const ParserOptions& options) {
  if (query.size() > options.max_length) {
    return fail(Errc::kInvalid, "the query has {} bytes, more than the limit of {}", query.size(), options.max_length);
  }
  Parser parser(query, options);
  ExprPtr expr = parser.parse_whole();
  if (expr == nullptr) return std::unexpected(parser.take_error());
  TOCSIN_OK(check_types(*expr, query));
  return expr;
}

Result<std::vector<model::Matcher>> parse_metric_selector(std::string_view text) {
  const ParserOptions options;
  if (text.size() > options.max_length) {
    return fail(Errc::kInvalid, "the selector has {} bytes, more than the limit of {}", text.size(),
                options.max_length);
  }
  Parser parser(text, options);
  auto selector = parser.parse_whole_selector();
  if (selector == nullptr) return std::unexpected(parser.take_error());
  const bool selective =
      std::ranges::any_of(selector->matchers, [](const model::Matcher& matcher) { return !matcher.matches(""); });
  if (!selective) return fail(Errc::kInvalid, "match[] must contain at least one non-empty matcher");
  return std::move(selector->matchers);
}

}  // namespace tocsin::promql::parser
