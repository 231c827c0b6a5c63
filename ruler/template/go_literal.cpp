// Go's literals: quoted strings and runes.

#include <fmt/format.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "template/go_text.hpp"

namespace tocsin::tmpl {

namespace {

std::unexpected<Error> invalid_syntax() {
  return fail(Errc::kInvalid, "invalid syntax");
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Unescaped {
  std::uint32_t code = 0;
  bool is_byte = false;  // \x41 and \101 are bytes of the string, not code points
};

/// Reads the digits of \x, \u, \U.
Result<std::uint32_t> read_hex(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return invalid_syntax();
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return invalid_syntax();
    value = value << 4U | static_cast<std::uint32_t>(digit);
  }
  text.remove_prefix(digits);
  return value;
}

Result<Unescaped> read_octal(std::string_view& text, char first) {
  if (text.size() < 2) return invalid_syntax();
  std::uint32_t value = static_cast<std::uint32_t>(first - '0');
  for (std::size_t i = 0; i < 2; ++i) {
    if (text[i] < '0' || text[i] > '7') return invalid_syntax();
    value = value << 3U | static_cast<std::uint32_t>(text[i] - '0');
  }
  if (value > 255) return invalid_syntax();
  text.remove_prefix(2);
  return Unescaped{value, true};
}

/// Reads one escape; the backslash is gone. `quote_char` may be escaped, the other quote may not.
Result<Unescaped> read_escape(std::string_view& text, char quote_char) {
  if (text.empty()) return invalid_syntax();
  const char c = text.front();
  text.remove_prefix(1);
  switch (c) {
    case 'a':
      return Unescaped{'\a', false};
    case 'b':
      return Unescaped{'\b', false};
    case 'f':
      return Unescaped{'\f', false};
    case 'n':
      return Unescaped{'\n', false};
    case 'r':
      return Unescaped{'\r', false};
    case 't':
      return Unescaped{'\t', false};
    case 'v':
      return Unescaped{'\v', false};
    case '\\':
      return Unescaped{'\\', false};
    case 'x': {
      TOCSIN_TRY(const std::uint32_t value, read_hex(text, 2));
      return Unescaped{value, true};
    }
    case 'u':
    case 'U': {
      TOCSIN_TRY(const std::uint32_t value, read_hex(text, c == 'u' ? 4 : 8));
      if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return invalid_syntax();
      return Unescaped{value, false};
    }
    default:
      if (c >= '0' && c <= '7') return read_octal(text, c);
      if (c == quote_char) return Unescaped{static_cast<unsigned char>(c), false};
      return invalid_syntax();
  }
}

void append_escaped(std::string& out, std::uint32_t code, bool ascii, char quote_char) {
  switch (code) {
    case '\a':
      out += "\\a";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\v':
      out += "\\v";
      return;
    default:
      break;
  }
  if (code == static_cast<unsigned char>(quote_char) || code == '\\') {
    out += '\\';
    out += static_cast<char>(code);
  } else if (code < 0x80 ? is_printable(code) : !ascii && is_printable(code)) {
    append_utf8(out, code);
  } else if (code < ' ' || code == 0x7f) {
    out += fmt::format("\\x{:02x}", code);
  } else {
    out += code < 0x10000 ? fmt::format("\\u{:04x}", code) : fmt::format("\\U{:08x}", code);
  }
}

}  // namespace

Result<std::string> unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back()) return invalid_syntax();
  const char quote_char = text.front();
  std::string_view inner = text.substr(1, text.size() - 2);
  std::string out;
  if (quote_char == '`') {
    for (const char c : inner) {
      if (c != '\r') out += c;
    }
    return out;
  }
  if (quote_char != '"') return invalid_syntax();
  while (!inner.empty()) {
    const char c = inner.front();
    if (c == quote_char || c == '\n') return invalid_syntax();
    if (c != '\\') {
      const Rune rune = decode_utf8(inner);
      append_utf8(out, rune.code);  // what is not UTF-8 becomes U+FFFD, as in Go
      inner.remove_prefix(rune.size);
      continue;
    }
    inner.remove_prefix(1);
    TOCSIN_TRY(const Unescaped escape, read_escape(inner, quote_char));
    if (escape.is_byte) {
      out += static_cast<char>(escape.code);
    } else {
      append_utf8(out, escape.code);
    }
  }
  return out;
}

Result<std::uint32_t> unquote_char_constant(std::string_view text) {
  std::string_view inner = text.substr(1);
  if (inner.empty() || inner.front() == '\'') return invalid_syntax();
  std::uint32_t code = 0;
  if (inner.front() == '\\') {
    inner.remove_prefix(1);
    TOCSIN_TRY(const Unescaped escape, read_escape(inner, '\''));
    code = escape.code;
  } else {
    const Rune rune = decode_utf8(inner);
    code = rune.code;
    inner.remove_prefix(rune.size);
  }
  if (inner != "'") return fail(Errc::kInvalid, "malformed character constant: {}", text);
  return code;
}

std::string quote_ascii(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    if (rune.valid) {
      append_escaped(out, rune.code, true, '"');
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(rune.size);
  }
  return out + '"';
}

std::string quote_rune(std::uint32_t code, bool ascii) {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
  std::string out = "'";
  append_escaped(out, code, ascii, '\'');
  return out + '\'';
}

bool can_backquote(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    text.remove_prefix(rune.size);
    if (!rune.valid || rune.code == 0xfeff) return false;
    if (rune.size == 1 && ((rune.code < ' ' && rune.code != '\t') || rune.code == '`' || rune.code == 0x7f)) {
      return false;
    }
  }
  return true;
}

}  // namespace tocsin::tmpl
