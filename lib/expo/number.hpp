#pragma once
// The quick way to read the numbers that pages are full of.

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace tocsin::expo {

/// Digits with an optional sign and point, up to 19 of them, that make an exact double with one division: most of what
/// exporters write. Stops at the first other byte; what stands there must be looked at by the caller.
/// `at` must be followed by a byte that is neither a digit nor a point. @return where it stopped, or nullptr if the
/// number needs the slow way. Source of the condition: W. Clinger, "How to read floating point numbers accurately"
/// (1990): mantissa below 2^53 and a power of ten up to 22 are both exact, so their quotient is rounded once.
inline const char* read_simple_number(const char* at, double& value) {
  static constexpr std::array<double, 20> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                                     1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};
  const bool negative = *at == '-';
  if (negative) ++at;
  const char* first = at;
  std::uint64_t mantissa = 0;
  for (unsigned digit; (digit = static_cast<unsigned char>(*at) - static_cast<unsigned>('0')) < 10; ++at) {
    mantissa = mantissa * 10 + digit;
  }
  std::ptrdiff_t digits = at - first;
  std::ptrdiff_t fraction = 0;
  if (*at == '.') {
    const char* point = at++;
    for (unsigned digit; (digit = static_cast<unsigned char>(*at) - static_cast<unsigned>('0')) < 10; ++at) {
      mantissa = mantissa * 10 + digit;
    }
    fraction = at - point - 1;
    digits += fraction;
  }
  if (digits == 0 || digits > 19 || mantissa > (std::uint64_t{1} << 53)) return nullptr;
  value = static_cast<double>(mantissa);
  if (fraction != 0) value /= kPowers[static_cast<std::size_t>(fraction)];
  if (negative) value = -value;
  return at;
}

/// True if parse_float() read digits as an infinity: Go's strconv.ParseFloat calls that an error.
inline bool is_out_of_range(std::string_view text, double value) {
  return std::isinf(value) && text.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace tocsin::expo
