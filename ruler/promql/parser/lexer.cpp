#include "promql/parser/lexer.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::promql::parser {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

struct Word {
  std::string_view text;
  Tok kind;
};

constexpr std::array kWords = std::to_array<Word>({
    {"and", Tok::kAnd},
    {"or", Tok::kOr},
    {"unless", Tok::kUnless},
    {"atan2", Tok::kAtan2},
    {"sum", Tok::kSum},
    {"avg", Tok::kAvg},
    {"count", Tok::kCount},
    {"min", Tok::kMin},
    {"max", Tok::kMax},
    {"group", Tok::kGroup},
    {"stddev", Tok::kStddev},
    {"stdvar", Tok::kStdvar},
    {"topk", Tok::kTopk},
    {"bottomk", Tok::kBottomk},
    {"count_values", Tok::kCountValues},
    {"quantile", Tok::kQuantile},
    {"limitk", Tok::kLimitk},
    {"limit_ratio", Tok::kLimitRatio},
    {"offset", Tok::kOffset},
    {"smoothed", Tok::kSmoothed},
    {"anchored", Tok::kAnchored},
    {"by", Tok::kBy},
    {"without", Tok::kWithout},
    {"on", Tok::kOn},
    {"ignoring", Tok::kIgnoring},
    {"group_left", Tok::kGroupLeft},
    {"group_right", Tok::kGroupRight},
    {"fill", Tok::kFill},
    {"fill_left", Tok::kFillLeft},
    {"fill_right", Tok::kFillRight},
    {"bool", Tok::kBool},
    {"start", Tok::kStart},
    {"end", Tok::kEnd},
    {"step", Tok::kStep},
    {"range", Tok::kRange},
    {"max_of", Tok::kMaxOf},
    {"min_of", Tok::kMinOf},
    {"inf", Tok::kNumber},
    {"nan", Tok::kNumber},
});

constexpr std::size_t kLongestWord = 12;

/// kIdentifier if the text is no word of the language; case does not matter.
Tok word_kind(std::string_view text) {
  if (text.size() > kLongestWord) return Tok::kIdentifier;
  for (const Word& word : kWords) {
    if (equal_ignoring_case(word.text, text)) return word.kind;
  }
  return Tok::kIdentifier;
}

bool is_digit(std::int32_t r) {
  return r >= '0' && r <= '9';
}
bool is_alpha(std::int32_t r) {
  return r == '_' || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z');
}
bool is_alnum(std::int32_t r) {
  return is_alpha(r) || is_digit(r);
}
bool is_space(std::int32_t r) {
  return r == ' ' || r == '\t' || r == '\n' || r == '\r';
}

bool is_in(std::string_view set, std::int32_t r) {
  return r >= 0 && r < 0x80 && set.find(static_cast<char>(r)) != std::string_view::npos;
}

std::uint32_t digit_value(std::int32_t r) {
  if (r >= '0' && r <= '9') return static_cast<std::uint32_t>(r - '0');
  if (r >= 'a' && r <= 'f') return static_cast<std::uint32_t>(r - 'a' + 10);
  if (r >= 'A' && r <= 'F') return static_cast<std::uint32_t>(r - 'A' + 10);
  return 16;
}

constexpr std::uint32_t kReplacement = 0xfffd;

std::uint32_t printed_code(std::int32_t r) {
  return r < 0 ? kReplacement : static_cast<std::uint32_t>(r);
}

/// Go's %q of a rune: in single quotes, escaped where it cannot be printed.
std::string quote_rune(std::int32_t r) {
  if (r == '\'') return "'\\''";
  if (r == '"') return "'\"'";
  std::string text;
  append_utf8(text, printed_code(r));
  std::string quoted = go_quote(text);
  quoted.front() = quoted.back() = '\'';
  return quoted;
}

/// Go's %#U: `U+0063 'c'`.
std::string name_rune(std::int32_t r) {
  const std::uint32_t code = printed_code(r);
  std::string text = fmt::format("U+{:04X}", code);
  if (is_printable(code)) {
    text += " '";
    append_utf8(text, code);
    text += '\'';
  }
  return text;
}

/// Go's %.10q...: the first ten runes.
std::string quote_start(std::string_view text) {
  std::size_t end = 0;
  for (int i = 0; i < 10 && end < text.size(); ++i) end += decode_utf8(text.substr(end)).size;
  return go_quote(text.substr(0, end)) + "...";
}

}  // namespace

std::string describe(const Token& token) {
  const auto shortened = [&] { return token.text.size() > 10 ? quote_start(token.text) : go_quote(token.text); };
  switch (token.kind) {
    case Tok::kEof:
      return "end of input";
    case Tok::kIdentifier:
      return "identifier " + go_quote(token.text);
    case Tok::kMetricIdentifier:
      return "metric identifier " + go_quote(token.text);
    case Tok::kString:
      return "string " + shortened();
    case Tok::kNumber:
      return "number " + shortened();
    case Tok::kDuration:
      return "duration " + shortened();
    default:
      break;
  }
  if (is_keyword(token.kind)) return fmt::format("<{}>", token.text);
  if (is_operator(token.kind)) return fmt::format("<op:{}>", token.text);
  if (is_aggregator(token.kind)) return fmt::format("<aggr:{}>", token.text);
  return shortened();
}

Token Lexer::next() {
  if (ended_) return last_;
  while (true) {
    start_ = pos_;
    const bool duration = expect_duration_ && !brace_open_;
    if (!duration && at_comment()) {
      skip_comment();
      continue;
    }
    if (is_space(peek())) {
      skip_spaces();
      continue;
    }
    last_ = brace_open_ ? lex_inside_braces() : duration ? lex_inside_brackets() : lex_statement();
    ended_ = last_.kind == Tok::kEof || last_.kind == Tok::kError;
    return last_;
  }
}

Token Lexer::lex_statement() {
  const std::int32_t r = take();
  if (r == kNone) {
    if (paren_depth_ != 0) return error("unclosed left parenthesis");
    if (bracket_open_) return error("unclosed left bracket");
    return emit(Tok::kEof);
  }
  if (is_digit(r) || (r == '.' && is_digit(peek()))) {
    pos_ = start_;
    return lex_number_or_duration();
  }
  if (r == '"' || r == '\'') return lex_string(static_cast<char>(r));
  if (r == '`') return lex_raw_string();
  if (is_alpha(r) || r == ':') {
    if (bracket_open_) return lex_word_in_brackets(r);
    pos_ = start_;
    return lex_word();
  }
  return lex_punctuation(r);
}

Token Lexer::lex_punctuation(std::int32_t r) {
  switch (r) {
    case ',':
      return emit(Tok::kComma);
    case '*':
      return emit(Tok::kMul);
    case '/':
      return emit(Tok::kDiv);
    case '%':
      return emit(Tok::kMod);
    case '+':
      return emit(Tok::kAdd);
    case '-':
      return emit(Tok::kSub);
    case '^':
      return emit(Tok::kPow);
    case '@':
      return emit(Tok::kAt);
    case '=':
      if (accept("=")) return emit(Tok::kEqlc);
      if (at("~")) return error("unexpected character after '=': {}", quote_rune(peek()));
      return emit(Tok::kEqual);
    case '!': {
      const std::int32_t second = take();
      if (second != '=') return error("unexpected character after '!': {}", quote_rune(second));
      return emit(Tok::kNeq);
    }
    case '<':
      if (accept("=")) return emit(Tok::kLte);
      return accept("/") ? emit(Tok::kTrimUpper) : emit(Tok::kLss);
    case '>':
      if (accept("=")) return emit(Tok::kGte);
      return accept("/") ? emit(Tok::kTrimLower) : emit(Tok::kGtr);
    case '(':
      ++paren_depth_;
      return emit(Tok::kLeftParen);
    case ')':
      if (--paren_depth_ < 0) {
        start_ = pos_;
        return error("unexpected right parenthesis {}", quote_rune(r));
      }
      return emit(Tok::kRightParen);
    case '{':
      brace_open_ = true;
      return emit(Tok::kLeftBrace);
    case '[':
      if (bracket_open_) return error("unexpected left bracket {}", quote_rune(r));
      bracket_open_ = expect_duration_ = true;
      got_colon_ = false;
      return emit(Tok::kLeftBracket);
    case ']':
      if (!bracket_open_) return error("unexpected right bracket {}", quote_rune(r));
      bracket_open_ = expect_duration_ = false;
      return emit(Tok::kRightBracket);
    default:
      return error("unexpected character: {}", quote_rune(r));
  }
}

/// Behind the first number in brackets: a colon, or a word of duration expressions.
Token Lexer::lex_word_in_brackets(std::int32_t r) {
  if (r == ':') {
    if (got_colon_) return error("unexpected colon {}", quote_rune(r));
    got_colon_ = true;
    return emit(Tok::kColon);
  }
  Tok kind{};
  if (is_in("srmSRM", r) && scan_duration_word(kind)) return emit(kind);
  return error("unexpected character: {}, expected {}", quote_rune(r), quote_rune(':'));
}

/// Between the left bracket and the first number.
Token Lexer::lex_inside_brackets() {
  const std::int32_t r = take();
  if (r == kNone) return error("unexpected end of input in duration expression");
  if (is_digit(r) || (r == '.' && is_digit(peek()))) {
    pos_ = start_;
    got_duration_ = true;
    expect_duration_ = false;
    return lex_number_or_duration();
  }
  if (r == ':') {
    const bool repeated = got_colon_;
    got_colon_ = true;
    if (got_duration_ && !repeated) return emit(Tok::kColon);
    start_ = pos_;
    return got_duration_ ? error("unexpected repeated colon in duration expression")
                         : error("unexpected colon before duration in duration expression");
  }
  if (is_in("()+-*/%^,]", r)) return lex_punctuation(r);
  Tok kind{};
  if (is_in("srmSRM", r) && scan_duration_word(kind)) return emit(kind);
  return error("unexpected character in duration expression: {}", quote_rune(r));
}

Token Lexer::lex_inside_braces() {
  const std::int32_t r = take();
  if (r == kNone) return error("unexpected end of input inside braces");
  if (is_alpha(r)) {
    while (is_alnum(peek())) take();
    return emit(Tok::kIdentifier);
  }
  switch (r) {
    case ',':
      return emit(Tok::kComma);
    case '"':
    case '\'':
      return lex_string(static_cast<char>(r));
    case '`':
      return lex_raw_string();
    case '=':
      return accept("~") ? emit(Tok::kEqualRegex) : emit(Tok::kEqual);
    case '!': {
      const std::int32_t second = take();
      if (second == '~') return emit(Tok::kNotRegex);
      if (second == '=') return emit(Tok::kNeq);
      return error("unexpected character after '!' inside braces: {}", quote_rune(second));
    }
    case '{':
      return error("unexpected left brace {}", quote_rune(r));
    case '}':
      brace_open_ = false;
      return emit(Tok::kRightBrace);
    default:
      return error("unexpected character inside braces: {}", quote_rune(r));
  }
}

Token Lexer::lex_word() {
  while (is_alnum(peek()) || at(":")) take();
  const std::string_view text = input_.substr(start_, pos_ - start_);
  Tok kind = word_kind(text);
  if ((kind == Tok::kFill || kind == Tok::kFillLeft || kind == Tok::kFillRight) && !followed_by_parenthesis()) {
    kind = Tok::kIdentifier;
  }
  if (kind == Tok::kIdentifier && text.find(':') != std::string_view::npos) kind = Tok::kMetricIdentifier;
  return emit(kind);
}

bool Lexer::followed_by_parenthesis() const {
  std::size_t i = pos_;
  while (i < input_.size() && is_space(input_[i])) ++i;
  return i < input_.size() && input_[i] == '(';
}

bool Lexer::scan_duration_word(Tok& kind) {
  while (is_alpha(peek())) take();
  kind = word_kind(input_.substr(start_, pos_ - start_));
  return kind == Tok::kStep || kind == Tok::kRange || kind == Tok::kMaxOf || kind == Tok::kMinOf;
}

Token Lexer::lex_number_or_duration() {
  if (scan_number()) return emit(Tok::kNumber);
  if (scan_duration_rest()) return emit(Tok::kDuration);
  return error("bad number or duration syntax: {}", go_quote(input_.substr(start_, pos_ - start_)));
}

/// Digits of some base with points, exponents and underscores; whether they make a number is seen when it is read.
/// On failure the position is behind what spoiled it (or in front of a unit), which the caller goes on from.
bool Lexer::scan_number() {
  const std::size_t begin = pos_;
  std::string_view digits = kDigits;
  bool hexadecimal = false;
  if (accept("0") && accept("xX")) {
    accept("_");
    digits = kHexDigits;
    hexadecimal = true;
  }
  accept(".");
  accept(digits);
  bool had_point = false;
  bool had_exponent = false;
  while (at(digits) || at("._eE")) {
    if ((had_point && accept(".")) || (had_exponent && accept("eE"))) return false;
    if (accept(".")) {
      had_point = true;
      if (accept("_.") || hexadecimal) return false;
    } else if (accept("eE")) {
      had_exponent = true;
      if (!scan_exponent()) return false;
    } else if (accept("_")) {
      if (accept("._eE") || peek() == kNone) return false;
    } else {
      while (accept(digits)) {
      }
    }
  }
  return pos_ != begin && !is_alnum(peek());
}

bool Lexer::scan_exponent() {
  accept("+-");
  return !accept("._eE") && peek() != kNone;
}

/// Behind the first digits of a duration: unit, then digits and unit as often as they come. Units are checked later.
bool Lexer::scan_duration_rest() {
  if (!accept("smhdwy")) return false;
  accept("s");
  while (accept(kDigits)) {
    while (accept(kDigits)) {
    }
    if (!accept("smhdw")) return false;
    accept("s");
  }
  if (is_alnum(take())) return false;
  back();
  return true;
}

Token Lexer::lex_string(char quote) {
  while (true) {
    const std::int32_t r = take();
    if (r == quote) return emit(Tok::kString);
    if (r == '\\') {
      if (!lex_escape(quote)) return fail_here();
    } else if (r == static_cast<std::int32_t>(kReplacement)) {
      return error("invalid UTF-8 rune");
    } else if (r == kNone || r == '\n') {
      return error("unterminated quoted string");
    }
  }
}

Token Lexer::lex_raw_string() {
  while (true) {
    const std::int32_t r = take();
    if (r == '`') return emit(Tok::kString);
    if (r == static_cast<std::int32_t>(kReplacement)) return error("invalid UTF-8 rune");
    if (r == kNone) return error("unterminated raw string");
  }
}

/// Behind a backslash. False: the error is set.
bool Lexer::lex_escape(char quote) {
  std::int32_t r = take();
  if (is_in("abfnrtv\\", r) || r == quote) return true;
  int count = 0;
  std::uint32_t base = 16;
  std::uint32_t largest = 0x10ffff;
  if (r >= '0' && r <= '7') {
    count = 3;
    base = 8;
    largest = 255;
  } else if (r == 'x' || r == 'u' || r == 'U') {
    count = r == 'x' ? 2 : r == 'u' ? 4 : 8;
    r = take();
  } else {
    error_ = r == kNone ? "escape sequence not terminated" : "unknown escape sequence " + name_rune(r);
    return false;
  }
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    if (i > 0) r = take();
    const std::uint32_t digit = digit_value(r);
    if (digit >= base) {
      error_ = r == kNone ? "escape sequence not terminated"
                          : fmt::format("illegal character {} in escape sequence", name_rune(r));
      return false;
    }
    value = value * base + digit;
  }
  if (value <= largest && (value < 0xd800 || value >= 0xe000)) return true;
  error_ = "escape sequence is an invalid Unicode code point";
  return false;
}

void Lexer::skip_spaces() {
  while (is_space(peek())) take();
}

void Lexer::skip_comment() {
  const std::size_t end = input_.find_first_of("\r\n", pos_);
  pos_ = end == std::string_view::npos ? input_.size() : end;
}

std::int32_t Lexer::take() {
  if (pos_ >= input_.size()) {
    width_ = 0;
    return kNone;
  }
  const auto byte = static_cast<unsigned char>(input_[pos_]);
  if (byte < 0x80) {
    width_ = 1;
    ++pos_;
    return byte;
  }
  const Rune rune = decode_utf8(input_.substr(pos_));
  width_ = rune.size;
  pos_ += width_;
  return static_cast<std::int32_t>(rune.code);
}

std::int32_t Lexer::peek() {
  const std::int32_t r = take();
  back();
  return r;
}

bool Lexer::accept(std::string_view set) {
  if (is_in(set, take())) return true;
  back();
  return false;
}

bool Lexer::at(std::string_view set) {
  return is_in(set, peek());
}

Token Lexer::emit(Tok kind) {
  return Token{kind,
               {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(pos_)},
               input_.substr(start_, pos_ - start_)};
}

Token Lexer::fail_here() {
  return Token{Tok::kError,
               {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(input_.size())},
               input_.substr(start_)};
}

}  // namespace tocsin::promql::parser
