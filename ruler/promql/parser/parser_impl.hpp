#pragma once
// The parser: one token of look-ahead, one function per rule of the grammar, the first error ends it.
//
// Prometheus' parser is generated (yacc) and reports the first of its errors; its texts name the innermost construct
// that it was in (`unexpected "x" in aggregation`). Here that construct is context_, set for as long as it is being
// read. A token is read only when it is needed, so that an error of the lexer and one of the grammar come in the same
// order. Source: Prometheus promql/parser/generated_parser.y, parse.go.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promql/parser/lexer.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::promql::parser {

using DurationPtr = std::shared_ptr<DurationExpr>;

class Parser {
 public:
  Parser(std::string_view query, const ParserOptions& options) : query_(query), options_(options), lexer_(query) {}

  /// Each returns nullptr, false or nothing after an error.
  ExprPtr parse_whole();
  std::unique_ptr<VectorSelector> parse_whole_selector();
  Error take_error();

 private:
  /// Behind "in" and behind "expected" in the text of an unexpected token.
  struct Context {
    std::string_view in, expected;
  };
  class ContextScope {
   public:
    ContextScope(Parser& parser, Context context) : parser_(parser), saved_(parser.context_) {
      parser.context_ = context;
    }
    ~ContextScope() { parser_.context_ = saved_; }
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;

   private:
    Parser& parser_;
    Context saved_;
  };
  class NestScope {
   public:
    explicit NestScope(Parser& parser) : parser_(parser) { ++parser.depth_; }
    ~NestScope() { --parser_.depth_; }
    NestScope(const NestScope&) = delete;
    NestScope& operator=(const NestScope&) = delete;

   private:
    Parser& parser_;
  };
  /// A subtree and how high it is.
  struct Tree {
    ExprPtr expr;
    std::size_t height = 1;
    explicit operator bool() const { return expr != nullptr; }
  };
  struct Arguments {
    std::vector<ExprPtr> list;
    std::size_t height = 0;  // of the highest
    std::uint32_t end = 0;   // behind the right parenthesis
  };

  static constexpr int kLoosest = 1;  // the precedence of `or`, and of + between durations

  // Expressions: parser.cpp.
  Tree parse_binary(int lowest_precedence);
  Tree parse_unary();
  Tree parse_postfix();
  Tree parse_primary();
  Tree parse_parenthesis();
  Tree parse_number_literal();
  Tree parse_string_literal();
  Tree parse_word();
  Tree parse_aggregate(const Token& word);
  Tree parse_call(const Token& word);
  bool parse_arguments(Arguments& out);
  bool finish_aggregate(AggregateExpr& node, Arguments& arguments);
  bool parse_binary_modifiers(BinaryExpr& node);
  bool parse_fill_modifiers(VectorMatching& matching);
  bool parse_fill_value(double& value);
  bool parse_grouping(std::vector<std::string>& labels);
  bool parse_grouping_label(std::vector<std::string>& labels);

  // Selectors and what stands behind an expression: parse_selector.cpp.
  std::unique_ptr<VectorSelector> parse_selector(const std::optional<Token>& name);
  bool parse_matchers(VectorSelector& selector);
  bool parse_matcher(VectorSelector& selector);
  bool parse_range(Tree& tree);
  bool make_matrix(Tree& tree, DurationValue range, PositionRange brackets);
  bool make_subquery(Tree& tree, DurationValue range, DurationValue step, std::uint32_t end);
  bool parse_offset(Expr& expr);
  bool parse_at(Expr& expr);
  bool parse_extension(Expr& expr, bool anchored);

  // Durations: parse_duration.cpp.
  DurationPtr parse_duration_binary(int lowest_precedence);
  DurationPtr continue_duration_binary(DurationPtr left, int lowest_precedence);
  DurationPtr parse_duration_unary();
  DurationPtr parse_duration_primary();
  DurationPtr parse_duration_word();
  DurationPtr parse_offset_operand();
  bool parse_positive_duration(DurationValue& out);
  /// A number or a duration as seconds.
  bool parse_seconds(const Token& token, double& seconds);
  bool check_duration_range(double seconds, PositionRange where);

  // Tokens and errors: parser.cpp.
  const Token& peek();
  Token take();
  bool at(Tok kind) { return peek().kind == kind; }
  /// Takes a token of that kind, or says that it is unexpected.
  bool expect(Tok kind);
  /// The first error stays. Always false.
  bool fail_at(PositionRange where, std::string text);
  bool unexpected() { return unexpected(context_); }
  bool unexpected(Context context);
  bool failed() const { return error_.has_value(); }
  bool too_deep();
  bool too_high(std::size_t height, PositionRange where);

  std::string_view query_;
  const ParserOptions& options_;
  Lexer lexer_;
  std::optional<Token> ahead_;
  std::optional<Error> error_;
  Context context_;
  std::size_t depth_ = 0;
  std::size_t duration_operators_ = 0;  // in this bracket or offset
  std::uint32_t taken_end_ = 0;         // behind the last token that was taken
};

/// Prometheus' text of an error: "line:column: parse error: text".
Error make_parse_error(std::string_view query, PositionRange where, std::string_view text);

/// To the nearest nanosecond, within what 64 bits hold.
Duration to_duration(double seconds);

/// What may name a metric: identifiers and most words of the language.
bool may_name_metric(Tok kind);

}  // namespace tocsin::promql::parser
