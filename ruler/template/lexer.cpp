#include "template/lexer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "template/go_text.hpp"

namespace tocsin::tmpl {

namespace {

constexpr std::uint32_t kEofRune = 0xffffffff;
constexpr std::string_view kLeft = "{{", kRight = "}}", kLeftComment = "/*", kRightComment = "*/";
constexpr std::size_t kTrimLength = 2;  // a space and a minus

constexpr std::array<std::pair<std::string_view, Tok>, 11> kKeywords{{
    {"block", Tok::kBlock},
    {"break", Tok::kBreak},
    {"continue", Tok::kContinue},
    {"define", Tok::kDefine},
    {"else", Tok::kElse},
    {"end", Tok::kEnd},
    {"if", Tok::kIf},
    {"nil", Tok::kNil},
    {"range", Tok::kRange},
    {"template", Tok::kTemplate},
    {"with", Tok::kWith},
}};

bool is_space(std::uint32_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool has_left_trim(std::string_view text) {
  return text.size() >= 2 && text[0] == '-' && is_space(text[1]);
}
bool has_right_trim(std::string_view text) {
  return text.size() >= 2 && is_space(text[0]) && text[1] == '-';
}

std::size_t leading_space(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_space(static_cast<unsigned char>(text[n]))) ++n;
  return n;
}

std::size_t trailing_space(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_space(static_cast<unsigned char>(text[text.size() - 1 - n]))) ++n;
  return n;
}

std::uint32_t newlines(std::string_view text) {
  return static_cast<std::uint32_t>(std::ranges::count(text, '\n'));
}

/// Go's %#U: "U+00A0", "U+2264 '≤'".
std::string describe_rune(std::uint32_t code) {
  std::string out = fmt::format("U+{:04X}", code);
  if (is_printable(code)) {
    out += " '";
    append_utf8(out, code);
    out += '\'';
  }
  return out;
}

}  // namespace

bool is_alphanumeric(std::uint32_t code) {
  return code == '_' || is_digit(code) || (code != kEofRune && is_letter(code));
}

std::string Token::describe() const {
  if (type == Tok::kEof) return "EOF";
  if (type == Tok::kError) return text;
  if (type >= Tok::kDot) return fmt::format("<{}>", text);
  if (text.size() > 10) return go_quote(first_runes(text, 10)) + "...";
  return go_quote(text);
}

Token Lexer::next() {
  for (;;) {
    switch (state_) {
      case State::kText: {
        last_ = lex_text();
        if (last_.type != Tok::kText || !last_.text.empty()) return last_;
        break;  // at a delimiter at once
      }
      case State::kLeftDelim: {
        Token token;
        const bool emitted = lex_left_delim(token);
        if (emitted) return last_ = std::move(token);
        break;
      }
      case State::kInsideAction:
        return last_ = lex_inside_action();
      case State::kDone:
        return last_;
    }
  }
}

Token Lexer::lex_text() {
  const std::size_t at = rest().find(kLeft);
  if (at == std::string_view::npos) {
    pos_ = input_.size();
    if (pos_ > start_) return emit(Tok::kText);
    state_ = State::kDone;
    return emit(Tok::kEof);
  }
  state_ = State::kLeftDelim;
  pos_ += at;
  std::size_t trim = 0;
  if (has_left_trim(input_.substr(pos_ + kLeft.size()))) trim = trailing_space(input_.substr(start_, pos_ - start_));
  pos_ -= trim;
  Token token = emit(Tok::kText);
  pos_ += trim;
  ignore();
  return token;
}

bool Lexer::lex_left_delim(Token& out) {
  pos_ += kLeft.size();
  const std::size_t marker = has_left_trim(rest()) ? kTrimLength : 0;
  if (input_.substr(pos_ + marker).starts_with(kLeftComment)) {
    pos_ += marker;
    ignore();
    return skip_comment(out);
  }
  out = emit(Tok::kLeftDelim);
  pos_ += marker;
  ignore();
  paren_depth_ = 0;
  state_ = State::kInsideAction;
  return true;
}

/// @return true if `error` is to be emitted.
bool Lexer::skip_comment(Token& error_token) {
  pos_ += kLeftComment.size();
  const std::size_t at = rest().find(kRightComment);
  if (at == std::string_view::npos) {
    error_token = error("unclosed comment");
    return true;
  }
  pos_ += at + kRightComment.size();
  bool trim = false;
  if (!at_right_delim(&trim)) {
    error_token = error("comment ends before closing delimiter");
    return true;
  }
  pos_ += (trim ? kTrimLength : 0) + kRight.size();
  if (trim) pos_ += leading_space(rest());
  ignore();
  state_ = State::kText;
  return false;
}

Token Lexer::lex_right_delim() {
  const bool trim = has_right_trim(rest());
  if (trim) {
    pos_ += kTrimLength;
    ignore();
  }
  pos_ += kRight.size();
  Token token = emit(Tok::kRightDelim);
  if (trim) {
    pos_ += leading_space(rest());
    ignore();
  }
  state_ = State::kText;
  return token;
}

Token Lexer::lex_inside_action() {
  if (at_right_delim(nullptr)) {
    if (paren_depth_ == 0) return lex_right_delim();
    return error("unclosed left paren");
  }
  const std::uint32_t c = peek();
  if (c == kEofRune) return error("unclosed action");
  if (is_space(c)) return lex_space();
  if (c == '"') return lex_quoted('"', Tok::kString, "unterminated quoted string");
  if (c == '\'') return lex_quoted('\'', Tok::kCharConstant, "unterminated character constant");
  if (c == '`') return lex_raw_string();
  if (c == '.') {
    const bool number = pos_ + 1 < input_.size() && input_[pos_ + 1] >= '0' && input_[pos_ + 1] <= '9';
    // A dot at the very end of the text is read as a number, like Go does, and refused there.
    if (!number && pos_ + 1 < input_.size()) return lex_field_or_variable(Tok::kField);
    return lex_number();
  }
  if (c == '+' || c == '-' || (c >= '0' && c <= '9')) return lex_number();
  if (is_alphanumeric(c)) return lex_identifier();
  if (c == '$') return lex_field_or_variable(Tok::kVariable);
  advance_rune();
  switch (c) {
    case '=':
      return emit(Tok::kAssign);
    case ':':
      if (peek() != '=') return error("expected :=");
      advance_rune();
      return emit(Tok::kDeclare);
    case '|':
      return emit(Tok::kPipe);
    case '(':
      ++paren_depth_;
      return emit(Tok::kLeftParen);
    case ')':
      if (--paren_depth_ < 0) return error("unexpected right paren");
      return emit(Tok::kRightParen);
    default:
      break;
  }
  if (c < 0x80 && is_printable(c)) return emit(Tok::kChar);
  return error(fmt::format("unrecognized character in action: {}", describe_rune(c)));
}

Token Lexer::lex_space() {
  std::size_t spaces = 0;
  while (is_space(peek())) {
    advance_rune();
    ++spaces;
  }
  // The last space may belong to a trim marker in front of the closing delimiter.
  if (has_right_trim(input_.substr(pos_ - 1)) && input_.substr(pos_ - 1 + kTrimLength).starts_with(kRight)) {
    --pos_;
    if (spaces == 1) return lex_right_delim();
  }
  return emit(Tok::kSpace);
}

Token Lexer::lex_identifier() {
  while (is_alphanumeric(peek())) advance_rune();
  if (!at_terminator()) return error(fmt::format("bad character {}", describe_rune(peek())));
  const std::string_view word = input_.substr(start_, pos_ - start_);
  for (const auto& [keyword, type] : kKeywords) {
    if (word == keyword) return emit(type);
  }
  return emit(word == "true" || word == "false" ? Tok::kBool : Tok::kIdentifier);
}

Token Lexer::lex_field_or_variable(Tok type) {
  advance_rune();  // the dot or dollar
  if (at_terminator()) return emit(type == Tok::kVariable ? Tok::kVariable : Tok::kDot);
  while (is_alphanumeric(peek())) advance_rune();
  if (!at_terminator()) return error(fmt::format("bad character {}", describe_rune(peek())));
  return emit(type);
}

Token Lexer::lex_number() {
  if (!scan_number()) return error("bad number syntax: " + go_quote(input_.substr(start_, pos_ - start_)));
  const std::uint32_t sign = peek();
  if (sign != '+' && sign != '-') return emit(Tok::kNumber);
  // 1+2i
  if (!scan_number() || input_[pos_ - 1] != 'i') {
    return error("bad number syntax: " + go_quote(input_.substr(start_, pos_ - start_)));
  }
  return emit(Tok::kComplex);
}

bool Lexer::scan_number() {
  constexpr std::string_view kDecimal = "0123456789_", kHex = "0123456789abcdefABCDEF_";
  accept("+-");
  std::string_view digits = kDecimal;
  if (accept("0")) {
    if (accept("xX")) {
      digits = kHex;
    } else if (accept("oO")) {
      digits = "01234567_";
    } else if (accept("bB")) {
      digits = "01_";
    }
  }
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  if ((digits == kDecimal && accept("eE")) || (digits == kHex && accept("pP"))) {
    accept("+-");
    accept_run(kDecimal);
  }
  accept("i");
  if (!is_alphanumeric(peek())) return true;
  advance_rune();
  return false;
}

Token Lexer::lex_quoted(char quote_char, Tok type, const char* unterminated) {
  advance_rune();
  for (;;) {
    std::uint32_t c = peek();
    if (c == kEofRune || c == '\n') return error(unterminated);
    advance_rune();
    if (c == static_cast<unsigned char>(quote_char)) return emit(type);
    if (c == '\\') {
      c = peek();
      if (c == kEofRune || c == '\n') return error(unterminated);
      advance_rune();
    }
  }
}

Token Lexer::lex_raw_string() {
  const std::size_t end = input_.find('`', pos_ + 1);
  if (end == std::string_view::npos) {
    pos_ = input_.size();
    return error("unterminated raw quoted string");
  }
  pos_ = end + 1;
  return emit(Tok::kRawString);
}

std::uint32_t Lexer::peek(std::size_t* size) const {
  if (pos_ >= input_.size()) {
    if (size) *size = 0;
    return kEofRune;
  }
  const Rune rune = decode_utf8(rest());
  if (size) *size = rune.size;
  return rune.code;
}

void Lexer::advance_rune() {
  std::size_t size = 0;
  peek(&size);
  pos_ += size;
}

bool Lexer::accept(std::string_view set) {
  if (pos_ >= input_.size() || set.find(input_[pos_]) == std::string_view::npos) return false;
  ++pos_;
  return true;
}

void Lexer::accept_run(std::string_view set) {
  while (accept(set)) {
  }
}

bool Lexer::at_terminator() const {
  const std::uint32_t c = peek();
  if (is_space(c)) return true;
  switch (c) {
    case kEofRune:
    case '.':
    case ',':
    case '|':
    case ':':
    case ')':
    case '(':
      return true;
    default:
      return rest().starts_with(kRight);
  }
}

bool Lexer::at_right_delim(bool* trim) const {
  const bool marker = has_right_trim(rest()) && input_.substr(pos_ + kTrimLength).starts_with(kRight);
  if (trim) *trim = marker;
  return marker || rest().starts_with(kRight);
}

Token Lexer::emit(Tok type) {
  const std::string_view text = input_.substr(start_, pos_ - start_);
  Token token{type, static_cast<std::uint32_t>(start_), start_line_, std::string(text)};
  ignore();
  return token;
}

void Lexer::ignore() {
  line_ += newlines(input_.substr(start_, pos_ - start_));
  start_ = pos_;
  start_line_ = line_;
}

Token Lexer::error(std::string message) {
  state_ = State::kDone;
  return Token{Tok::kError, static_cast<std::uint32_t>(start_), start_line_, std::move(message)};
}

}  // namespace tocsin::tmpl
