// Numbers as Go's untyped constants: one text, every type that it fits.

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "template/go_text.hpp"
#include "template/parser.hpp"

namespace tocsin::tmpl {

namespace {

/// Digits of a base, underscores between digits (or after the prefix) removed; false if one stands elsewhere.
bool strip_underscores(std::string_view text, bool after_prefix, std::string& out) {
  bool may = after_prefix;
  for (const char c : text) {
    if (c == '_') {
      if (!may) return false;
      may = false;
      continue;
    }
    out += c;
    may = true;
  }
  return !text.empty() && text.back() != '_';
}

/// strconv.ParseUint(text, 0, 64).
bool parse_unsigned(std::string_view text, std::uint64_t& value) {
  int base = 10;
  bool prefix = false;
  if (text.size() > 1 && text[0] == '0') {
    const char kind = static_cast<char>(text[1] | 32);
    base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    text.remove_prefix(kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1);
    prefix = true;
  }
  std::string digits;
  if (!strip_underscores(text, prefix, digits)) return false;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return error == std::errc{} && end == digits.data() + digits.size();
}

bool parse_signed(std::string_view text, std::int64_t& value) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::uint64_t magnitude = 0;
  if (text.starts_with('+') || text.starts_with('-') || !parse_unsigned(text, magnitude)) return false;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (magnitude > kMax + (negative ? 1 : 0)) return false;
  value = negative ? static_cast<std::int64_t>(0 - magnitude) : static_cast<std::int64_t>(magnitude);
  return true;
}

bool parse_float_constant(std::string_view text, double& value) {
  std::string clean;
  auto digit = [&](std::size_t i) {
    return i < text.size() && std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      clean += text[i];
    } else if (i == 0 || !(digit(i - 1) || (text[i - 1] | 32) == 'x') || !digit(i + 1)) {
      return false;
    }
  }
  return parse_float(clean, value) && std::isfinite(value);
}

/// The integers that a float with a point or exponent happens to be.
void add_integers(Number& number) {
  const double f = number.float_value;
  if (f == std::trunc(f) && f >= -0x1p63 && f < 0x1p63) {
    number.is_int = true;
    number.int_value = static_cast<std::int64_t>(f);
  }
  if (f == std::trunc(f) && f >= 0 && f < 0x1p64) {
    number.is_uint = true;
    number.uint_value = static_cast<std::uint64_t>(f);
  }
}

Result<Number> parse_char(std::string_view text) {
  TOCSIN_TRY(const std::uint32_t code, unquote_char_constant(text));
  return Number{true, true, true, code, code, static_cast<double>(code)};
}

}  // namespace

Result<Number> parse_number(std::string_view text) {
  if (text.starts_with('\'')) return parse_char(text);
  if (text.ends_with('i')) return fail(Errc::kUnsupported, "complex constants are not supported: {}", text);
  Number number;
  number.is_uint = parse_unsigned(text, number.uint_value);
  if (parse_signed(text, number.int_value)) {
    number.is_int = true;
    if (number.int_value == 0) {
      number.is_uint = true;  // -0
      number.uint_value = 0;
    }
  }
  if (number.is_int || number.is_uint) {
    number.is_float = true;
    number.float_value = number.is_int ? static_cast<double>(number.int_value) : static_cast<double>(number.uint_value);
    return number;
  }
  if (parse_float_constant(text, number.float_value)) {
    if (text.find_first_of(".eEpP") == std::string_view::npos) {
      return fail(Errc::kInvalid, "integer overflow: {}", go_quote(text));
    }
    number.is_float = true;
    add_integers(number);
    return number;
  }
  return fail(Errc::kInvalid, "illegal number syntax: {}", go_quote(text));
}

}  // namespace tocsin::tmpl
