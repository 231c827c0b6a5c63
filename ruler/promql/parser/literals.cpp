#include "promql/parser/literals.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"

namespace tocsin::promql::parser {
namespace {

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Takes the underscores out; nothing if one does not stand between digits (or between a base prefix and a digit).
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const bool between = i > 0 && is_alnum(text[i - 1]) && i + 1 < text.size() && is_alnum(text[i + 1]);
    if (!between) return std::nullopt;
  }
  return out;
}

/// As strconv.ParseInt(text, 0, 64) of an unsigned text.
std::optional<std::int64_t> parse_integer(std::string_view digits) {
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
    digits.remove_prefix(1);
  }
  std::int64_t value = 0;
  if (digits.empty() || digits[0] == '-') return std::nullopt;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::unexpected<Error> number_error(std::string_view text, std::string_view why) {
  return fail(Errc::kInvalid, "error parsing number: strconv.ParseFloat: parsing {}: {}", go_quote(text), why);
}

std::uint32_t hex_value(char c) {
  if (c <= '9') return static_cast<std::uint32_t>(c - '0');
  return static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
}

/// Decodes the escape behind a backslash at `i`, which moves behind it.
void append_escape(std::string& out, std::string_view body, std::size_t& i) {
  const char c = body[i++];
  const auto number = [&](std::size_t count, std::uint32_t base) {
    std::uint32_t value = 0;
    for (std::size_t end = i + count; i < end; ++i) value = value * base + hex_value(body[i]);
    return value;
  };
  switch (c) {
    case 'a':
      out += '\a';
      return;
    case 'b':
      out += '\b';
      return;
    case 'f':
      out += '\f';
      return;
    case 'n':
      out += '\n';
      return;
    case 'r':
      out += '\r';
      return;
    case 't':
      out += '\t';
      return;
    case 'v':
      out += '\v';
      return;
    case 'x':
      out += static_cast<char>(number(2, 16));
      return;
    case 'u':
      append_utf8(out, number(4, 16));
      return;
    case 'U':
      append_utf8(out, number(8, 16));
      return;
    default:
      break;
  }
  if (c >= '0' && c <= '7') {
    --i;
    out += static_cast<char>(number(3, 8));
    return;
  }
  out += c;  // the backslash itself, or the quote
}

}  // namespace

Result<double> parse_number(std::string_view text) {
  const auto digits = without_underscores(text);
  if (!digits) return number_error(text, "invalid syntax");
  if (const auto integer = parse_integer(*digits)) return static_cast<double>(*integer);
  const bool hexadecimal = digits->size() > 1 && ((*digits)[1] == 'x' || (*digits)[1] == 'X');
  double value = 0;
  // A hexadecimal text is an integer here (the lexer takes no `p`), so what does not fit has no valid form.
  if (hexadecimal || !parse_float(*digits, value)) return number_error(text, "invalid syntax");
  const char first = digits->front();
  const bool written_infinite = first == 'i' || first == 'I';
  if (std::isinf(value) && !written_infinite) return number_error(text, "value out of range");
  return value;
}

std::string unquote(std::string_view literal) {
  const char quote = literal.front();
  const std::string_view body = literal.substr(1, literal.size() - 2);
  if (quote == '`' || body.find('\\') == std::string_view::npos) return std::string(body);
  std::string out;
  out.reserve(body.size());
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] == '\\') {
      append_escape(out, body, ++i);
    } else {
      out += body[i++];
    }
  }
  return out;
}

}  // namespace tocsin::promql::parser
