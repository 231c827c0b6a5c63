// strconv.FormatFloat over std::to_chars.

#include <charconv>
#include <cmath>
#include <string>

#include "base/check.hpp"
#include "base/float_text.hpp"
#include "template/go_format.hpp"

namespace tocsin::tmpl {

namespace {

std::string chars(double value, std::chars_format format, int precision) {
  std::string out(400 + static_cast<std::size_t>(precision < 0 ? 0 : precision), '\0');
  const auto [end, error] = precision < 0
                                ? std::to_chars(out.data(), out.data() + out.size(), value, format)
                                : std::to_chars(out.data(), out.data() + out.size(), value, format, precision);
  check(error == std::errc{}, "BUG: a float that does not fit its buffer");
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

/// C has "1.8p+1", Go 0x1.8p+01.
std::string hexadecimal(double value, int precision) {
  std::string text = chars(std::fabs(value), std::chars_format::hex, precision);
  const std::size_t p = text.find('p');
  if (text.size() - p == 3) text.insert(p + 2, "0");
  return (std::signbit(value) ? "-0x" : "0x") + text;
}

/// Mantissa as an integer, and the power of two: 6755399441055744p-52.
std::string binary(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(std::fabs(value), &exponent);
  const auto whole = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
  const int power = value == 0 ? -1074 : exponent - 53;
  return fmt::format("{}{}p{}{}", std::signbit(value) ? "-" : "", whole, power < 0 ? "" : "+", power);
}

}  // namespace

std::string format_float(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  switch (verb) {
    case 'e':
      return precision < 0 ? format_float_e(value) : chars(value, std::chars_format::scientific, precision);
    case 'f':
      return precision < 0 ? format_float_f(value) : chars(value, std::chars_format::fixed, precision);
    case 'x':
      return hexadecimal(value, precision);
    case 'b':
      return binary(value);
    default:
      return precision < 0 ? format_float_g(value) : chars(value, std::chars_format::general, precision);
  }
}

}  // namespace tocsin::tmpl
