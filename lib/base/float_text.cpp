#include "base/float_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <locale.h>

namespace tocsin {
namespace {

/// |value| = 0.d1d2d3... * 10^point, with the fewest digits that read back as the same double.
struct Decimal {
  std::array<char, 24> digits;
  int count = 0;
  int point = 0;
};

/// Numbers of up to nine decimals and 15 digits in all, as most are that were measured or divided. No two of those are
/// the same double, so the digits of one that reads back are the shortest.
bool find_short_decimal(double magnitude, Decimal& out) {
  constexpr double kBillion = 1e9;
  constexpr int kDecimals = 9;
  if (!(magnitude >= 1 / kBillion && magnitude < 1e6)) return false;
  const auto billionths = static_cast<std::uint64_t>(magnitude * kBillion + 0.5);
  if (static_cast<double>(billionths) / kBillion != magnitude) return false;
  char* const begin = out.digits.data();
  const char* end = std::to_chars(begin, begin + out.digits.size(), billionths).ptr;
  out.point = static_cast<int>(end - begin) - kDecimals;
  while (end[-1] == '0') --end;
  out.count = static_cast<int>(end - begin);
  return true;
}

Decimal shortest(double magnitude) {
  Decimal out;
  if (magnitude == 0) {
    out.digits[0] = '0';
    out.count = 1;
    out.point = 1;
    return out;
  }
  if (find_short_decimal(magnitude, out)) return out;
  std::array<char, 40> text;
  const char* end = std::to_chars(text.data(), text.data() + text.size(), magnitude, std::chars_format::scientific).ptr;
  const char* at = text.data();
  for (; at != end && *at != 'e'; ++at) {
    if (*at != '.') out.digits[static_cast<std::size_t>(out.count++)] = *at;
  }
  int exponent = 0;
  ++at;  // the 'e'
  if (*at == '+') ++at;
  std::from_chars(at, end, exponent);
  out.point = exponent + 1;
  return out;
}

void append_scientific(std::string& out, const Decimal& d) {
  out += d.digits[0];
  if (d.count > 1) {
    out += '.';
    out.append(d.digits.data() + 1, static_cast<std::size_t>(d.count - 1));
  }
  int exponent = d.point - 1;
  out += exponent < 0 ? "e-" : "e+";
  exponent = std::abs(exponent);
  if (exponent < 10) out += '0';
  std::array<char, 8> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), exponent).ptr);
}

void append_fixed(std::string& out, const Decimal& d) {
  const auto count = static_cast<std::size_t>(d.count);
  if (d.point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-d.point), '0');
    out.append(d.digits.data(), count);
  } else if (d.point >= d.count) {
    out.append(d.digits.data(), count);
    out.append(static_cast<std::size_t>(d.point - d.count), '0');
  } else {
    const auto point = static_cast<std::size_t>(d.point);
    out.append(d.digits.data(), point);
    out += '.';
    out.append(d.digits.data() + point, count - point);
  }
}

/// NaN and infinities; false for ordinary numbers, of which the sign is appended.
bool append_special(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return true;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
    return true;
  }
  if (std::signbit(value)) out += '-';
  return false;
}

/// Whole numbers of up to six digits stand as they are in each of Go's forms but 'e'.
bool append_small_integer(std::string& out, double value) {
  if (!(value > -1e6 && value < 1e6)) return false;
  const int whole = static_cast<int>(value);
  if (static_cast<double>(whole) != value || (whole == 0 && std::signbit(value))) return false;
  std::array<char, 12> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), whole).ptr);
  return true;
}

/// Numbers of middling size: those that Go's 'f' and 'g' forms, and the API, write without exponent, or nearly all.
bool is_middling(double value) {
  const double magnitude = std::fabs(value);
  return magnitude >= 1e-4 && magnitude < 1e15;
}

/// Eight digits, with zeros in front, all at once: halves, then pairs, then digits in lanes of one word. The factors
/// divide by 100 and by 10 for numbers as small as these.
void write_eight_digits(char* at, std::uint32_t value) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t lanes = value / 10'000 | std::uint64_t{value % 10'000} << 32U;
  const std::uint64_t hundreds = (lanes * 10'486 >> 20U) & 0x0000007f0000007fULL;
  lanes = hundreds | (lanes - hundreds * 100) << 16U;
  const std::uint64_t tens = (lanes * 103 >> 10U) & 0x000f000f000f000fULL;
  lanes = (tens | (lanes - tens * 10) << 8U) + 0x3030303030303030ULL;
  std::memcpy(at, &lanes, sizeof(lanes));
}

constexpr auto kPowersOfTen = [] {
  std::array<std::uint64_t, 20> out{1};
  for (std::size_t i = 1; i < out.size(); ++i) out[i] = out[i - 1] * 10;
  return out;
}();

/// At most 23 characters, at most 20 decimals; up to 16 bytes behind them may be written. The shortest digits are those
/// that fmt finds (Dragonbox); to put them down here takes a third of the time that its general formatting does.
char* write_middling(char* at, double value) {
  constexpr std::uint64_t kBlock = 100'000'000;
  constexpr int kBlocks = 16;  // digits
  if (value < 0) *at++ = '-';
  const auto decimal = fmt::detail::dragonbox::to_decimal(std::fabs(value));
  if (decimal.exponent >= 0) {
    at = std::to_chars(at, at + 20, decimal.significand).ptr;
    return std::fill_n(at, decimal.exponent, '0');
  }
  const int decimals = -decimal.exponent;
  std::uint64_t fraction = decimal.significand;
  if (decimals < static_cast<int>(kPowersOfTen.size())) {
    const std::uint64_t one = kPowersOfTen[static_cast<std::size_t>(decimals)];
    at = std::to_chars(at, at + 20, fraction / one).ptr;
    fraction %= one;
  } else {
    *at++ = '0';
  }
  *at++ = '.';
  // All decimals but the last 16, of which there are few; then these, from the left, with zeros behind them.
  for (int i = decimals - 1; i >= kBlocks; --i) {
    const std::uint64_t one = kPowersOfTen[static_cast<std::size_t>(i)];
    *at++ = static_cast<char>('0' + fraction / one);
    fraction %= one;
  }
  const int rest = std::min(decimals, kBlocks);
  fraction *= kPowersOfTen[static_cast<std::size_t>(kBlocks - rest)];
  write_eight_digits(at, static_cast<std::uint32_t>(fraction / kBlock));
  write_eight_digits(at + 8, static_cast<std::uint32_t>(fraction % kBlock));
  return at + rest;
}

bool append_middling(std::string& out, double value) {
  if (!is_middling(value)) return false;
  std::array<char, kMaxFloatApiBytes> text;
  out.append(text.data(), static_cast<std::size_t>(write_middling(text.data(), value) - text.data()));
  return true;
}

/// Whole numbers beyond six digits that are exact: their digits without the zeros at the end are the shortest that read
/// back, as the nearest other whole number is further away than half of what the last bit is worth.
bool append_large_integer_g(std::string& out, double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const double magnitude = std::fabs(value);
  if (!(magnitude >= 1e6 && magnitude < kExact)) return false;
  const auto whole = static_cast<std::uint64_t>(magnitude);
  if (static_cast<double>(whole) != magnitude) return false;
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), whole).ptr;
  const auto exponent = static_cast<unsigned>(end - digits.data() - 1);
  const char* last = end;
  while (last[-1] == '0') --last;
  std::array<char, 32> text;
  char* at = text.data();
  if (value < 0) *at++ = '-';
  *at++ = digits[0];
  if (last - digits.data() > 1) {
    *at++ = '.';
    at = std::copy(static_cast<const char*>(digits.data()) + 1, last, at);
  }
  *at++ = 'e';
  *at++ = '+';
  *at++ = static_cast<char>('0' + exponent / 10);
  *at++ = static_cast<char>('0' + exponent % 10);
  out.append(text.data(), at);
  return true;
}

void append_g(std::string& out, bool negative, const Decimal& d) {
  if (negative) out += '-';
  const int exponent = d.point - 1;
  // Go decides between the forms as if the precision were six, however many digits the number has.
  if (exponent < -4 || exponent >= 6) {
    append_scientific(out, d);
  } else {
    append_fixed(out, d);
  }
}

void append_g(std::string& out, double value) {
  if (append_small_integer(out, value) || append_large_integer_g(out, value)) return;
  if (std::fabs(value) < 1e6) {
    Decimal decimal;
    if (find_short_decimal(std::fabs(value), decimal)) return append_g(out, value < 0, decimal);
    if (append_middling(out, value)) return;
  }
  if (append_special(out, value)) return;
  append_g(out, false, shortest(std::fabs(value)));
}

locale_t c_locale() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

bool equals_word(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != lower[i]) return false;
  }
  return true;
}

/// Whole text as a number, `hex` without its 0x.
bool parse_digits(std::string_view text, bool hex, double& value) {
  const auto format = hex ? std::chars_format::hex : std::chars_format::general;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) {
    // Rare: strtod says which of zero and infinity it is.
    const std::string copy = (hex ? "0x" : "") + std::string(text);
    value = strtod_l(copy.c_str(), nullptr, c_locale());
  }
  return true;
}

/// Digits alone that every double can hold: most of what the kernel counts.
bool parse_whole(std::string_view text, double& value) {
  constexpr std::size_t kExactDigits = 15;
  if (text.size() > kExactDigits) return false;
  std::uint64_t whole = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    whole = whole * 10 + static_cast<std::uint64_t>(c - '0');
  }
  value = static_cast<double>(whole);
  return true;
}

}  // namespace

void append_float_expo(std::string& out, double value) {
  append_g(out, value);
}

char* write_float_api(char* at, double value) {
  if (is_middling(value)) return write_middling(at, value);
  std::string text;
  append_float_api(text, value);
  return std::copy(text.begin(), text.end(), at);
}

void append_float_api(std::string& out, double value) {
  if (append_small_integer(out, value) || append_middling(out, value) || append_special(out, value)) return;
  const double magnitude = std::fabs(value);
  const Decimal d = shortest(magnitude);
  if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
    append_scientific(out, d);
  } else {
    append_fixed(out, d);
  }
}

std::string format_float_api(double value) {
  std::string out;
  append_float_api(out, value);
  return out;
}

std::string format_float_g(double value) {
  std::string out;
  append_g(out, value);
  return out;
}

std::string format_float_e(double value) {
  std::string out;
  if (!append_special(out, value)) append_scientific(out, shortest(std::fabs(value)));
  return out;
}

std::string format_float_f(double value) {
  std::string out;
  if (append_small_integer(out, value) || append_middling(out, value) || append_special(out, value)) return out;
  append_fixed(out, shortest(std::fabs(value)));
  return out;
}

bool parse_float(std::string_view text, double& value) {
  if (text.empty()) return false;
  if (parse_whole(text, value)) return true;
  std::string_view rest = text;
  const bool negative = rest.front() == '-';
  const bool has_sign = negative || rest.front() == '+';
  if (has_sign) rest.remove_prefix(1);
  if (rest.empty()) return false;

  double magnitude = 0;
  const char first = rest.front();
  if ((first >= '0' && first <= '9') || first == '.') {
    const bool hex = rest.size() > 2 && first == '0' && (rest[1] | 0x20) == 'x';
    if (hex) {
      rest.remove_prefix(2);
      // Go demands the binary exponent; a sign here would be from_chars' own.
      if (rest.front() == '-' || rest.find_first_of("pP") == std::string_view::npos) return false;
    }
    if (!parse_digits(rest, hex, magnitude)) return false;
  } else if (equals_word(rest, "inf") || equals_word(rest, "infinity")) {
    magnitude = HUGE_VAL;
  } else if (!has_sign && equals_word(rest, "nan")) {
    value = NAN;
    return true;
  } else {
    return false;
  }
  value = negative ? -magnitude : magnitude;
  return true;
}

}  // namespace tocsin
