#pragma once
// Instants as Go's time.Time has them: nanoseconds, any year, a zone; and their layouts ("2006-01-02 15:04:05").
// Source: Go package time, "Layout" constants.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::tmpl {

/// A time zone: how far from UTC, and what it is called, at an instant. Thread: any.
class Zone {
 public:
  struct Info {
    std::int32_t offset_seconds = 0;  // east of UTC
    std::string abbreviation;
  };
  virtual ~Zone() = default;
  virtual Info at(std::int64_t unix_seconds) const = 0;
};

/// A zone of the IANA database ("Europe/Berlin"); "UTC" and "" are UTC. kNotFound: "unknown time zone X".
Result<std::shared_ptr<const Zone>> load_zone(std::string_view name);
/// A zone of one offset, as parsed times have it.
std::shared_ptr<const Zone> fixed_zone(std::string abbreviation, std::int32_t offset_seconds);

/// The zero value is Go's zero time, 0001-01-01T00:00:00Z.
struct Time {
  std::int64_t seconds = -62135596800;  // since the Unix epoch
  std::int32_t nanos = 0;               // [0, 1e9)
  std::shared_ptr<const Zone> zone;     // none: UTC

  static Time from_ms(Timestamp ms);
  static Time from_nanos(std::int64_t nanos_since_epoch);
  bool is_zero() const { return seconds == -62135596800 && nanos == 0; }
  Zone::Info zone_info() const;
  /// Saturates like Go's UnixNano would wrap: years outside 1678..2262 give the nearest end.
  std::int64_t unix_nano() const;
  Time plus(Duration d) const;
  /// Saturated to what a Duration can hold.
  Duration minus(const Time& other) const;
  bool same_instant(const Time& other) const { return seconds == other.seconds && nanos == other.nanos; }
};

struct CivilTime {
  std::int64_t year = 1;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, nanos = 0;
  int weekday = 0;   // Sunday 0
  int year_day = 1;  // 1 is 1 January
};
/// The calendar and clock of the instant in its zone.
CivilTime civil(const Time& time);
/// The instant of a proleptic Gregorian date and clock in UTC; months and days out of range carry over.
Time from_civil(std::int64_t year, int month, int day, int hour, int minute, int second, std::int32_t nanos);

/// time.Time.Format.
std::string format_time(const Time& time, std::string_view layout);
/// time.Time.String(): "2006-01-02 15:04:05.999999999 -0700 MST".
std::string time_text(const Time& time);
/// time.ParseInLocation(layout, text, UTC); kInvalid with Go's text.
Result<Time> parse_time(std::string_view layout, std::string_view text);

extern const std::string_view kMonthNames[12];
extern const std::string_view kWeekdayNames[7];

}  // namespace tocsin::tmpl
