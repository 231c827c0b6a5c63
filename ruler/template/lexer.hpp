#pragma once
// Phase 1: template text to tokens. Trim markers and comments end here; the parser never sees them.
// Source: Go text/template/parse (the language), checked against amtool and promtool.

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::tmpl {

enum class Tok : std::uint8_t {
  kError,  // text is the message
  kEof,
  kText,
  kLeftDelim,
  kRightDelim,
  kSpace,
  kBool,
  kChar,  // one printable ASCII character, such as a comma
  kCharConstant,
  kComplex,
  kAssign,   // =
  kDeclare,  // :=
  kField,    // .Name
  kIdentifier,
  kLeftParen,
  kRightParen,
  kNumber,
  kPipe,
  kRawString,
  kString,
  kVariable,  // $, $name
  // Keywords.
  kDot,
  kBlock,
  kBreak,
  kContinue,
  kDefine,
  kElse,
  kEnd,
  kIf,
  kNil,
  kRange,
  kTemplate,
  kWith,
};

struct Token {
  Tok type = Tok::kEof;
  std::uint32_t pos = 0;   // byte offset in the text
  std::uint32_t line = 1;  // where it begins
  std::string text;        // as written; of kError the message

  /// As error texts show it: `"abc"`, `<end>`, `EOF`.
  std::string describe() const;
};

/// Produces tokens one by one; after kError or kEof it repeats that. Thread: one. `input` outlives it.
class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}
  Token next();

 private:
  enum class State { kText, kLeftDelim, kInsideAction, kDone };

  Token lex_text();
  bool lex_left_delim(Token& out);  // false: it was a comment
  Token lex_inside_action();
  Token lex_space();
  Token lex_right_delim();
  Token lex_identifier();
  Token lex_field_or_variable(Tok type);
  Token lex_number();
  Token lex_quoted(char quote, Tok type, const char* unterminated);
  Token lex_raw_string();
  bool scan_number();
  bool skip_comment(Token& error);

  std::string_view rest() const { return input_.substr(pos_); }
  std::uint32_t peek(std::size_t* size = nullptr) const;  // code point; kEofRune at the end
  void advance_rune();
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  bool at_terminator() const;
  bool at_right_delim(bool* trim) const;
  Token emit(Tok type);
  void ignore();
  Token error(std::string message);

  std::string_view input_;
  std::size_t pos_ = 0, start_ = 0;
  std::uint32_t line_ = 1, start_line_ = 1;
  int paren_depth_ = 0;
  State state_ = State::kText;
  Token last_;
};

/// Letters, digits and the underscore, of any script.
bool is_alphanumeric(std::uint32_t code);

}  // namespace tocsin::tmpl
