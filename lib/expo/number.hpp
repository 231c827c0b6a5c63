#pragma once
// The quick way to read the numbers that pages are full of, and the slow one.

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/float_text.hpp"
#include "expo/parser.hpp"
#include "model/sample.hpp"

namespace tocsin::expo {

namespace detail {

/// Adds the digits at `at` to the mantissa; returns where they end. Overflow is the caller's to see, by their count.
inline const char* read_digits(const char* at, std::uint64_t& mantissa) {
  for (unsigned digit; (digit = static_cast<unsigned char>(*at) - static_cast<unsigned>('0')) < 10; ++at) {
    mantissa = mantissa * 10 + digit;
  }
  return at;
}

inline constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

}  // namespace detail

/// Reads a decimal number that becomes an exact double by one multiplication or division: most of what exporters write,
/// "1027", "0.25", "1.458255915e+09". Stops at the first byte that is not part of it; the caller looks at that byte.
/// The text must end with a byte that no number contains.
/// @return where it stopped, or nullptr if the number needs the slow way (or is none).
/// Source of the condition: W. Clinger, "How to read floating point numbers accurately" (1990): a mantissa up to 2^53
/// and a power of ten up to 22 are both exact, so their product or quotient is rounded once.
inline const char* read_simple_number(const char* at, double& value) {
  const bool negative = *at == '-';
  if (negative) ++at;
  std::uint64_t mantissa = 0;
  const char* first = at;
  at = detail::read_digits(at, mantissa);
  std::ptrdiff_t digits = at - first;
  std::ptrdiff_t exponent = 0;
  if (*at == '.') {
    const char* point = at;
    at = detail::read_digits(at + 1, mantissa);
    exponent = point + 1 - at;
    digits -= exponent;
  }
  if (digits == 0 || digits > 19 || mantissa > (std::uint64_t{1} << 53U)) return nullptr;
  if (*at == 'e') {
    const bool down = at[1] == '-';
    at += down || at[1] == '+' ? 2 : 1;
    std::uint64_t power = 0;
    first = at;
    at = detail::read_digits(at, power);
    if (at == first || at - first > 3) return nullptr;
    exponent += down ? -static_cast<std::ptrdiff_t>(power) : static_cast<std::ptrdiff_t>(power);
  }
  value = static_cast<double>(mantissa);
  if (exponent < 0) {
    if (exponent < -22) return nullptr;
    value /= detail::kPowersOfTen[static_cast<std::size_t>(-exponent)];
  } else if (exponent > 0) {
    if (exponent > 22) return nullptr;
    value *= detail::kPowersOfTen[static_cast<std::size_t>(exponent)];
  }
  if (negative) value = -value;
  return at;
}

/// True if parse_float() read digits as an infinity: Go's strconv.ParseFloat calls that an error.
inline bool is_out_of_range(std::string_view text, double value) {
  return std::isinf(value) && text.find_first_of("0123456789") != std::string_view::npos;
}

/// A value token as a whole; every NaN becomes the ordinary one. Source: Prometheus model/textparse/promparse.go,
/// parseFloat.
inline ParseErrc read_number(std::string_view token, double& value) {
  if (token.find_first_of("pP_") != std::string_view::npos) return ParseErrc::kNumberCharacter;
  if (!parse_float(token, value)) return ParseErrc::kNumber;
  if (is_out_of_range(token, value)) return ParseErrc::kNumberRange;
  if (std::isnan(value)) value = std::bit_cast<double>(model::kNormalNanBits);
  return ParseErrc::kNone;
}

}  // namespace tocsin::expo
