#include "base/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "base/strings.hpp"

namespace tocsin {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::uint64_t kMaxNanoseconds = 0x7fff'ffff'ffff'ffffULL;

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

/// In the order that Prometheus demands.
constexpr std::array<Unit, 7> kUnits{{{"y", 365 * kDay},
                                      {"w", 7 * kDay},
                                      {"d", kDay},
                                      {"h", kHour},
                                      {"m", kMinute},
                                      {"s", kSecond},
                                      {"ms", kMillisecond}}};

constexpr std::array<Unit, 8> kGoUnits{{{"ns", 1},
                                        {"us", 1000},
                                        {"\u00b5s", 1000},
                                        {"\u03bcs", 1000},
                                        {"ms", kMillisecond},
                                        {"s", kSecond},
                                        {"m", kMinute},
                                        {"h", kHour}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the digits that `rest` begins with; false if there are none or the number does not fit.
bool take_number(std::string_view& rest, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{}) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

template <typename Stop>
std::string_view take_until(std::string_view& rest, Stop stop) {
  std::size_t length = 0;
  while (length < rest.size() && !stop(rest[length])) ++length;
  const std::string_view taken = rest.substr(0, length);
  rest.remove_prefix(length);
  return taken;
}

/// Fraction digits behind the point as a value and its scale; digits beyond what 63 bits hold are ignored, as in Go.
void take_fraction(std::string_view& rest, std::uint64_t& value, double& scale) {
  bool full = false;
  value = 0;
  scale = 1;
  for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1)) {
    const auto digit = static_cast<std::uint64_t>(rest.front() - '0');
    if (full || value > (kMaxNanoseconds - digit) / 10) {
      full = true;
      continue;
    }
    value = value * 10 + digit;
    scale *= 10;
  }
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  if (text.empty()) return fail(Errc::kInvalid, "empty duration string");
  const auto invalid = [&] { return fail(Errc::kInvalid, "not a valid duration string: {}", go_quote(text)); };

  std::string_view rest = text;
  std::size_t next_unit = 0;
  std::uint64_t total = 0;
  while (!rest.empty()) {
    std::uint64_t number = 0;
    if (!take_number(rest, number)) return invalid();
    const std::string_view name = take_until(rest, is_digit);
    if (name.empty()) return invalid();
    std::size_t unit = 0;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) {
      return fail(Errc::kInvalid, "unknown unit {} in duration {}", go_quote(name), go_quote(text));
    }
    if (unit < next_unit) return invalid();
    next_unit = unit + 1;
    const auto scale = static_cast<std::uint64_t>(kUnits[unit].nanoseconds);
    if (number > kMaxNanoseconds / scale || total > kMaxNanoseconds - number * scale) {
      return fail(Errc::kInvalid, "duration out of range");
    }
    total += number * scale;
  }
  return Duration{static_cast<std::int64_t>(total)};
}

Result<Duration> parse_go_duration(std::string_view text) {
  const auto invalid = [&] { return fail(Errc::kInvalid, "time: invalid duration {}", go_quote(text)); };
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return Duration{0};
  if (rest.empty()) return invalid();

  std::uint64_t total = 0;
  while (!rest.empty()) {
    std::uint64_t whole = 0;
    const bool has_whole = is_digit(rest.front());
    if (has_whole && !take_number(rest, whole)) return invalid();
    std::uint64_t fraction = 0;
    double fraction_scale = 1;
    bool has_fraction = false;
    if (!rest.empty() && rest.front() == '.') {
      rest.remove_prefix(1);
      has_fraction = !rest.empty() && is_digit(rest.front());
      take_fraction(rest, fraction, fraction_scale);
    }
    if (!has_whole && !has_fraction) return invalid();

    const std::string_view name = take_until(rest, [](char c) { return c == '.' || is_digit(c); });
    if (name.empty()) return fail(Errc::kInvalid, "time: missing unit in duration {}", go_quote(text));
    std::size_t unit = 0;
    while (unit < kGoUnits.size() && kGoUnits[unit].name != name) ++unit;
    if (unit == kGoUnits.size()) {
      return fail(Errc::kInvalid, "time: unknown unit {} in duration {}", go_quote(name), go_quote(text));
    }
    const auto scale = static_cast<std::uint64_t>(kGoUnits[unit].nanoseconds);
    if (whole > (kMaxNanoseconds + 1) / scale) return invalid();
    std::uint64_t part = whole * scale;
    part += static_cast<std::uint64_t>(static_cast<double>(fraction) * (static_cast<double>(scale) / fraction_scale));
    if (part > kMaxNanoseconds + 1 || total > kMaxNanoseconds + 1 - part) return invalid();
    total += part;
  }
  if (negative) return Duration{static_cast<std::int64_t>(0 - total)};
  if (total > kMaxNanoseconds) return invalid();
  return Duration{static_cast<std::int64_t>(total)};
}

std::string format_duration(Duration duration) {
  const std::int64_t signed_ms = to_ms(duration);
  if (signed_ms == 0) return "0s";
  std::string out = signed_ms < 0 ? "-" : "";
  std::int64_t ms = signed_ms < 0 ? -signed_ms : signed_ms;
  for (const Unit& unit : kUnits) {
    const std::int64_t scale = unit.nanoseconds / kMillisecond;
    // Years and weeks only when they are the whole of it: 90d reads better than 12w6d.
    if (unit.nanoseconds > kDay && ms % scale != 0) continue;
    if (const std::int64_t count = ms / scale; count > 0) {
      out += fmt::format("{}{}", count, unit.name);
      ms -= count * scale;
    }
  }
  return out;
}

std::string format_go_duration(Duration duration) {
  const std::int64_t ns = duration.count();
  if (ns == 0) return "0s";
  const std::uint64_t size = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  std::string out = ns < 0 ? "-" : "";

  const auto append_decimal = [&out](std::uint64_t value, std::uint64_t scale, std::string_view unit) {
    out += fmt::format("{}", value / scale);
    if (std::uint64_t fraction = value % scale; fraction != 0) {
      std::string digits = fmt::format("{}", scale + fraction).substr(1);
      digits.erase(digits.find_last_not_of('0') + 1);
      out += "." + digits;
    }
    out += unit;
  };
  if (size < 1000) {
    append_decimal(size, 1, "ns");
  } else if (size < static_cast<std::uint64_t>(kMillisecond)) {
    append_decimal(size, 1000, "\u00b5s");
  } else if (size < static_cast<std::uint64_t>(kSecond)) {
    append_decimal(size, kMillisecond, "ms");
  } else {
    const std::uint64_t minutes = size / kMinute;
    if (minutes >= 60) out += fmt::format("{}h", minutes / 60);
    if (minutes > 0) out += fmt::format("{}m", minutes % 60);
    append_decimal(size % kMinute, kSecond, "s");
  }
  return out;
}

}  // namespace tocsin
