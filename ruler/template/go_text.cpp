#include "template/go_text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <locale.h>
#include <wctype.h>

#include "base/html.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::tmpl {

namespace {

/// The C library's Unicode tables, without touching the process's locale.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

template <typename Map>
std::string map_runes(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    append_utf8(out, map(rune.code));
    text.remove_prefix(rune.size);
  }
  return out;
}

std::uint32_t upper(std::uint32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
  return unicode_locale() ? towupper_l(code, unicode_locale()) : code;
}

std::uint32_t lower(std::uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  return unicode_locale() ? towlower_l(code, unicode_locale()) : code;
}

/// Joins a word only when it stands between two letters (Unicode's MidLetter and MidNumLet).
bool is_mid_letter(std::uint32_t code) {
  return code == '\'' || code == '.' || code == ':' || code == 0xb7 || code == 0x2019 || code == 0x2018 ||
         code == 0x2024 || code == 0x2027;
}

bool is_word_rune(std::uint32_t code) {
  return code == '_' || is_letter(code) || is_digit(code);
}

}  // namespace

bool is_letter(std::uint32_t code) {
  if (code < 0x80) return (code | 32U) >= 'a' && (code | 32U) <= 'z';
  return unicode_locale() && iswalpha_l(code, unicode_locale()) != 0;
}

bool is_digit(std::uint32_t code) {
  return code >= '0' && code <= '9';
}

std::string to_upper_text(std::string_view text) {
  return map_runes(text, upper);
}
std::string to_lower_text(std::string_view text) {
  return map_runes(text, lower);
}

std::string title_text(std::string_view text, bool keep_rest) {
  std::string out;
  bool titled = false;        // this word has its capital
  bool after_letter = false;  // the rune before is a letter or digit
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    text.remove_prefix(rune.size);
    std::uint32_t code = rune.code;
    if (is_word_rune(code)) {
      if (!titled && lower(code) != upper(code)) {
        code = upper(code);
        titled = true;
      } else if (titled && !keep_rest) {
        code = lower(code);
      }
      after_letter = true;
    } else {
      const bool joins = is_mid_letter(code) && after_letter && !text.empty() && is_letter(decode_utf8(text).code);
      if (!joins) titled = false;
      after_letter = false;
    }
    append_utf8(out, code);
  }
  return out;
}

namespace {
bool is_white_space(std::uint32_t code) {
  return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xa0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
         code == 0x3000;
}
}  // namespace

std::string_view trim_unicode(std::string_view text) {
  std::size_t begin = 0, end = 0;  // of what is not white space
  bool found = false;
  for (std::size_t i = 0; i < text.size();) {
    const Rune rune = decode_utf8(text.substr(i));
    if (!is_white_space(rune.code)) {
      if (!found) begin = i;
      found = true;
      end = i + rune.size;
    }
    i += rune.size;
  }
  return text.substr(begin, end - begin);
}

std::size_t rune_count(std::string_view text) {
  std::size_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(decode_utf8(text).size);
  return n;
}

std::string_view first_runes(std::string_view text, std::size_t n) {
  std::size_t bytes = 0;
  for (; n > 0 && bytes < text.size(); --n) bytes += decode_utf8(text.substr(bytes)).size;
  return text.substr(0, bytes);
}

std::string truncate_runes(std::string_view text, std::size_t n, bool* truncated) {
  const bool cut = text.size() > n && rune_count(text) > n;
  if (truncated) *truncated = cut;
  if (!cut) return std::string(text);
  if (n <= 3) return std::string(first_runes(text, n));
  return std::string(first_runes(text, n - 1)) + "…";
}

std::string truncate_bytes(std::string_view text, std::size_t n) {
  if (text.size() <= n) return std::string(text);
  std::size_t end = n - 3;  // the mark takes three
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\0') {
      out += "\xef\xbf\xbd";
    } else {
      append_html(out, c);
    }
  }
  return out;
}

std::string js_escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    const std::string_view bytes = text.substr(0, rune.size);
    text.remove_prefix(rune.size);
    switch (rune.code) {
      case '\\':
        out += "\\\\";
        continue;
      case '\'':
        out += "\\'";
        continue;
      case '"':
        out += "\\\"";
        continue;
      case '<':
        out += "\\u003C";
        continue;
      case '>':
        out += "\\u003E";
        continue;
      case '&':
        out += "\\u0026";
        continue;
      case '=':
        out += "\\u003D";
        continue;
      default:
        break;
    }
    if (rune.code < ' ') {
      out += fmt::format("\\u{:04X}", rune.code);
    } else if (rune.code < 0x80 || is_printable(rune.code)) {
      out += bytes;
    } else {
      out += fmt::format("\\u{:04X}", rune.code);
    }
  }
  return out;
}

Result<std::string> query_unescape(std::string_view text) {
  auto hex = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const int l = c | 32;
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) {
        return fail(Errc::kInvalid, "invalid URL escape {}", go_quote(text.substr(i, 3)));
      }
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    }
  }
  return out;
}

}  // namespace tocsin::tmpl
