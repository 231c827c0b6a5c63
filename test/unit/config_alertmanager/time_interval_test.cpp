#include "config/time_interval.hpp"

#include <catch2/catch.hpp>

#include "base/strings.hpp"

namespace tocsin::config {
namespace {

TimeInterval interval(const std::string& text) {
  const auto node = yaml::parse(text, "t.yml");
  REQUIRE(node);
  const auto parsed = parse_time_interval(*node);
  if (!parsed) FAIL(parsed.error().message);
  return *parsed;
}

Timestamp at(const char* text) {
  Timestamp t = 0;
  REQUIRE(parse_rfc3339(text, t));
  return t;
}

}  // namespace

TEST_CASE("A time range includes its start and excludes its end, up to midnight") {
  const TimeInterval day =
      interval("times: [{start_time: '09:00', end_time: '17:00'}, {start_time: '23:00', end_time: '24:00'}]");
  CHECK_FALSE(day.contains(at("2026-01-05T08:59:59.999Z")));
  CHECK(day.contains(at("2026-01-05T09:00:00Z")));
  CHECK(day.contains(at("2026-01-05T16:59:59Z")));
  CHECK_FALSE(day.contains(at("2026-01-05T17:00:00Z")));
  CHECK(day.contains(at("2026-01-05T23:59:59Z")));
}

TEST_CASE("Fields are ANDed, entries of a field ORed") {
  const TimeInterval i =
      interval("{weekdays: ['monday:tuesday', saturday], months: ['1:2', december], years: ['2026']}");
  CHECK(i.contains(at("2026-01-05T00:00:00Z")));        // Monday
  CHECK_FALSE(i.contains(at("2026-01-07T00:00:00Z")));  // Wednesday
  CHECK(i.contains(at("2026-12-05T00:00:00Z")));        // Saturday
  CHECK_FALSE(i.contains(at("2026-06-06T00:00:00Z")));
  CHECK_FALSE(i.contains(at("2027-01-04T00:00:00Z")));
}

TEST_CASE("Negative days count from the end of the month, and days beyond it are clamped") {
  const TimeInterval last = interval("days_of_month: ['-3:-1']");
  CHECK(last.contains(at("2026-02-26T12:00:00Z")));
  CHECK_FALSE(last.contains(at("2026-02-25T12:00:00Z")));
  CHECK(last.contains(at("2024-02-29T12:00:00Z")));
  CHECK(interval("days_of_month: ['20:31']").contains(at("2026-02-28T12:00:00Z")));
  CHECK_FALSE(interval("days_of_month: ['29:31']").contains(at("2026-02-28T12:00:00Z")));
}

TEST_CASE("A location moves the clock, with daylight saving") {
  const TimeInterval berlin = interval("{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Berlin}");
  CHECK(berlin.contains(at("2026-01-05T08:30:00Z")));
  CHECK_FALSE(berlin.contains(at("2026-01-05T07:30:00Z")));
  CHECK(berlin.contains(at("2026-07-06T07:30:00Z")));
  CHECK_FALSE(berlin.contains(at("2026-07-06T08:30:00Z")));
}

TEST_CASE("What makes no sense is refused with its position") {
  const char* bad[] = {"days_of_month: ['-31:5']",
                       "times: [{start_time: '17:00', end_time: '09:00'}]",
                       "times: [{start_time: '9:00', end_time: '10:00'}]",
                       "times: [{start_time: '09:60', end_time: '10:00'}]",
                       "times: [{start_time: '09:00', end_time: '24:01'}]",
                       "times: [{start_time: '09:00'}]",
                       "weekdays: [moonday]",
                       "weekdays: ['friday:monday']",
                       "days_of_month: ['0']",
                       "days_of_month: ['1:-31']",
                       "months: ['1x']",
                       "years: ['2020:x']",
                       "years: ['1:2:3']",
                       "location: Mars/Olympus",
                       "nonsense: 1"};
  for (const char* text : bad) {
    INFO(text);
    const auto node = yaml::parse(text, "t.yml");
    REQUIRE(node);
    const auto parsed = parse_time_interval(*node);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.starts_with("t.yml:1:"));
  }
}

}  // namespace tocsin::config
