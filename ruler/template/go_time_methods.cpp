// Methods of time.Time, time.Duration, time.Month and time.Weekday, as templates call them.

#include <cmath>
#include <limits>

#include "base/duration.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

namespace {

using R = Result<Value>;

constexpr std::int64_t kSecond = 1'000'000'000;

const Type* const kTimeParam[] = {&kTimeType};
const Type* const kDurationParam[] = {&kDurationType};
const Type* const kStringParam[] = {&kStringType};
const Type* const kThreeInts[] = {&kIntType, &kIntType, &kIntType};

Value same_zone(const Value& self, Time time) {
  time.zone = self.as_time().zone;
  return Value(std::move(time));
}

/// Rounds towards the zero time, as Truncate does; multiples are counted from year 1.
Time truncate_time(const Time& time, Duration unit) {
  if (unit.count() <= 0) return time;
  const __int128 total = (static_cast<__int128>(time.seconds) + 62135596800) * kSecond + time.nanos;
  __int128 rest = total % unit.count();
  if (rest < 0) rest += unit.count();
  return time.plus(Duration(-static_cast<std::int64_t>(rest)));
}

Time round_time(const Time& time, Duration unit) {
  if (unit.count() <= 0) return time;
  const Time down = truncate_time(time, unit);
  const Duration rest = time.minus(down);
  return rest < unit - rest ? down : down.plus(unit);
}

/// To the nearest multiple, halves away from zero; saturated.
Duration round_duration(Duration d, Duration unit) {
  if (unit.count() <= 0) return d;
  const std::int64_t rest = d.count() % unit.count();
  const std::int64_t magnitude = rest < 0 ? -rest : rest;
  const std::int64_t towards_zero = d.count() - rest;
  if (magnitude < unit.count() - magnitude) return Duration(towards_zero);
  std::int64_t out = 0;
  const bool overflow = d.count() < 0 ? __builtin_sub_overflow(towards_zero, unit.count(), &out)
                                      : __builtin_add_overflow(towards_zero, unit.count(), &out);
  return overflow ? (d.count() < 0 ? Duration::min() : Duration::max()) : Duration(out);
}

/// Seconds in a smaller unit; wraps where no int64 holds it, as Go's does.
Value unix_in(const Time& time, std::int64_t per_second) {
  const auto whole = static_cast<std::uint64_t>(time.seconds) * static_cast<std::uint64_t>(per_second);
  const auto part = static_cast<std::uint64_t>(time.nanos / (kSecond / per_second));
  return Value::integer(static_cast<std::int64_t>(whole + part), kInt64Type);
}

Value weekday_value(int weekday) {
  return Value::integer(weekday, kWeekdayType);
}

R time_add(const Value& self, Args args) {
  return Value(self.as_time().plus(args[0].as_duration()));
}
R time_add_date(const Value& self, Args args) {
  const CivilTime t = civil(self.as_time());
  constexpr std::int64_t kMost = 1'000'000, kMostYears = 100'000'000;
  bool good = t.year <= kMostYears && t.year >= -kMostYears;
  for (const Value& arg : args) good = good && arg.as_int() <= kMost && arg.as_int() >= -kMost;
  if (!good) return fail(Errc::kInvalid, "date out of range");
  Time moved = from_civil(t.year + args[0].as_int(), t.month + static_cast<int>(args[1].as_int()),
                          t.day + static_cast<int>(args[2].as_int()), t.hour, t.minute, t.second, t.nanos);
  moved.seconds -= self.as_time().zone_info().offset_seconds;
  return same_zone(self, std::move(moved));
}
R time_after(const Value& self, Args args) {
  const Time &a = self.as_time(), &b = args[0].as_time();
  return Value(a.seconds > b.seconds || (a.seconds == b.seconds && a.nanos > b.nanos));
}
R time_before(const Value& self, Args args) {
  return time_after(args[0], Args(&self, 1));
}
R time_compare(const Value& self, Args args) {
  const Time &a = self.as_time(), &b = args[0].as_time();
  if (a.same_instant(b)) return Value(0);
  return Value(a.seconds < b.seconds || (a.seconds == b.seconds && a.nanos < b.nanos) ? -1 : 1);
}
R time_equal(const Value& self, Args args) {
  return Value(self.as_time().same_instant(args[0].as_time()));
}
R time_day(const Value& self, Args) {
  return Value(civil(self.as_time()).day);
}
R time_format(const Value& self, Args args) {
  return Value(format_time(self.as_time(), args[0].as_string()));
}
R time_hour(const Value& self, Args) {
  return Value(civil(self.as_time()).hour);
}
R time_is_zero(const Value& self, Args) {
  return Value(self.as_time().is_zero());
}
R time_minute(const Value& self, Args) {
  return Value(civil(self.as_time()).minute);
}
R time_month(const Value& self, Args) {
  return Value::integer(civil(self.as_time()).month, kMonthType);
}
R time_nanosecond(const Value& self, Args) {
  return Value(self.as_time().nanos);
}
R time_round(const Value& self, Args args) {
  return Value(round_time(self.as_time(), args[0].as_duration()));
}
R time_second(const Value& self, Args) {
  return Value(civil(self.as_time()).second);
}
R time_string(const Value& self, Args) {
  return Value(time_text(self.as_time()));
}
R time_sub(const Value& self, Args args) {
  return Value::duration(self.as_time().minus(args[0].as_time()));
}
R time_truncate(const Value& self, Args args) {
  return Value(truncate_time(self.as_time(), args[0].as_duration()));
}
R time_utc(const Value& self, Args) {
  Time time = self.as_time();
  time.zone = nullptr;
  return Value(std::move(time));
}
R time_unix(const Value& self, Args) {
  return Value::integer(self.as_time().seconds, kInt64Type);
}
R time_unix_micro(const Value& self, Args) {
  return unix_in(self.as_time(), 1'000'000);
}
R time_unix_milli(const Value& self, Args) {
  return unix_in(self.as_time(), 1000);
}
R time_unix_nano(const Value& self, Args) {
  return Value::integer(self.as_time().unix_nano(), kInt64Type);
}
R time_weekday(const Value& self, Args) {
  return weekday_value(civil(self.as_time()).weekday);
}
R time_year(const Value& self, Args) {
  return Value(std::int64_t{civil(self.as_time()).year});
}
R time_year_day(const Value& self, Args) {
  return Value(civil(self.as_time()).year_day);
}

const Method kTimeMethods[] = {
    {"Add", kDurationParam, time_add},
    {"AddDate", kThreeInts, time_add_date},
    {"After", kTimeParam, time_after},
    {"Before", kTimeParam, time_before},
    {"Compare", kTimeParam, time_compare},
    {"Day", {}, time_day},
    {"Equal", kTimeParam, time_equal},
    {"Format", kStringParam, time_format},
    {"Hour", {}, time_hour},
    {"IsZero", {}, time_is_zero},
    {"Local", {}, time_utc},  // the process's zone is UTC
    {"Minute", {}, time_minute},
    {"Month", {}, time_month},
    {"Nanosecond", {}, time_nanosecond},
    {"Round", kDurationParam, time_round},
    {"Second", {}, time_second},
    {"String", {}, time_string},
    {"Sub", kTimeParam, time_sub},
    {"Truncate", kDurationParam, time_truncate},
    {"UTC", {}, time_utc},
    {"Unix", {}, time_unix},
    {"UnixMicro", {}, time_unix_micro},
    {"UnixMilli", {}, time_unix_milli},
    {"UnixNano", {}, time_unix_nano},
    {"Weekday", {}, time_weekday},
    {"Year", {}, time_year},
    {"YearDay", {}, time_year_day},
};

std::string time_value_text(const Value& self) {
  return time_text(self.as_time());
}

R duration_abs(const Value& self, Args) {
  const std::int64_t v = self.as_int();
  return Value::duration(
      Duration(v == std::numeric_limits<std::int64_t>::min() ? std::numeric_limits<std::int64_t>::max() : std::abs(v)));
}
R duration_hours(const Value& self, Args) {
  return Value(static_cast<double>(self.as_int()) / (3600.0 * kSecond));
}
R duration_minutes(const Value& self, Args) {
  return Value(static_cast<double>(self.as_int()) / (60.0 * kSecond));
}
R duration_seconds(const Value& self, Args) {
  return Value(to_seconds(self.as_duration()));
}
R duration_milliseconds(const Value& self, Args) {
  return Value::integer(self.as_int() / 1'000'000, kInt64Type);
}
R duration_microseconds(const Value& self, Args) {
  return Value::integer(self.as_int() / 1000, kInt64Type);
}
R duration_nanoseconds(const Value& self, Args) {
  return Value::integer(self.as_int(), kInt64Type);
}
R duration_round(const Value& self, Args args) {
  return Value::duration(round_duration(self.as_duration(), args[0].as_duration()));
}
R duration_truncate(const Value& self, Args args) {
  const std::int64_t unit = args[0].as_int();
  return Value::duration(Duration(unit <= 0 ? self.as_int() : self.as_int() - self.as_int() % unit));
}
std::string duration_text(const Value& self) {
  return format_go_duration(self.as_duration());
}
R duration_string(const Value& self, Args) {
  return Value(duration_text(self));
}

const Method kDurationMethods[] = {
    {"Abs", {}, duration_abs},
    {"Hours", {}, duration_hours},
    {"Microseconds", {}, duration_microseconds},
    {"Milliseconds", {}, duration_milliseconds},
    {"Minutes", {}, duration_minutes},
    {"Nanoseconds", {}, duration_nanoseconds},
    {"Round", kDurationParam, duration_round},
    {"Seconds", {}, duration_seconds},
    {"String", {}, duration_string},
    {"Truncate", kDurationParam, duration_truncate},
};

std::string month_text(const Value& self) {
  const std::int64_t month = self.as_int();
  return month >= 1 && month <= 12 ? std::string(kMonthNames[month - 1]) : fmt::format("%!Month({})", month);
}
std::string weekday_text(const Value& self) {
  const std::int64_t day = self.as_int();
  return day >= 0 && day <= 6 ? std::string(kWeekdayNames[day]) : fmt::format("%!Weekday({})", day);
}
R month_string(const Value& self, Args) {
  return Value(month_text(self));
}
R weekday_string(const Value& self, Args) {
  return Value(weekday_text(self));
}
const Method kMonthMethods[] = {{"String", {}, month_string}};
const Method kWeekdayMethods[] = {{"String", {}, weekday_string}};

}  // namespace

constinit const Type kTimeType{
    .name = "time.Time", .kind = Kind::kTime, .methods = kTimeMethods, .text = time_value_text};
constinit const Type kTimePointerType{
    .name = "*time.Time", .kind = Kind::kTime, .target = &kTimeType, .text = time_value_text};
constinit const Type kDurationType{
    .name = "time.Duration", .kind = Kind::kInt, .methods = kDurationMethods, .text = duration_text};
constinit const Type kDurationPointerType{
    .name = "*time.Duration", .kind = Kind::kInt, .target = &kDurationType, .text = duration_text};
constinit const Type kMonthType{.name = "time.Month", .kind = Kind::kInt, .methods = kMonthMethods, .text = month_text};
constinit const Type kWeekdayType{
    .name = "time.Weekday", .kind = Kind::kInt, .methods = kWeekdayMethods, .text = weekday_text};

}  // namespace tocsin::tmpl
