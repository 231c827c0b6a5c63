#include "config/utf8_text.hpp"

#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::config {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

/// Reads exactly `count` digits of `base` at `at`; false if there are fewer.
bool read_digits(std::string_view text, std::size_t& at, int count, int base, std::uint32_t& out) {
  out = 0;
  for (int i = 0; i < count; ++i, ++at) {
    if (at >= text.size()) return false;
    const int value = digit_value(text[at]);
    if (value >= base) return false;
    out = out * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(value);
  }
  return true;
}

/// One escape; `at` stands behind the backslash. False if Go does not know it within double quotes.
bool unescape(std::string_view text, std::size_t& at, std::string& out) {
  if (at >= text.size()) return false;
  constexpr std::string_view kNames = "abfnrtv\\\"";
  constexpr std::string_view kBytes = "\a\b\f\n\r\t\v\\\"";
  const char c = text[at];
  if (const std::size_t i = kNames.find(c); i != std::string_view::npos) {
    out += kBytes[i];
    ++at;
    return true;
  }
  std::uint32_t code = 0;
  if (c >= '0' && c <= '7') {
    if (!read_digits(text, at, 3, 8, code) || code > 255) return false;
    out += static_cast<char>(code);
    return true;
  }
  ++at;
  if (c == 'x') {
    if (!read_digits(text, at, 2, 16, code)) return false;
    out += static_cast<char>(code);
    return true;
  }
  if (c != 'u' && c != 'U') return false;
  if (!read_digits(text, at, c == 'u' ? 4 : 8, 16, code)) return false;
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  append_utf8(out, code);
  return true;
}

}  // namespace

bool is_unicode_space(std::uint32_t code) {
  if (code == ' ' || (code >= '\t' && code <= '\r')) return true;
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_matcher_reserved(std::uint32_t code) {
  constexpr std::string_view kReserved = "{}!=~,\\\"'`";
  return is_unicode_space(code) || (code < 0x80 && kReserved.find(static_cast<char>(code)) != std::string_view::npos);
}

Result<std::string> unquote_go(std::string_view quoted) {
  const auto invalid = [] { return fail(Errc::kInvalid, "invalid syntax"); };
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') return invalid();
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n' || text[at] == '"') return invalid();
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    ++at;
    if (!unescape(text, at, out)) return invalid();
  }
  if (!is_valid_utf8(out)) return fail(Errc::kInvalid, "quoted string contains invalid UTF-8");
  return out;
}

}  // namespace tocsin::config
