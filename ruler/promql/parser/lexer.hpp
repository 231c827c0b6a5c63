#pragma once
// Query text to tokens. Source: Prometheus promql/parser/lex.go (language level 3.14); the texts of errors are its.
//
// PromQL cannot be cut into tokens without context: inside braces words are labels, inside brackets there are durations
// and four words only, and `fill` is a word of the language only before a parenthesis. The lexer keeps that context
// (an open brace, an open bracket) and reads one token when asked, so an error is met where Prometheus meets it.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql::parser {

enum class Tok : std::uint8_t {
  kEof,
  kError,
  kComma,
  kColon,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kEqual,
  kEqualRegex,
  kNotRegex,  // = =~ !~
  kString,
  kNumber,
  kDuration,
  kIdentifier,
  kMetricIdentifier,
  // Operators.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kEqlc,
  kNeq,
  kLss,
  kGtr,
  kLte,
  kGte,
  kTrimUpper,
  kTrimLower,
  kAt,
  kAnd,
  kOr,
  kUnless,
  kAtan2,
  // Aggregators.
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
  // Keywords.
  kOffset,
  kSmoothed,
  kAnchored,
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kFill,
  kFillLeft,
  kFillRight,
  kBool,
  // Words of duration expressions and of @.
  kStart,
  kEnd,
  kStep,
  kRange,
  kMaxOf,
  kMinOf,
};

/// Those that Prometheus calls operators, the two regular-expression matchers with them.
inline bool is_operator(Tok t) {
  return (t >= Tok::kAdd && t <= Tok::kAtan2) || t == Tok::kEqualRegex || t == Tok::kNotRegex;
}
inline bool is_aggregator(Tok t) {
  return t >= Tok::kSum && t <= Tok::kLimitRatio;
}
inline bool is_keyword(Tok t) {
  return t >= Tok::kOffset && t <= Tok::kBool;
}
inline bool is_preprocessor(Tok t) {
  return t >= Tok::kStart && t <= Tok::kMinOf;
}

struct Token {
  Tok kind = Tok::kEof;
  PositionRange pos;
  std::string_view text;  // of the query
};

/// How Prometheus names a token in `unexpected ...`.
std::string describe(const Token& token);

/// Thread: one. The query must outlive it and its tokens.
class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}

  /// The next token, comments left out. After kEof or kError it answers the same again.
  Token next();
  /// The text of the error, after a kError token.
  const std::string& error() const { return error_; }

 private:
  static constexpr std::int32_t kNone = -1;  // the end of the input, as a rune

  Token lex_statement();
  Token lex_inside_braces();
  Token lex_inside_brackets();
  Token lex_punctuation(std::int32_t r);
  Token lex_word_in_brackets(std::int32_t r);
  Token lex_word();
  Token lex_number_or_duration();
  Token lex_string(char quote);
  Token lex_raw_string();
  bool lex_escape(char quote);
  bool scan_number();
  bool scan_exponent();
  bool scan_duration_rest();
  bool scan_duration_word(Tok& kind);
  bool followed_by_parenthesis() const;
  void skip_spaces();
  void skip_comment();

  std::int32_t take();  // the next rune; sets width_
  std::int32_t peek();
  void back() { pos_ -= width_; }
  bool accept(std::string_view set);
  bool at(std::string_view set);
  bool at_comment() const { return pos_ < input_.size() && input_[pos_] == '#'; }
  Token emit(Tok kind);
  template <typename... Args>
  Token error(fmt::format_string<Args...> format, Args&&... args) {
    error_ = fmt::format(format, std::forward<Args>(args)...);
    return fail_here();
  }
  Token fail_here();

  std::string_view input_;
  std::size_t pos_ = 0;
  std::size_t start_ = 0;  // of the token being read
  std::size_t width_ = 0;  // of the last rune taken
  int paren_depth_ = 0;
  bool brace_open_ = false;
  bool bracket_open_ = false;
  bool expect_duration_ = false;  // the next token stands in a bracket in which no number was read yet
  bool got_colon_ = false;
  bool got_duration_ = false;
  bool ended_ = false;
  Token last_;
  std::string error_;
};

}  // namespace tocsin::promql::parser
