// Scripts: literals, comments, and whether a slash divides or begins a regular expression.

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "template/go_text.hpp"
#include "template/html_context.hpp"

namespace tocsin::tmpl::html {

namespace {

constexpr auto kEnd = std::string_view::npos;
constexpr std::string_view kLineSeparators[] = {"\xe2\x80\xa8", "\xe2\x80\xa9"};  // U+2028, U+2029

bool is_ident_part(char c) {
  return c == '$' || c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::string_view trim_js_space(std::string_view s) {
  for (;;) {
    const std::size_t last = s.find_last_not_of("\t\n\f\r ");
    s = s.substr(0, last == kEnd ? 0 : last + 1);
    const auto* separator =
        std::ranges::find_if(kLineSeparators, [&](std::string_view one) { return s.ends_with(one); });
    if (separator == std::end(kLineSeparators)) return s;
    s.remove_suffix(separator->size());
  }
}

bool precedes_regexp(std::string_view word) {
  constexpr std::string_view kWords[] = {"break", "case",       "continue", "delete", "do",  "else",   "finally",
                                         "in",    "instanceof", "return",   "throw",  "try", "typeof", "void"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

/// What a slash behind the tokens is. Errs where only a parser could tell, as Go does.
JsSlash slash_behind(std::string_view s, JsSlash before) {
  s = trim_js_space(s);
  if (s.empty()) return before;
  const char last = s.back();
  const std::size_t n = s.size();
  if (last == '+' || last == '-') {
    const std::size_t other = s.find_last_not_of(last);
    const std::size_t run = other == kEnd ? n : n - 1 - other;
    return run % 2 == 1 ? JsSlash::kRegexp : JsSlash::kDivision;  // x++ is a value
  }
  if (last == '.') return n != 1 && s[n - 2] >= '0' && s[n - 2] <= '9' ? JsSlash::kDivision : JsSlash::kRegexp;
  if (std::string_view(",<>=*%&|^?!~([:;{}").find(last) != kEnd) return JsSlash::kRegexp;
  std::size_t word = n;
  while (word > 0 && is_ident_part(s[word - 1])) --word;
  return precedes_regexp(s.substr(word)) ? JsSlash::kRegexp : JsSlash::kDivision;
}

Context partial_escape(std::string_view s) {
  return error_context("unfinished escape sequence in JS string: " + go_quote(s));
}

/// A slash: a comment, a division or a regular expression; `i` moves to the last byte that it takes.
void slash(Context& c, std::string_view s, std::size_t& i) {
  const char next = i + 1 < s.size() ? s[i + 1] : '\0';
  if (next == '/' || next == '*') {
    c.state = next == '/' ? State::kJsLineComment : State::kJsBlockComment;
    ++i;
  } else if (c.js_slash == JsSlash::kRegexp) {
    c.state = State::kJsRegexp;
  } else if (c.js_slash == JsSlash::kDivision) {
    c.js_slash = JsSlash::kRegexp;
  } else {
    c = error_context("'/' could start a division or regexp: " + go_quote(first_runes(s.substr(i), 32)));
    i = s.size() - 1;
  }
}

/// Behind the `}` of `${...}` the template literal goes on.
void closing_brace(Context& c) {
  if (c.js_braces.empty() || --c.js_braces.back() >= 0) return;
  c.js_braces.pop_back();
  c.state = State::kJsTemplateLiteral;
}

}  // namespace

Step after_js(Context c, std::string_view s) {
  std::size_t i = s.find_first_of("\"`'/{}<-#");
  c.js_slash = slash_behind(s.substr(0, i), c.js_slash);
  if (i == kEnd) return {std::move(c), s.size()};
  const auto literal = [&](State state) {
    c.state = state;
    c.js_slash = JsSlash::kRegexp;
  };
  switch (s[i]) {
    case '"':
      literal(State::kJsDoubleQuoted);
      break;
    case '\'':
      literal(State::kJsSingleQuoted);
      break;
    case '`':
      literal(State::kJsTemplateLiteral);
      break;
    case '/':
      slash(c, s, i);
      break;
    case '<':
      if (s.substr(i, 4) == "<!--") {
        c.state = State::kJsHtmlOpenComment;
        i += 3;
      }
      break;
    case '-':
      if (s.substr(i, 3) == "-->") {
        c.state = State::kJsHtmlCloseComment;
        i += 2;
      }
      break;
    case '#':
      if (s.substr(i, 2) == "#!") {
        c.state = State::kJsLineComment;
        ++i;
      }
      break;
    case '{':
      if (!c.js_braces.empty()) ++c.js_braces.back();
      break;
    default:
      closing_brace(c);
      break;
  }
  return {std::move(c), i + 1};
}

Step after_js_template(Context c, std::string_view s) {
  for (std::size_t k = 0;;) {
    std::size_t i = s.find_first_of("`\\$", k);
    if (i == kEnd) return {std::move(c), s.size()};
    if (s[i] == '\\') {
      if (++i == s.size()) return {partial_escape(s), s.size()};
    } else if (s[i] == '`') {
      c.state = State::kJs;
      return {std::move(c), i + 1};
    } else if (s.substr(i, 2) == "${") {
      c.js_braces.push_back(0);
      c.state = State::kJs;
      return {std::move(c), i + 2};
    }
    k = i + 1;
  }
}

Step after_js_delimited(Context c, std::string_view s) {
  const std::string_view specials = c.state == State::kJsDoubleQuoted   ? "\\\""
                                    : c.state == State::kJsSingleQuoted ? "\\'"
                                                                        : "\\/[]";
  bool in_charset = false;
  for (std::size_t k = 0;;) {
    std::size_t i = s.find_first_of(specials, k);
    if (i == kEnd) break;
    const char special = s[i];
    if (special == '\\') {
      if (++i == s.size()) return {partial_escape(s), s.size()};
    } else if (special == '[') {
      in_charset = true;
    } else if (special == ']') {
      in_charset = false;
    } else if (special == '/' && i > 0 && to_lower(s.substr(i - 1, 8)) == "</script") {
      ++i;  // is escaped; it does not end the expression
    } else if (!in_charset) {
      c.state = State::kJs;
      c.js_slash = JsSlash::kDivision;
      return {std::move(c), i + 1};
    }
    k = i + 1;
  }
  // The rest of a character class may not come from a value.
  if (in_charset) return {error_context("unfinished JS regexp charset: " + go_quote(s)), s.size()};
  return {std::move(c), s.size()};
}

Step after_block_comment(Context c, std::string_view s) {
  const std::size_t i = s.find("*/");
  if (i == kEnd) return {std::move(c), s.size()};
  c.state = c.state == State::kJsBlockComment ? State::kJs : State::kCss;
  return {std::move(c), i + 2};
}

/// The end of the line is not part of the comment.
Step after_line_comment(Context c, std::string_view s) {
  const bool css = c.state == State::kCssLineComment;
  std::size_t i = s.find_first_of(css ? "\n\f\r" : "\n\r");
  if (!css) {
    for (const std::string_view separator : kLineSeparators) i = std::min(i, s.find(separator));
  }
  if (i == kEnd) return {std::move(c), s.size()};
  c.state = css ? State::kCss : State::kJs;
  return {std::move(c), i};
}

}  // namespace tocsin::tmpl::html
