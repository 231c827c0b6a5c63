#include "base/utf8.hpp"

#include <algorithm>

#include <locale.h>
#include <wctype.h>

#include "base/unicode_tables.hpp"

namespace tocsin {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}
std::uint32_t low6(char c) {
  return static_cast<unsigned char>(c) & 0x3fU;
}

template <typename Ranges>
bool is_in(const Ranges& ranges, std::uint32_t code) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), code,
                                      [](std::uint32_t c, const CodeRange& range) { return c < range.first; });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

/// glibc's own tables; the locale is a part of libc and needs nothing installed.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

template <typename Map>
std::string map_code_points(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    append_utf8(out, map(rune.code));
    text.remove_prefix(rune.size);
  }
  return out;
}

}  // namespace

Rune decode_utf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1, true};
  if (lead >= 0xc2 && lead < 0xe0 && text.size() >= 2 && is_continuation(text[1])) {
    return {((lead & 0x1fU) << 6U) | low6(text[1]), 2, true};
  }
  if (lead >= 0xe0 && lead < 0xf0 && text.size() >= 3 && is_continuation(text[1]) && is_continuation(text[2])) {
    const std::uint32_t code = ((lead & 0x0fU) << 12U) | (low6(text[1]) << 6U) | low6(text[2]);
    if (code >= 0x800 && (code < 0xd800 || code > 0xdfff)) return {code, 3, true};
  }
  if (lead >= 0xf0 && lead < 0xf5 && text.size() >= 4 && is_continuation(text[1]) && is_continuation(text[2]) &&
      is_continuation(text[3])) {
    const std::uint32_t code = ((lead & 0x07U) << 18U) | (low6(text[1]) << 12U) | (low6(text[2]) << 6U) | low6(text[3]);
    if (code >= 0x10000 && code <= 0x10ffff) return {code, 4, true};
  }
  return {};
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) code = 0xfffd;
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0U | (code >> 6U));
    put(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    put(0xe0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3fU));
    put(0x80U | (code & 0x3fU));
  } else {
    put(0xf0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3fU));
    put(0x80U | ((code >> 6U) & 0x3fU));
    put(0x80U | (code & 0x3fU));
  }
}

bool is_printable(std::uint32_t code) {
  return code < 0x7f ? code >= 0x20 : is_in(kPrintable, code);
}

std::string utf8_to_lower(std::string_view text) {
  return map_code_points(text, [](std::uint32_t code) -> std::uint32_t {
    if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
    return unicode_locale() == nullptr ? code : towlower_l(static_cast<wint_t>(code), unicode_locale());
  });
}

std::string utf8_to_upper(std::string_view text) {
  return map_code_points(text, [](std::uint32_t code) -> std::uint32_t {
    if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
    return unicode_locale() == nullptr ? code : towupper_l(static_cast<wint_t>(code), unicode_locale());
  });
}

bool is_letter_or_digit(std::uint32_t code) {
  if (code >= 0x80) return is_in(kLettersAndDigits, code);
  return (code >= '0' && code <= '9') || ((code | 0x20U) >= 'a' && (code | 0x20U) <= 'z');
}

}  // namespace tocsin
