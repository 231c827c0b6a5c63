#include "base/json_string.hpp"

#include <array>
#include <iterator>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace tocsin {
namespace {

/// Bytes that stand in a string as they are: of all styles, and of those that escape for HTML.
struct PlainBytes {
  std::array<bool, 256> all{}, html{};
  constexpr PlainBytes() {
    for (std::size_t c = 0x20; c < 0x80; ++c) {
      all[c] = c != '"' && c != '\\';
      html[c] = all[c] && c != '<' && c != '>' && c != '&';
    }
  }
};
constexpr PlainBytes kPlainBytes;

void append_ascii(std::string& out, unsigned char c, JsonStyle style) {
  static constexpr std::string_view kLetters = "\"\\\n\r\t\b\f", kEscapes = "\"\\nrtbf";
  const std::size_t place = kLetters.find(static_cast<char>(c));
  const bool by_number = place == std::string_view::npos || (place >= 5 && style != JsonStyle::kGo);
  if (by_number) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    (out += '\\') += kEscapes[place];
  }
}

/// The rune at the start of `text`, which is not ASCII. @return its bytes.
std::size_t append_rune(std::string& out, std::string_view text, bool html) {
  const Rune rune = decode_utf8(text);
  if (html && (!rune.valid || rune.code == 0x2028 || rune.code == 0x2029)) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", rune.code);
  } else {
    append_utf8(out, rune.code);
  }
  return rune.size;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text, JsonStyle style) {
  const bool html = style != JsonStyle::kPlain;
  const std::array<bool, 256>& is_plain = html ? kPlainBytes.html : kPlainBytes.all;
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::size_t plain = at;
    while (plain < text.size() && is_plain[static_cast<unsigned char>(text[plain])]) ++plain;
    out.append(text, at, plain - at);
    at = plain;
    if (at == text.size()) break;
    if (const auto c = static_cast<unsigned char>(text[at]); c < 0x80) {
      append_ascii(out, c, style);
      ++at;
    } else {
      at += append_rune(out, text.substr(at), html);
    }
  }
  out += '"';
}

}  // namespace tocsin
