#include "base/json_string.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/json_scan.hpp"
#include "base/utf8.hpp"

namespace tocsin {
namespace {

constexpr std::size_t kLongestEscape = 6;  // \u0001
constexpr std::size_t kChunk = 256;        // what room for escapes is made for at a time

char* write_ascii(char* at, unsigned char c, JsonStyle style) {
  static constexpr std::string_view kLetters = "\"\\\n\r\t\b\f", kEscapes = "\"\\nrtbf", kHex = "0123456789abcdef";
  const std::size_t place = kLetters.find(static_cast<char>(c));
  const bool by_number = place == std::string_view::npos || (place >= 5 && style != JsonStyle::kGo);
  *at++ = '\\';
  if (!by_number) {
    *at++ = kEscapes[place];
    return at;
  }
  at = std::ranges::copy(std::string_view("u00"), at).out;
  *at++ = kHex[c >> 4U];
  *at++ = kHex[c & 0xfU];
  return at;
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

/// ASCII from `at` on, where escapes are, a chunk at most. @return where it ends.
template <JsonPlain kind>
const char* append_ascii(std::string& out, const char* at, const char* end, JsonStyle style) {
  end = at + std::min(static_cast<std::size_t>(end - at), kChunk);
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + static_cast<std::size_t>(end - at) * kLongestEscape, [&](char* bytes, std::size_t) {
    char* to = bytes + before;
    while (at != end) {
      const char* const next = json_plain_end<kind>(at, end);
      to = std::copy(at, next, to);
      at = next;
      if (at == end || static_cast<unsigned char>(*at) >= 0x80) break;
      to = write_ascii(to, static_cast<unsigned char>(*at++), style);
    }
    return static_cast<std::size_t>(to - bytes);
  });
  return at;
}

template <JsonPlain kind>
void append(std::string& out, std::string_view text, JsonStyle style) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out += '"';
  while (true) {
    const char* const next = json_plain_end<kind>(at, end);
    out.append(at, static_cast<std::size_t>(next - at));
    at = next;
    if (at == end) break;
    if (static_cast<unsigned char>(*at) < 0x80) {
      at = append_ascii<kind>(out, at, end, style);
    } else {
      at += append_rune(out, {at, end}, kind == JsonPlain::kHtml);
    }
  }
  out += '"';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text, JsonStyle style) {
  if (style == JsonStyle::kPlain) {
    append<JsonPlain::kAll>(out, text, style);
  } else {
    append<JsonPlain::kHtml>(out, text, style);
  }
}

}  // namespace tocsin
