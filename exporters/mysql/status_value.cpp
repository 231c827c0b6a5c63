// Values as the server writes them.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {
namespace {

bool take_int(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc{} || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<double> seconds(int year, int month, int day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (month < 1 || day < 1 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59) {
    return std::nullopt;
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return static_cast<double>(std::chrono::seconds(days).count() + hour * 3600 + minute * 60 + second);
}

bool take_clock(std::string_view& text, int& hour, int& minute, int& second) {
  return take_int(text, 2, hour) && take(text, ':') && take_int(text, 2, minute) && take(text, ':') &&
         take_int(text, 2, second);
}

/// "2026-11-30 11:00:00"
std::optional<double> date_time(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_int(text, 4, year) || !take(text, '-') || !take_int(text, 2, month) || !take(text, '-') ||
      !take_int(text, 2, day) || !take(text, ' ') || !take_clock(text, hour, minute, second) || !text.empty()) {
    return std::nullopt;
  }
  return seconds(year, month, day, hour, minute, second);
}

/// "Nov  3 11:00:00 2026 GMT", of certificates.
std::optional<double> certificate_time(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = std::ranges::find(kMonths, text.substr(0, 3));
  if (month == kMonths.end()) return std::nullopt;
  text.remove_prefix(3);
  if (!take(text, ' ')) return std::nullopt;
  int year = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool day_read = take(text, ' ') ? take_int(text, 1, day) : take_int(text, text.find(' ') == 1 ? 1 : 2, day);
  if (!day_read || !take(text, ' ') || !take_clock(text, hour, minute, second) || !take(text, ' ') ||
      !take_int(text, 4, year) || !take(text, ' ')) {
    return std::nullopt;
  }
  const bool zone =
      text.size() >= 3 && text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!zone) return std::nullopt;
  return seconds(year, static_cast<int>(month - kMonths.begin()) + 1, day, hour, minute, second);
}

}  // namespace

std::optional<double> number(std::string_view text) {
  double value = 0;
  if (!parse_float(text, value)) return std::nullopt;
  if (std::isinf(value) && text.find_first_of("iI") == std::string_view::npos) return std::nullopt;  // out of range
  return value;
}

std::optional<double> status_value(std::string_view text) {
  constexpr std::pair<std::string_view, double> kWords[] = {{"yes", 1},     {"on", 1},          {"no", 0},
                                                            {"off", 0},     {"disabled", 0},    {"connecting", 0},
                                                            {"primary", 1}, {"non-primary", 0}, {"disconnected", 0}};
  if (text.empty()) return std::nullopt;
  if (const bool digit = text.front() >= '0' && text.front() <= '9'; !digit) {
    for (const auto& [word, value] : kWords) {
      if (equal_ignoring_case(text, word)) return value;
    }
    if (const auto time = certificate_time(text)) return time;
  } else if (text.size() == 19) {
    if (const auto time = date_time(text)) return time;
  }
  return number(text);
}

std::string metric_name(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    } else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
      c = '_';
    }
  }
  return out;
}

}  // namespace tocsin::exporters::mysql
