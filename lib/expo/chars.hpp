#pragma once
// Classes of bytes in the text formats.

#include <array>
#include <cstdint>

namespace tocsin::expo {

enum CharClass : std::uint8_t {
  kLabelStart = 1,   // [a-zA-Z_]
  kMetricStart = 2,  // [a-zA-Z_:]
  kLabelChar = 4,    // [a-zA-Z0-9_]
  kMetricChar = 8,   // [a-zA-Z0-9_:]
  kValueEnd = 16,    // blank, newline, brace, zero byte
  kDigit = 32,
};

inline constexpr std::array<std::uint8_t, 256> kCharClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    unsigned bits = 0;
    if (letter) bits |= kLabelStart;
    if (letter || c == ':') bits |= kMetricStart;
    if (letter || digit) bits |= kLabelChar;
    if (letter || digit || c == ':') bits |= kMetricChar;
    if (c == ' ' || c == '\t' || c == '\n' || c == '{' || c == 0) bits |= kValueEnd;
    if (digit) bits |= kDigit;
    classes[c] = static_cast<std::uint8_t>(bits);
  }
  return classes;
}();

inline bool is_in(char c, unsigned classes) {
  return (kCharClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

inline const char* skip_blanks(const char* at) {
  while (*at == ' ' || *at == '\t') ++at;
  return at;
}

}  // namespace tocsin::expo
