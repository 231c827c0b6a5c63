#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/strings.hpp"

namespace tocsin {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

/// Takes exactly `count` digits.
bool take_digits(std::string_view& rest, std::size_t count, int& value) {
  if (rest.size() < count) return false;
  value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (rest[i] < '0' || rest[i] > '9') return false;
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(count);
  return true;
}

bool take_char(std::string_view& rest, std::string_view any_of) {
  if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
  rest.remove_prefix(1);
  return true;
}

/// Optional ".123456": milliseconds, further digits cut.
bool take_fraction(std::string_view& rest, int& ms) {
  ms = 0;
  if (!take_char(rest, ".,")) return true;
  int scale = 100;
  std::size_t digits = 0;
  for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), ++digits) {
    ms += (rest.front() - '0') * scale;
    scale /= 10;
  }
  return digits > 0;
}

/// "Z" or "+hh:mm" as minutes east of Greenwich.
bool take_zone(std::string_view& rest, int& minutes) {
  minutes = 0;
  if (take_char(rest, "Zz")) return true;
  const bool west = !rest.empty() && rest.front() == '-';
  int hour = 0;
  int minute = 0;
  if (!take_char(rest, "+-") || !take_digits(rest, 2, hour) || !take_char(rest, ":") || !take_digits(rest, 2, minute) ||
      hour > 23 || minute > 59) {
    return false;
  }
  minutes = (west ? -1 : 1) * (hour * 60 + minute);
  return true;
}

}  // namespace

std::string format_rfc3339(std::int64_t timestamp_ms) {
  const std::chrono::sys_time<milliseconds> time{milliseconds(timestamp_ms)};
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (const auto ms = clock.subseconds().count(); ms != 0) {
    out += fmt::format(".{:03}", ms);
    out.erase(out.find_last_not_of('0') + 1);
  }
  out += 'Z';
  return out;
}

bool parse_rfc3339(std::string_view text, std::int64_t& timestamp_ms) {
  std::string_view rest = text;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, zone = 0;
  const bool date_read = take_digits(rest, 4, year) && take_char(rest, "-") && take_digits(rest, 2, month) &&
                         take_char(rest, "-") && take_digits(rest, 2, day) && take_char(rest, "Tt");
  if (!date_read) return false;
  const bool time_read = take_digits(rest, 2, hour) && take_char(rest, ":") && take_digits(rest, 2, minute) &&
                         take_char(rest, ":") && take_digits(rest, 2, second) && take_fraction(rest, ms) &&
                         take_zone(rest, zone);
  if (!time_read || !rest.empty() || hour > 23 || minute > 59 || second > 59) return false;
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const auto time = sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute - zone) +
                    std::chrono::seconds(second) + milliseconds(ms);
  timestamp_ms = time.time_since_epoch().count();
  return true;
}

}  // namespace tocsin
