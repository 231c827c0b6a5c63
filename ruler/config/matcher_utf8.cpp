// The UTF-8 matcher grammar:
//   matchers = [ "{" ] [ matcher { "," matcher } [ "," ] ] [ "}" ]      braces both or none
//   matcher  = word ( "=" | "!=" | "=~" | "!~" ) word
//   word     = run of runes that are not reserved | Go string in double quotes
// Columns in messages count runes from 0. Source: Alertmanager matcher/parse/{lexer,parse}.go.

#include <optional>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "config/matcher_parser.hpp"
#include "config/utf8_text.hpp"

namespace tocsin::config {
namespace {

using model::Matcher;
using model::MatchOp;

enum class Kind { kEnd, kOpen, kClose, kComma, kOperator, kQuoted, kUnquoted };

struct Token {
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t begin = 0, end = 0;  // columns
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<Token> peek() {
    if (!peeked_) peeked_ = scan();
    return *peeked_;
  }
  Result<Token> next() {
    Result<Token> token = peek();
    if (token) peeked_.reset();
    return token;
  }
  std::size_t column() const { return column_; }

 private:
  Result<Token> scan() {
    skip_space();
    start_ = at_;
    start_column_ = column_;
    if (at_ >= text_.size()) return Token{Kind::kEnd, {}, column_, column_};
    switch (const Rune rune = advance(); rune.code) {
      case '{':
        return make(Kind::kOpen);
      case '}':
        return make(Kind::kClose);
      case ',':
        return make(Kind::kComma);
      case '=':
        accept('~');
        return make(Kind::kOperator);
      case '!':
        if (accept('=') || accept('~')) return make(Kind::kOperator);
        return expected("=~");
      case '"':
        return quoted();
      default:
        if (is_matcher_reserved(rune.code)) return invalid();
        return unquoted();
    }
  }

  void skip_space() {
    while (at_ < text_.size() && is_unicode_space(decode_utf8(text_.substr(at_)).code)) advance();
  }
  Rune advance() {
    const Rune rune = decode_utf8(text_.substr(at_));
    at_ += rune.size;
    ++column_;
    return rune;
  }
  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    advance();
    return true;
  }
  Result<Token> quoted() {
    bool escaped = false;
    while (at_ < text_.size()) {
      const Rune rune = advance();
      if (escaped) {
        escaped = false;
      } else if (rune.code == '\\') {
        escaped = true;
      } else if (rune.code == '"') {
        return make(Kind::kQuoted);
      }
    }
    return fail(Errc::kInvalid, "{}:{}: {}: missing end \"", start_column_, column_, seen());
  }
  Result<Token> unquoted() {
    while (at_ < text_.size() && !is_matcher_reserved(decode_utf8(text_.substr(at_)).code)) advance();
    if (!is_valid_utf8(seen())) return invalid();
    return make(Kind::kUnquoted);
  }
  std::string_view seen() const { return text_.substr(start_, at_ - start_); }
  Token make(Kind kind) const { return {kind, seen(), start_column_, column_}; }
  std::unexpected<Error> invalid() const {
    return fail(Errc::kInvalid, "{}:{}: {}: invalid input", start_column_, column_, seen());
  }
  std::unexpected<Error> expected(std::string_view what) const {
    if (at_ >= text_.size()) {
      return fail(Errc::kInvalid, "{}:{}: unexpected end of input, expected one of '{}'", start_column_, column_, what);
    }
    return fail(Errc::kInvalid, "{}:{}: {}: expected one of '{}'", start_column_, column_, seen(), what);
  }

  std::string_view text_;
  std::size_t at_ = 0, start_ = 0, column_ = 0, start_column_ = 0;
  std::optional<Result<Token>> peeked_;
};

std::unexpected<Error> with(Error error, std::string_view what) {
  return fail(error.code, "{}: {}", error.message, what);
}

/// Takes the next token if it is one of the two kinds.
Result<Token> expect(Lexer& lexer, Kind kind, Kind other) {
  TOCSIN_TRY(const Token token, lexer.peek());
  if (token.kind == Kind::kEnd) return fail(Errc::kInvalid, "{}:{}: end of input", token.begin, token.end);
  if (token.kind != kind && token.kind != other) {
    return fail(Errc::kInvalid, "{}:{}: unexpected {}", token.begin, token.end, token.text);
  }
  return lexer.next();
}

Result<std::string> word(Lexer& lexer, std::string_view what) {
  Result<Token> token = expect(lexer, Kind::kQuoted, Kind::kUnquoted);
  if (!token) return with(std::move(token).error(), what);
  if (token->kind == Kind::kUnquoted) return std::string(token->text);
  Result<std::string> text = unquote_go(token->text);
  if (!text) return fail(Errc::kInvalid, "{}:{}: {}: invalid input", token->begin, token->end, token->text);
  return text;
}

MatchOp op_of(std::string_view text) {
  if (text == "=~") return MatchOp::kRegex;
  if (text == "!=") return MatchOp::kNotEqual;
  return text == "!~" ? MatchOp::kNotRegex : MatchOp::kEqual;
}

Result<Matcher> matcher(Lexer& lexer) {
  TOCSIN_TRY(std::string name, word(lexer, "expected label name"));
  Result<Token> op = expect(lexer, Kind::kOperator, Kind::kOperator);
  if (!op) return with(std::move(op).error(), "expected an operator such as '=', '!=', '=~' or '!~'");
  TOCSIN_TRY(std::string value, word(lexer, "expected label value"));
  Result<Matcher> made = Matcher::make(op_of(op->text), std::move(name), std::move(value));
  if (!made) return fail(std::move(made).error().wrap("failed to create matcher"));
  return made;
}

/// The end of the list: the brace that belongs to an opening one, and then nothing more.
Result<void> finish(Lexer& lexer, bool open) {
  TOCSIN_TRY(Token token, lexer.peek());
  if (open && token.kind != Kind::kClose) {
    if (token.kind == Kind::kEnd) {
      return fail(Errc::kInvalid, "0:{}: end of input: expected close brace", lexer.column());
    }
    return fail(Errc::kInvalid, "0:{}: {}:{}: unexpected {}: expected close brace", lexer.column(), token.begin,
                token.end, token.text);
  }
  if (!open && token.kind == Kind::kClose) {
    return fail(Errc::kInvalid, "0:{}: }}: expected opening brace", lexer.column());
  }
  if (open) {
    TOCSIN_TRY([[maybe_unused]] const Token close, lexer.next());
  }
  Result<Token> rest = lexer.peek();
  if (!rest) return with(std::move(rest).error(), "expected end of input");
  if (rest->kind != Kind::kEnd) {
    return fail(Errc::kInvalid, "{}:{}: {}: expected end of input", rest->begin, rest->end, rest->text);
  }
  return {};
}

/// True if another matcher follows, false at the end of the list.
Result<bool> another(Lexer& lexer) {
  Result<Token> token = lexer.peek();
  if (!token) return with(std::move(token).error(), "expected a comma or close brace");
  if (token->kind == Kind::kEnd || token->kind == Kind::kClose) return false;
  if (token->kind != Kind::kComma) {
    return fail(Errc::kInvalid, "{}:{}: unexpected {}: expected a comma or close brace", token->begin, token->end,
                token->text);
  }
  TOCSIN_TRY([[maybe_unused]] const Token comma, lexer.next());
  token = lexer.peek();
  if (!token) return with(std::move(token).error(), "expected a matcher or close brace after comma");
  if (token->kind == Kind::kEnd || token->kind == Kind::kClose) return false;
  if (token->kind != Kind::kUnquoted && token->kind != Kind::kQuoted) {
    return fail(Errc::kInvalid, "{}:{}: unexpected {}: expected a matcher or close brace after comma", token->begin,
                token->end, token->text);
  }
  return true;
}

}  // namespace

Result<std::vector<Matcher>> parse_matchers_utf8(std::string_view text) {
  Lexer lexer(text);
  std::vector<Matcher> matchers;
  TOCSIN_TRY(Token first, lexer.peek());
  const bool open = first.kind == Kind::kOpen;
  if (open) {
    TOCSIN_TRY([[maybe_unused]] const Token brace, lexer.next());
    TOCSIN_TRY(first, lexer.peek());
  }
  bool more = first.kind != Kind::kEnd && first.kind != Kind::kClose;
  while (more) {
    TOCSIN_TRY(Matcher made, matcher(lexer));
    matchers.push_back(std::move(made));
    TOCSIN_TRY(more, another(lexer));
  }
  TOCSIN_OK(finish(lexer, open));
  return matchers;
}

}  // namespace tocsin::config
