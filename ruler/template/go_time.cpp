#include "template/go_time.hpp"

#include <limits>

#include <fmt/format.h>

namespace tocsin::tmpl {

const std::string_view kMonthNames[12] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
const std::string_view kWeekdayNames[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                           "Thursday", "Friday", "Saturday"};

namespace {

constexpr std::int64_t kNanos = 1'000'000'000, kDay = 86400;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant's days_from_civil).
std::int64_t days_of(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t yoe = year - era * 400;
  const std::int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

class FixedZone final : public Zone {
 public:
  FixedZone(std::string abbreviation, std::int32_t offset) : info_{offset, std::move(abbreviation)} {}
  Info at(std::int64_t) const override { return info_; }

 private:
  Info info_;
};

}  // namespace

std::shared_ptr<const Zone> fixed_zone(std::string abbreviation, std::int32_t offset_seconds) {
  return std::make_shared<FixedZone>(std::move(abbreviation), offset_seconds);
}

Time Time::from_ms(Timestamp ms) {
  const std::int64_t seconds = floor_div(ms, 1000);
  return Time{seconds, static_cast<std::int32_t>((ms - seconds * 1000) * 1'000'000), nullptr};
}

Time Time::from_nanos(std::int64_t nanos_since_epoch) {
  const std::int64_t seconds = floor_div(nanos_since_epoch, kNanos);
  return Time{seconds, static_cast<std::int32_t>(nanos_since_epoch - seconds * kNanos), nullptr};
}

Zone::Info Time::zone_info() const {
  return zone ? zone->at(seconds) : Zone::Info{0, "UTC"};
}

std::int64_t Time::unix_nano() const {
  const __int128 total = static_cast<__int128>(seconds) * kNanos + nanos;
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min(),
                         kMax = std::numeric_limits<std::int64_t>::max();
  return total < kMin ? kMin : total > kMax ? kMax : static_cast<std::int64_t>(total);
}

Time Time::plus(Duration d) const {
  const __int128 total = static_cast<__int128>(seconds) * kNanos + nanos + d.count();
  Time out = *this;
  out.seconds = static_cast<std::int64_t>(total / kNanos);
  auto rest = static_cast<std::int64_t>(total % kNanos);
  if (rest < 0) {
    rest += kNanos;
    --out.seconds;
  }
  out.nanos = static_cast<std::int32_t>(rest);
  return out;
}

Duration Time::minus(const Time& other) const {
  const __int128 total = (static_cast<__int128>(seconds) - other.seconds) * kNanos + (nanos - other.nanos);
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min(),
                         kMax = std::numeric_limits<std::int64_t>::max();
  return Duration(total < kMin ? kMin : total > kMax ? kMax : static_cast<std::int64_t>(total));
}

CivilTime civil(const Time& time) {
  const std::int64_t local = time.seconds + time.zone_info().offset_seconds;
  const std::int64_t days = floor_div(local, kDay);
  const auto clock = static_cast<int>(local - days * kDay);
  // Howard Hinnant's civil_from_days.
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = floor_div(shifted, 146097);
  const std::int64_t doe = shifted - era * 146097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const auto mp = static_cast<int>((5 * doy + 2) / 153);
  CivilTime out;
  out.day = static_cast<int>(doy) - (153 * mp + 2) / 5 + 1;
  out.month = mp < 10 ? mp + 3 : mp - 9;
  out.year = yoe + era * 400 + (out.month <= 2 ? 1 : 0);
  out.hour = clock / 3600;
  out.minute = clock % 3600 / 60;
  out.second = clock % 60;
  out.nanos = time.nanos;
  out.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  out.year_day = static_cast<int>(days - days_of(out.year, 1, 1)) + 1;
  return out;
}

Time from_civil(std::int64_t year, int month, int day, int hour, int minute, int second, std::int32_t nanos) {
  const std::int64_t months = month - 1;
  year += floor_div(months, 12);
  const auto in_year = static_cast<int>(months - floor_div(months, 12) * 12) + 1;
  const std::int64_t days = days_of(year, in_year, 1) + day - 1;
  return Time{days * kDay + hour * std::int64_t{3600} + minute * 60 + second, nanos, nullptr};
}

std::string time_text(const Time& time) {
  return format_time(time, "2006-01-02 15:04:05.999999999 -0700 MST");
}

}  // namespace tocsin::tmpl
