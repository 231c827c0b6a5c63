#include "yaml/byte_size.hpp"

#include <optional>

#include "base/float_text.hpp"

namespace tocsin::yaml {
namespace {

bool is_number_char(char c) {
  return c == '.' || (c >= '0' && c <= '9');
}

/// Powers of 1024 by the letter in front of B or iB; nothing for what is no unit.
std::optional<double> scale_of(std::string_view unit) {
  if (unit == "B") return 1.0;
  constexpr std::string_view kLetters = "KMGTPE";
  if (unit.empty()) return std::nullopt;
  const std::size_t power = kLetters.find(unit.front());
  const std::string_view rest = unit.substr(1);
  if (power == std::string_view::npos || (rest != "B" && rest != "iB")) return std::nullopt;
  double scale = 1024;
  for (std::size_t i = 0; i < power; ++i) scale *= 1024;
  return scale;
}

std::string_view take_while(std::string_view& rest, bool number) {
  std::size_t length = 0;
  while (length < rest.size() && is_number_char(rest[length]) == number) ++length;
  const std::string_view taken = rest.substr(0, length);
  rest.remove_prefix(length);
  return taken;
}

}  // namespace

Result<std::uint64_t> parse_byte_size(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return fail(Errc::kInvalid, "units: invalid {}", text);
  double total = 0;
  while (!rest.empty()) {
    const std::string_view digits = take_while(rest, true);
    double number = 0;
    if (digits.empty() || !parse_float(digits, number)) return fail(Errc::kInvalid, "units: invalid {}", text);
    const std::string_view unit = take_while(rest, false);
    const auto scale = scale_of(unit);
    if (!scale) return fail(Errc::kInvalid, "units: unknown unit {} in {}", unit, text);
    total += number * *scale;
  }
  if (!(total < 0x1p63)) return fail(Errc::kInvalid, "units: overflow parsing unit");
  return static_cast<std::uint64_t>(total);
}

}  // namespace tocsin::yaml
