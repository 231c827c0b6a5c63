#include "promql/parser/parser.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "promql/parser/literals.hpp"
#include "promql/parser/parser_impl.hpp"
#include "promql/parser/typecheck.hpp"

namespace tocsin::promql::parser {
namespace {

constexpr int kPower = 6;

struct Operator {
  BinaryOp op;
  int precedence;  // higher binds tighter; 0: not a binary operator
};

Operator binary_operator(Tok kind) {
  switch (kind) {
    case Tok::kOr:
      return {BinaryOp::kOr, 1};
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
  Tree tree = parse_binary(kLoosest);
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
  Tree inner = parse_binary(kLoosest);
  if (!inner) return {};
  const Token close = peek();
  if (!expect(Tok::kRightParen) || too_high(inner.height + 1, open.pos)) return {};
  auto node = std::make_unique<ParenExpr>();
  node->pos = {open.pos.start, close.pos.end};
  node->expr = std::move(inner.expr);
  return {std::move(node), inner.height + 1};
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
  TOCSIN_TRY(auto matchers, parse_any_metric_selector(text));
  const bool selective =
      std::ranges::any_of(matchers, [](const model::Matcher& matcher) { return !matcher.matches(""); });
  if (!selective) return fail(Errc::kInvalid, "match[] must contain at least one non-empty matcher");
  return matchers;
}

Result<std::vector<model::Matcher>> parse_any_metric_selector(std::string_view text) {
  const ParserOptions options;
  if (text.size() > options.max_length) {
    return fail(Errc::kInvalid, "the selector has {} bytes, more than the limit of {}", text.size(),
                options.max_length);
  }
  Parser parser(text, options);
  auto selector = parser.parse_whole_selector();
  if (selector == nullptr) return std::unexpected(parser.take_error());
  return std::move(selector->matchers);
}

}  // namespace tocsin::promql::parser
