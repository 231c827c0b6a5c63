// Styles: strings, URLs, comments.

#include <algorithm>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "template/go_text.hpp"
#include "template/html_context.hpp"

namespace tocsin::tmpl::html {

namespace {

constexpr auto kEnd = std::string_view::npos;
constexpr std::string_view kSpace = "\t\n\f\r ";

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::uint32_t hex_value(char c) {
  return static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

bool is_name_char(std::uint32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         (c >= 0x80 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/// The text ends with the keyword, and not with a longer name.
bool ends_with_keyword(std::string_view text, std::string_view keyword) {
  if (text.size() < keyword.size()) return false;
  std::string_view before = text.substr(0, text.size() - keyword.size());
  if (!before.empty()) {
    std::size_t start = before.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(before[start]) & 0xc0U) == 0x80U) --start;
    if (is_name_char(decode_utf8(before.substr(start)).code)) return false;
  }
  return to_lower(text.substr(before.size())) == keyword;
}

/// Behind `(` at i: the beginning of a url(...), or nothing special.
bool begins_url(std::string_view s, std::size_t i) {
  const std::size_t last = s.substr(0, i).find_last_not_of(kSpace);
  return last != kEnd && ends_with_keyword(s.substr(0, last + 1), "url");
}

Step url_argument(Context c, std::string_view s, std::size_t i) {
  const std::size_t j = std::min(s.find_first_not_of(kSpace, i), s.size());
  const char quote = j < s.size() ? s[j] : '\0';
  c.state = quote == '"' ? State::kCssDoubleQuotedUrl : quote == '\'' ? State::kCssSingleQuotedUrl : State::kCssUrl;
  return {std::move(c), c.state == State::kCssUrl ? j : j + 1};
}

}  // namespace

bool is_css_space(char c) {
  return kSpace.find(c) != kEnd;
}

std::string decode_css(std::string_view s) {
  std::string out;
  while (!s.empty()) {
    const std::size_t i = std::min(s.find('\\'), s.size());
    out += s.substr(0, i);
    s.remove_prefix(i);
    if (s.size() < 2) break;
    if (is_hex(s[1])) {
      std::size_t j = 2;
      while (j < s.size() && j < 7 && is_hex(s[j])) ++j;
      std::uint32_t code = 0;
      for (const char digit : s.substr(1, j - 1)) code = code * 16 + hex_value(digit);
      if (code > 0x10ffff) {  // the last digit belongs to the text
        code /= 16;
        --j;
      }
      append_utf8(out, code);
      s.remove_prefix(j);
      // One white space ends the number.
      if (s.starts_with("\r\n")) {
        s.remove_prefix(2);
      } else if (!s.empty() && is_css_space(s[0])) {
        s.remove_prefix(1);
      }
    } else {
      const std::size_t length = decode_utf8(s.substr(1)).size;
      out += s.substr(1, length);
      s.remove_prefix(1 + length);
    }
  }
  return out;
}

Step after_css(Context c, std::string_view s) {
  for (std::size_t k = 0;;) {
    const std::size_t i = s.find_first_of("(\"'/", k);
    if (i == kEnd) return {std::move(c), s.size()};
    const auto to = [&](State state, std::size_t read) {
      c.state = state;
      return Step{std::move(c), read};
    };
    if (s[i] == '"') return to(State::kCssDoubleQuoted, i + 1);
    if (s[i] == '\'') return to(State::kCssSingleQuoted, i + 1);
    if (s[i] == '(' && begins_url(s, i)) return url_argument(std::move(c), s, i + 1);
    if (s.substr(i, 2) == "//") return to(State::kCssLineComment, i + 2);
    if (s.substr(i, 2) == "/*") return to(State::kCssBlockComment, i + 2);
    k = i + 1;
  }
}

Step after_css_string(Context c, std::string_view s) {
  std::string_view ends = "\\\t\n\f\r )";
  if (c.state == State::kCssDoubleQuoted || c.state == State::kCssDoubleQuotedUrl) ends = "\\\"";
  if (c.state == State::kCssSingleQuoted || c.state == State::kCssSingleQuotedUrl) ends = "\\'";
  for (std::size_t k = 0;;) {
    std::size_t i = s.find_first_of(ends, k);
    if (i == kEnd) return {after_url(std::move(c), decode_css(s.substr(k))).context, s.size()};
    if (s[i] != '\\') {
      c.state = State::kCss;
      return {std::move(c), i + 1};
    }
    if (++i == s.size()) {
      return {error_context("unfinished escape sequence in CSS string: " + go_quote(s)), s.size()};
    }
    c = after_url(std::move(c), decode_css(s.substr(0, i + 1))).context;
    k = i + 1;
  }
}

}  // namespace tocsin::tmpl::html
