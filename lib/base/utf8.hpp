#pragma once
// UTF-8, one code point at a time.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

/// The code point a text begins with. A byte that begins none is one invalid rune of size 1 and code U+FFFD, as in Go.
struct Rune {
  std::uint32_t code = 0xfffd;
  std::uint8_t size = 1;
  bool valid = false;
};

/// `text` must not be empty. Overlong forms, surrogates and codes beyond U+10FFFF are invalid.
Rune decode_utf8(std::string_view text);
/// Appends the code point; U+FFFD for what is none.
void append_utf8(std::string& out, std::uint32_t code);
/// Go's strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space (Unicode 17).
bool is_printable(std::uint32_t code);
/// Go's unicode.IsLetter or unicode.IsDigit.
bool is_letter_or_digit(std::uint32_t code);
/// Go's strings.ToLower and ToUpper: each code point by its simple mapping; invalid bytes become U+FFFD.
std::string utf8_to_lower(std::string_view text);
std::string utf8_to_upper(std::string_view text);

}  // namespace tocsin
