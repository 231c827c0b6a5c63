#include "config/time_interval.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>

#include <date/date.h>
#include <date/tz.h>

#include "base/strings.hpp"
#include "config/environment.hpp"

namespace tocsin::config {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

/// One end of a range, as text in lower case.
using ReadMember = Result<int> (*)(const std::string& text);

/// As Go's strconv.Atoi: a plus is taken, too.
bool read_int(std::string_view text, int& out) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

Result<int> read_number(const std::string& text) {
  int value = 0;
  if (!read_int(text, value)) return fail(Errc::kInvalid, "{} is not a valid number", text);
  return value;
}

Result<int> read_weekday(const std::string& text) {
  const auto found = std::find(kWeekdays.begin(), kWeekdays.end(), text);
  if (found == kWeekdays.end()) return fail(Errc::kInvalid, "{} is not a valid weekday", text);
  return static_cast<int>(found - kWeekdays.begin());
}

Result<int> read_month(const std::string& text) {
  if (const auto found = std::find(kMonths.begin(), kMonths.end(), text); found != kMonths.end()) {
    return static_cast<int>(found - kMonths.begin()) + 1;
  }
  int value = 0;
  // A number beyond 12 is taken, as by Alertmanager: no month matches it.
  if (!read_int(text, value)) return fail(Errc::kInvalid, "{} is not a valid month", text);
  return value;
}

Result<InclusiveRange> read_range(const yaml::Node& node, ReadMember member) {
  TOCSIN_TRY(const std::string written, node.as_string());
  const std::string text = to_lower(written);
  const std::vector<std::string_view> ends = split(text, ':');
  if (ends.size() > 2) return node.error("couldn't parse range {}, invalid format", text);
  const Result<int> begin = member(std::string(ends.front()));
  if (!begin) return node.error("{}", begin.error().message);
  const Result<int> end = member(std::string(ends.back()));
  if (!end) return node.error("{}", end.error().message);
  return InclusiveRange{*begin, *end};
}

Result<InclusiveRange> read_weekdays(const yaml::Node& node) {
  TOCSIN_TRY(const InclusiveRange range, read_range(node, read_weekday));
  if (range.begin > range.end) return node.error("start day cannot be before end day");
  return range;
}

Result<InclusiveRange> read_months(const yaml::Node& node) {
  TOCSIN_TRY(const InclusiveRange range, read_range(node, read_month));
  if (range.begin > range.end) {
    return node.error("end month {} is before start month {}", kMonths[static_cast<std::size_t>(range.end - 1)],
                      kMonths[static_cast<std::size_t>(range.begin - 1)]);
  }
  return range;
}

Result<InclusiveRange> read_years(const yaml::Node& node) {
  TOCSIN_TRY(const InclusiveRange range, read_range(node, read_number));
  if (range.begin > range.end) return node.error("end year {} is before start year {}", range.end, range.begin);
  return range;
}

Result<InclusiveRange> read_days_of_month(const yaml::Node& node) {
  TOCSIN_TRY(const InclusiveRange range, read_range(node, read_number));
  for (const int day : {range.begin, range.end}) {
    if (day == 0 || day < -31 || day > 31) return node.error("{} is not a valid day of the month: out of range", day);
  }
  if (range.begin < 0 && range.end > 0) return node.error("end day must be negative if start day is negative");
  // With negative days only what is wrong in every month (28 days at least) can be refused.
  const auto least = [](int day) { return day < 0 ? 28 + day : day; };
  if (least(range.begin) > least(range.end)) {
    return node.error("end day {} is always before start day {}", range.end, range.begin);
  }
  return range;
}

Result<int> read_minutes(const yaml::Node& node, const std::string& text) {
  const bool form = text.size() == 5 && text[2] == ':' && text[3] <= '5';
  int hours = 0, minutes = 0;
  if (!form || !read_int(std::string_view(text).substr(0, 2), hours) ||
      !read_int(std::string_view(text).substr(3), minutes) || hours < 0 || minutes < 0 || hours > 24 ||
      (hours == 24 && minutes != 0)) {
    return node.error("couldn't parse timestamp {}, invalid format", text);
  }
  return hours * 60 + minutes;
}

Result<TimeRange> read_time_range(const yaml::Node& node) {
  std::string start, end;
  TOCSIN_OK(yaml::Fields(node, "timeinterval.yamlTimeRange").read("start_time", start).read("end_time", end).finish());
  if (start.empty() || end.empty()) return node.error("both start and end times must be provided");
  TimeRange range;
  TOCSIN_TRY(range.begin, read_minutes(node, start));
  TOCSIN_TRY(range.end, read_minutes(node, end));
  if (range.begin >= range.end) return node.error("start time cannot be equal or greater than end time");
  return range;
}

/// The zone by its IANA name; nullptr if there is none.
const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

/// The name of this machine's zone, "" for UTC: what TZ says, else the system.
std::string local_zone() {
  std::string name = process_environment()("TZ");
  if (name.starts_with(':')) name.erase(0, 1);
  if (!name.empty()) return find_zone(name) != nullptr ? name : "";
  try {
    return date::current_zone()->name();
  } catch (const std::exception&) {
    return "";
  }
}

Result<void> read_location(const yaml::Node& node, std::string& out) {
  TOCSIN_TRY(out, node.as_string());
  if (out.empty() || out == "UTC") {
    out.clear();
  } else if (out == "Local") {
    out = local_zone();
  } else if (find_zone(out) == nullptr) {
    return node.error("unknown time zone {}", out);
  }
  return {};
}

template <typename T, typename Read>
auto append_to(std::vector<T>& list, Read read) {
  return [&list, read](const yaml::Node& element) -> Result<void> {
    TOCSIN_TRY(T value, read(element));
    list.push_back(value);
    return {};
  };
}

bool in_any(const std::vector<InclusiveRange>& ranges, int value) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [value](const InclusiveRange& range) {
           return value >= range.begin && value <= range.end;
         });
}

bool in_any_day(const std::vector<InclusiveRange>& ranges, int day, int days_in_month) {
  const auto resolve = [days_in_month](int d) { return d < 0 ? days_in_month + d + 1 : d; };
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [&](const InclusiveRange& range) {
           const int begin = resolve(range.begin);
           const int end = std::min(resolve(range.end), days_in_month);
           return begin <= days_in_month && day >= begin && day <= end;
         });
}

/// Local wall time of t in the zone; UTC if the zone's data went away since it was checked.
date::local_time<std::chrono::milliseconds> local_time(Timestamp t, const std::string& location) {
  const date::sys_time<std::chrono::milliseconds> utc{std::chrono::milliseconds(t)};
  if (!location.empty()) {
    if (const date::time_zone* zone = find_zone(location); zone != nullptr) return zone->to_local(utc);
  }
  return date::local_time<std::chrono::milliseconds>{utc.time_since_epoch()};
}

}  // namespace

bool TimeInterval::contains(Timestamp t) const {
  const auto local = local_time(t, location);
  const auto midnight = date::floor<date::days>(local);
  const int minute = static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(local - midnight).count());
  const date::year_month_day day(midnight);
  const auto last = date::year_month_day(day.year() / day.month() / date::last);
  const auto as_int = [](auto part) { return static_cast<int>(static_cast<unsigned>(part)); };
  const bool in_times = times.empty() || std::any_of(times.begin(), times.end(), [minute](const TimeRange& range) {
                          return minute >= range.begin && minute < range.end;
                        });
  return in_times && in_any_day(days_of_month, as_int(day.day()), as_int(last.day())) &&
         in_any(months, as_int(day.month())) &&
         in_any(weekdays, static_cast<int>(date::weekday(midnight).c_encoding())) &&
         in_any(years, static_cast<int>(day.year()));
}

bool NamedTimeIntervals::contains(Timestamp t) const {
  return std::any_of(intervals.begin(), intervals.end(), [t](const TimeInterval& i) { return i.contains(t); });
}

Result<TimeInterval> parse_time_interval(const yaml::Node& node) {
  TimeInterval interval;
  TOCSIN_OK(yaml::Fields(node, "timeinterval.TimeInterval")
                .each("times", append_to(interval.times, read_time_range))
                .each("weekdays", append_to(interval.weekdays, read_weekdays))
                .each("days_of_month", append_to(interval.days_of_month, read_days_of_month))
                .each("months", append_to(interval.months, read_months))
                .each("years", append_to(interval.years, read_years))
                .child("location", [&](const yaml::Node& n) { return read_location(n, interval.location); })
                .finish());
  return interval;
}

Result<NamedTimeIntervals> parse_named_time_intervals(const yaml::Node& node) {
  NamedTimeIntervals named;
  TOCSIN_OK(yaml::Fields(node, "config.TimeInterval")
                .read("name", named.name)
                .each("time_intervals", append_to(named.intervals, parse_time_interval))
                .finish());
  if (named.name.empty()) return node.error("missing name in time interval");
  return named;
}

}  // namespace tocsin::config
