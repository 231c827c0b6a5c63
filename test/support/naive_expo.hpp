#pragma once
// The obvious reader of text 0.0.4: a lexer with states and a grammar over its tokens, as Prometheus' promlex.l states
// it, on copies of everything. Slow; the tests and the fuzzer compare expo::TextParser with it.

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::test {

struct NaiveRow {
  enum Kind { kSeries, kHelp, kType, kUnit, kComment } kind = kComment;
  struct Exemplar {
    std::vector<std::pair<std::string, std::string>> labels;  // in order of the page, escaped
    double value = 0;
    std::optional<Timestamp> timestamp;
  };
  std::string name;  // family of help and type
  std::string text;  // escaped help, type word, series text
  double value = 0;
  std::optional<Timestamp> timestamp;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted, __name__ among them
  std::optional<Exemplar> exemplar;
};

struct NaivePage {
  std::vector<NaiveRow> rows;
  bool valid = true;
};

class NaiveExpo {
 public:
  static NaivePage read(std::string_view page) {
    NaiveExpo reader(page);
    NaivePage out;
    while (reader.row(out)) {
    }
    return out;
  }

 private:
  enum class Token {
    kEnd,
    kNewline,
    kHelp,
    kType,
    kComment,
    kName,
    kText,
    kOpen,
    kClose,
    kLabel,
    kQuoted,
    kEqual,
    kValue,
    kComma,
    kNumber,
    kTime,
    kWrong
  };
  enum class State { kInit, kMetaName, kMetaText, kLabels, kLabelValue, kNumber, kTime };

  explicit NaiveExpo(std::string_view page) : page_(page) {
    if (page_.empty() || page_.back() != '\n') page_ += '\n';
  }

  static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  static bool blank(char c) { return c == ' ' || c == '\t'; }
  char at(std::size_t i) const { return i < page_.size() ? page_[i] : '\0'; }

  std::size_t word(std::size_t i, bool colon) const {
    const auto first = [&](char c) { return letter(c) || (colon && c == ':'); };
    if (!first(at(i))) return i;
    while (first(at(i)) || digit(at(i))) ++i;
    return i;
  }
  /// Behind the closing quote, or i.
  std::size_t quoted(std::size_t i, bool zeros) const {
    if (at(i) != '"') return i;
    for (std::size_t k = i + 1; k < page_.size(); ++k) {
      if (page_[k] == '"') return k + 1;
      if (page_[k] == 0 && !zeros) return i;
      if (page_[k] != '\\') continue;
      do ++k;
      while (zeros && k < page_.size() && page_[k] == 0);
      if (k >= page_.size() || page_[k] == '\n' || page_[k] == 0) return i;
    }
    return i;
  }

  Token take(Token token, std::size_t end, State next) {
    text_ = page_.substr(i_, end - i_);
    i_ = end;
    state_ = next;
    return token;
  }

  Token lex() {
    for (bool skipped = false; blank(at(i_)); skipped = true) {
      // The whole rest of a HELP or TYPE line is text, blanks too, unless it is nothing but blanks.
      if (state_ == State::kMetaText && !skipped && at(page_.find_first_not_of(" \t", i_)) != '\n') break;
      ++i_;
      while (state_ == State::kLabelValue && i_ < page_.size() && page_[i_] == 0) ++i_;
    }
    if (i_ >= page_.size()) return Token::kEnd;
    const char c = page_[i_];
    switch (state_) {
      case State::kInit:
        return lex_init(c);
      case State::kMetaName:
        if (const auto end = quoted(i_, false); end != i_) return take(Token::kName, end, State::kMetaText);
        if (const auto end = word(i_, true); end != i_) return take(Token::kName, end, State::kMetaText);
        return Token::kWrong;
      case State::kMetaText:
        return take(Token::kText, page_.find('\n', i_), State::kInit);
      case State::kLabels:
        return lex_labels(c);
      case State::kLabelValue:
        if (const auto end = quoted(i_, true); end != i_) {
          const Token token = take(Token::kValue, end, State::kLabels);
          while (at(i_) == 0 && i_ < page_.size()) ++i_;
          return token;
        }
        return Token::kWrong;
      case State::kNumber: {
        if (c == '{') return take(Token::kOpen, i_ + 1, State::kLabels);
        const auto end = page_.find_first_of(std::string_view("{ \t\n\0", 5), i_);
        return end == i_ ? Token::kWrong : take(Token::kNumber, end, State::kTime);
      }
      case State::kTime:
        if (c == '\n') return take(Token::kNewline, i_ + 1, State::kInit);
        if (digit(c)) return take(Token::kTime, page_.find_first_not_of("0123456789", i_), State::kTime);
        return Token::kWrong;
    }
    return Token::kWrong;
  }

  Token lex_init(char c) {
    if (c == 0) return Token::kEnd;
    if (c == '\n') return take(Token::kNewline, i_ + 1, State::kInit);
    if (c == '{') return take(Token::kOpen, i_ + 1, State::kLabels);
    if (const auto end = word(i_, true); end != i_) return take(Token::kName, end, State::kNumber);
    if (c != '#') return Token::kWrong;
    const auto behind = page_.find_first_not_of(" \t", i_ + 1);
    for (const auto& [keyword, token] : {std::pair("HELP", Token::kHelp), std::pair("TYPE", Token::kType)}) {
      if (behind == i_ + 1 || page_.compare(behind, 4, keyword) != 0 || !blank(at(behind + 4))) continue;
      return take(token, page_.find_first_not_of(" \t", behind + 4), State::kMetaName);
    }
    return take(Token::kComment, page_.find('\n', i_), State::kInit);
  }

  Token lex_labels(char c) {
    if (c == '}') return take(Token::kClose, i_ + 1, State::kNumber);
    if (c == '=') return take(Token::kEqual, i_ + 1, State::kLabelValue);
    if (c == ',') return take(Token::kComma, i_ + 1, State::kLabels);
    if (const auto end = quoted(i_, false); end != i_) return take(Token::kQuoted, end, State::kLabels);
    if (const auto end = word(i_, false); end != i_) return take(Token::kLabel, end, State::kLabels);
    return Token::kWrong;
  }

  static std::string inner(const std::string& quoted) { return quoted.substr(1, quoted.size() - 2); }
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

  bool wrong(NaivePage& out) {
    out.valid = false;
    return false;
  }

  /// One row into `out`; false at the end and on an error.
  bool row(NaivePage& out) {
    NaiveRow row;
    while (blank(at(i_))) ++i_;
    const std::size_t start = i_;
    const Token first = lex();
    switch (first) {
      case Token::kEnd:
        return false;
      case Token::kNewline:
        return true;
      case Token::kComment:
        row.text = text_;
        if (lex() != Token::kNewline) return wrong(out);
        break;
      case Token::kHelp:
      case Token::kType:
        row.kind = first == Token::kHelp ? NaiveRow::kHelp : NaiveRow::kType;
        if (lex() != Token::kName) return wrong(out);
        row.name = text_[0] == '"' ? inner(text_) : text_;
        if (lex() != Token::kText) return wrong(out);
        if (!text_.empty() && text_[0] == 0) return wrong(out);
        row.text = text_.empty() ? "" : text_.substr(1);
        if (first == Token::kHelp && !is_valid_utf8(row.text)) return wrong(out);
        if (first == Token::kType && !set_type(row.text)) return wrong(out);
        if (lex() != Token::kNewline) return wrong(out);
        break;
      case Token::kOpen:
      case Token::kName:
        row.kind = NaiveRow::kSeries;
        if (!series(first, row, start)) return wrong(out);
        break;
      default:
        return wrong(out);
    }
    out.rows.push_back(std::move(row));
    return true;
  }

  bool set_type(const std::string& text) {
    type_ = text;
    return text == "counter" || text == "gauge" || text == "histogram" || text == "summary" || text == "untyped";
  }

  bool series(Token first, NaiveRow& row, std::size_t start) {
    bool named = first == Token::kName;
    if (named) row.labels.emplace_back("__name__", text_);
    std::size_t end = i_;
    Token token = first == Token::kOpen ? first : lex();
    if (token == Token::kOpen) {
      if (!braces(row, named)) return false;
      end = i_;
      token = lex();
    }
    row.text = page_.substr(start, end - start);
    std::sort(row.labels.begin(), row.labels.end());
    return named && token == Token::kNumber && number(row);
  }

  bool braces(NaiveRow& row, bool& named) {
    for (Token token = lex(); token != Token::kClose;) {
      if (token != Token::kLabel && token != Token::kQuoted) return false;
      const bool is_quoted = token == Token::kQuoted;
      const std::string name = is_quoted ? unescape(inner(text_)) : text_;
      token = lex();
      if (is_quoted && (token == Token::kComma || token == Token::kClose)) {
        if (named) return false;
        named = true;
        row.labels.emplace_back("__name__", name);
        if (token == Token::kComma) token = lex();
        continue;
      }
      if (token != Token::kEqual || lex() != Token::kValue || !is_valid_utf8(inner(text_))) return false;
      row.labels.emplace_back(name, normalize(name, unescape(inner(text_))));
      token = lex();
      if (token == Token::kComma) token = lex();
    }
    return true;
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

  bool number(NaiveRow& row) {
    if (text_.find_first_of("pP_") != std::string::npos || !parse_float(text_, row.value)) return false;
    if (std::isinf(row.value) && text_.find_first_of("0123456789") != std::string::npos) return false;
    if (std::isnan(row.value)) row.value = std::bit_cast<double>(model::kNormalNanBits);
    Token token = lex();
    if (token == Token::kTime) {
      Timestamp value = 0;
      for (const char c : text_) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value)) return false;
      }
      row.timestamp = value;
      token = lex();
    }
    return token == Token::kNewline;
  }

  std::string page_, text_, type_;
  std::size_t i_ = 0;
  State state_ = State::kInit;
};

}  // namespace tocsin::test
