#pragma once
// The obvious reader of OpenMetrics: the lexer of Prometheus' openmetricslex.l as a table of token shapes per state,
// one byte after the other, and the grammar of openmetricsparse.go over its tokens, on copies of everything. Slow; the
// tests and the fuzzer compare expo::OpenMetricsParser with it.

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "model/sample.hpp"
#include "support/naive_expo.hpp"

namespace tocsin::test {

class NaiveOpenMetrics {
 public:
  static NaivePage read(std::string_view page) {
    NaiveOpenMetrics reader(page);
    NaivePage out;
    while (reader.row(out)) {
    }
    return out;
  }

 private:
  enum class Token {
    kEnd,
    kEof,
    kHelp,
    kType,
    kUnit,
    kName,
    kText,
    kOpen,
    kClose,
    kLabel,
    kQuoted,
    kEqual,
    kComma,
    kValue,
    kNumber,
    kTime,
    kNewline,
    kComment,
    kWrong
  };
  enum class State {
    kInit,
    kComment,
    kMetaName,
    kMetaText,
    kLabels,
    kLabelValue,
    kNumber,
    kTime,
    kExemplar,
    kExemplarValue,
    kExemplarTime
  };

  explicit NaiveOpenMetrics(std::string_view page) : page_(page) {}

  static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  bool ended() const { return i_ >= page_.size(); }
  /// The byte at hand; zero at the end.
  char at() const { return ended() ? '\0' : page_[i_]; }
  void next() {
    ++i_;
    const bool zeros = state_ == State::kLabelValue || state_ == State::kMetaText || state_ == State::kComment;
    while (zeros && !ended() && page_[i_] == 0) ++i_;
  }

  Token take(Token token, State state) {
    state_ = state;
    return token;
  }
  bool one(char c) {
    if (at() != c || ended()) return false;
    next();
    return true;
  }
  bool word(bool colon) {
    const auto first = [&] { return letter(at()) || (colon && at() == ':'); };
    if (!first()) return false;
    while (first() || digit(at())) next();
    return true;
  }
  bool quoted(bool newlines) {
    if (!one('"')) return false;
    while (at() != 0 && at() != '"' && (newlines || at() != '\n')) {
      if (at() == '\\') {
        next();
        if (at() == 0 || at() == '\n') return false;
      }
      next();
    }
    return one('"');
  }
  /// `[^ \n]+`
  bool dense() {
    const std::size_t before = i_;
    while (at() != 0 && at() != ' ' && at() != '\n') next();
    return i_ > before;
  }
  bool letters(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [this](char c) { return one(c); });
  }

  Token lex() {
    start_ = i_;
    if (ended()) return Token::kEnd;
    switch (state_) {
      case State::kInit:
        if (word(true)) return take(Token::kName, State::kNumber);
        if (one('{')) return take(Token::kOpen, State::kLabels);
        if (!one('#') || !one(' ')) return Token::kWrong;
        state_ = State::kComment;
        return lex_comment();
      case State::kComment:
        return lex_comment();
      case State::kMetaName:
        return (at() == '"' ? quoted(true) : word(true)) ? take(Token::kName, State::kMetaText) : Token::kWrong;
      case State::kMetaText:
        if (!one(' ')) return Token::kWrong;
        while (at() != 0 && at() != '\n') next();
        return one('\n') ? take(Token::kText, State::kInit) : Token::kWrong;
      case State::kLabels:
        if (word(false)) return Token::kLabel;
        if (at() == '"') return quoted(true) ? Token::kQuoted : Token::kWrong;
        if (one('}')) return take(Token::kClose, State::kNumber);
        if (one('=')) return take(Token::kEqual, State::kLabelValue);
        return one(',') ? Token::kComma : Token::kWrong;
      case State::kLabelValue:
        return quoted(false) ? take(Token::kValue, State::kLabels) : Token::kWrong;
      case State::kNumber:
        if (one('{')) return take(Token::kOpen, State::kLabels);
        return one(' ') && dense() ? take(Token::kNumber, State::kTime) : Token::kWrong;
      case State::kTime:
        if (one('\n')) return take(Token::kNewline, State::kInit);
        if (!one(' ')) return Token::kWrong;
        if (at() == '#') {
          next();
          if (one(' ')) return one('{') ? take(Token::kComment, State::kExemplar) : Token::kWrong;
          dense();
          return Token::kTime;
        }
        return dense() ? Token::kTime : Token::kWrong;
      case State::kExemplar:
        if (word(false)) return Token::kLabel;
        if (at() == '"') return quoted(false) ? Token::kQuoted : Token::kWrong;
        if (one('}')) return take(Token::kClose, State::kExemplarValue);
        if (one('=')) return take(Token::kEqual, State::kExemplarValue);
        return one(',') ? Token::kComma : Token::kWrong;
      case State::kExemplarValue:
        if (at() == '"') return quoted(false) ? take(Token::kValue, State::kExemplar) : Token::kWrong;
        return one(' ') && dense() ? take(Token::kNumber, State::kExemplarTime) : Token::kWrong;
      case State::kExemplarTime:
        if (one('\n')) return take(Token::kNewline, State::kInit);
        return one(' ') && dense() ? Token::kTime : Token::kWrong;
    }
    return Token::kWrong;
  }

  Token lex_comment() {
    switch (at()) {
      case 'H':
        return letters("HELP ") ? take(Token::kHelp, State::kMetaName) : Token::kWrong;
      case 'T':
        return letters("TYPE ") ? take(Token::kType, State::kMetaName) : Token::kWrong;
      case 'U':
        return letters("UNIT ") ? take(Token::kUnit, State::kMetaName) : Token::kWrong;
      default:
        if (!letters("EOF")) return Token::kWrong;
        one('\n');
        return take(Token::kEof, State::kInit);
    }
  }

  std::string text() const { return page_.substr(start_, i_ - start_); }
  static std::string inner(const std::string& quoted) { return quoted.substr(1, quoted.size() - 2); }
  /// Between the quotes; zero bytes may follow the closing one.
  std::string label_value() const {
    std::string value = text();
    return inner(value.substr(0, value.rfind('"') + 1));
  }

  bool wrong(NaivePage& out) {
    out.valid = false;
    return false;
  }

  /// One row into `out`; false at the end and on an error.
  bool row(NaivePage& out) {
    NaiveRow row;
    const std::size_t begin = i_;
    const Token first = lex();
    bool good = false;
    switch (first) {
      case Token::kEof:
        return ended() ? false : wrong(out);
      case Token::kHelp:
      case Token::kType:
      case Token::kUnit:
        good = meta(first, row);
        break;
      case Token::kOpen:
      case Token::kName:
        good = series(first, row, begin);
        break;
      default:
        break;
    }
    if (!good) return wrong(out);
    out.rows.push_back(std::move(row));
    return true;
  }

  bool meta(Token kind, NaiveRow& row) {
    if (lex() != Token::kName) return false;
    row.name = text()[0] == '"' ? inner(text()) : text();
    if (lex() != Token::kText) return false;
    row.text = inner(text());
    const std::string& t = row.text;
    if (kind == Token::kHelp) {
      row.kind = NaiveRow::kHelp;
      return is_valid_utf8(t);
    }
    if (kind == Token::kUnit) {
      row.kind = NaiveRow::kUnit;
      return t.empty() || row.name.ends_with("_" + t);
    }
    row.kind = NaiveRow::kType;
    type_ = t;
    const std::string_view known[] = {"counter", "gauge", "histogram", "gaugehistogram",
                                      "summary", "info",  "stateset",  "unknown"};
    return std::find(std::begin(known), std::end(known), t) != std::end(known);
  }

  bool series(Token first, NaiveRow& row, std::size_t begin) {
    row.kind = NaiveRow::kSeries;
    bool named = first == Token::kName;
    if (named) row.labels.emplace_back("__name__", text());
    std::size_t end = i_;
    Token token = first == Token::kOpen ? first : lex();
    if (token == Token::kOpen) {
      if (!braces(row.labels, &named)) return false;
      end = i_;
      token = lex();
    }
    row.text = page_.substr(begin, end - begin);
    std::sort(row.labels.begin(), row.labels.end());
    if (!named || token != Token::kNumber || !number(row.value)) return false;
    token = lex();
    if (token == Token::kTime) {
      Timestamp t = 0;
      if (!time(t)) return false;
      row.timestamp = t;
      token = lex();
      if (token != Token::kNewline && token != Token::kComment) return false;
    }
    if (token == Token::kComment) return exemplar(row);
    return token != Token::kEnd;  // whatever else it is: the next row is wrong then
  }

  /// @param named  nullptr in an exemplar.
  bool braces(std::vector<std::pair<std::string, std::string>>& labels, bool* named) {
    for (Token token = lex(); token != Token::kClose;) {
      if (token != Token::kLabel && token != Token::kQuoted) return false;
      const bool is_quoted = token == Token::kQuoted;
      const std::string raw = is_quoted ? inner(text()) : text();
      token = lex();
      if (is_quoted && (token == Token::kComma || token == Token::kClose)) {
        if (named == nullptr || *named) return false;
        *named = true;
        labels.emplace_back("__name__", unescape(raw));
        if (token == Token::kComma) token = lex();
        continue;
      }
      if (token != Token::kEqual || lex() != Token::kValue || !is_valid_utf8(label_value())) return false;
      const std::string name = named == nullptr ? raw : unescape(raw);
      labels.emplace_back(name, named == nullptr ? label_value() : normalize(name, unescape(label_value())));
      token = lex();
      if (token == Token::kComma) {
        token = lex();
      } else if (token != Token::kClose) {
        return false;
      }
    }
    return true;
  }

  bool exemplar(NaiveRow& row) {
    NaiveRow::Exemplar made;
    if (!braces(made.labels, nullptr) || lex() != Token::kNumber || !number(made.value)) return false;
    Token token = lex();
    if (token == Token::kTime) {
      Timestamp t = 0;
      if (!time(t)) return false;
      made.timestamp = t;
      token = lex();
    }
    row.exemplar = std::move(made);
    return token == Token::kNewline;
  }

  static std::string unescape(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && std::string_view("\"\\n").find(text[i + 1]) != std::string::npos) {
        ++i;
        out += text[i] == 'n' ? '\n' : text[i];
      } else {
        out += text[i];
      }
    }
    return out;
  }

  std::string normalize(const std::string& name, std::string value) const {
    double number = 0;
    const bool wanted = (type_ == "histogram" && name == "le") || (type_ == "summary" && name == "quantile");
    if (!wanted || !parse_float(value, number)) return value;
    if (std::isinf(number) && value.find_first_of("0123456789") != std::string::npos) return value;
    value.clear();
    append_float_expo(value, number == 0 ? 0 : number);
    if (std::isfinite(number) && value.find_first_of("e.") == std::string::npos) value += ".0";
    return value;
  }

  /// The token behind its blank.
  bool number(double& value) const {
    const std::string token = text().substr(1);
    if (token.find_first_of("pP_") != std::string::npos || !parse_float(token, value)) return false;
    if (std::isinf(value) && token.find_first_of("0123456789") != std::string::npos) return false;
    if (std::isnan(value)) value = std::bit_cast<double>(model::kNormalNanBits);
    return true;
  }

  bool time(Timestamp& out) const {
    double seconds = 0;
    if (!number(seconds) || !std::isfinite(seconds)) return false;
    const double ms = seconds * 1000;
    out = ms >= -0x1p63 && ms < 0x1p63 ? static_cast<Timestamp>(ms) : std::numeric_limits<Timestamp>::min();
    return true;
  }

  std::string page_, type_;
  std::size_t i_ = 0;
  std::size_t start_ = 0;
  State state_ = State::kInit;
};

}  // namespace tocsin::test
