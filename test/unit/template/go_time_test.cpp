#include "template/go_time.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace tocsin::tmpl;

TEST_CASE("times parse by layout and print back") {
  struct Row {
    const char* layout;
    const char* text;
    const char* out;  // time_text, or the error
  };
  const Row rows[] = {
      {"2006-01-02", "2024-02-29", "2024-02-29 00:00:00 +0000 UTC"},
      {"2006-01-02T15:04:05Z07:00", "2024-02-29T13:04:05Z", "2024-02-29 13:04:05 +0000 UTC"},
      {"2006-01-02T15:04:05Z07:00", "2024-02-29T13:04:05.5+02:00", "2024-02-29 13:04:05.5 +0200 +0200"},
      {"Jan _2 2006 3:04PM", "Feb  9 2024 1:04PM", "2024-02-09 13:04:00 +0000 UTC"},
      {"Monday, 02-Jan-06 15:04:05 MST", "Friday, 09-Feb-24 01:02:03 CET", "2024-02-09 01:02:03 +0000 CET"},
      {"2006 002", "2024 060", "2024-02-29 00:00:00 +0000 UTC"},
      {"15:04:05.000", "01:02:03.456", "0000-01-01 01:02:03.456 +0000 UTC"},
      {"15:04:05.999", "01:02:03", "0000-01-01 01:02:03 +0000 UTC"},
      {"06", "69", "1969-01-01 00:00:00 +0000 UTC"},
      {"06-1-2", "24-3-4", "2024-03-04 00:00:00 +0000 UTC"},
      {"2006-01-02", "2023-02-29", R"(parsing time "2023-02-29": day out of range)"},
      {"2006-01-02", "2024-13-01", R"(parsing time "2024-13-01": month out of range)"},
      {"2006-01-02", "24-01-01", R"(parsing time "24-01-01" as "2006-01-02": cannot parse "24-01-01" as "2006")"},
      {"2006-01-02", "2024/01/01", R"(parsing time "2024/01/01" as "2006-01-02": cannot parse "/01/01" as "-")"},
      {"2006-01-02", "2024-01-01x", R"(parsing time "2024-01-01x": extra text: "x")"},
      {"15:04", "25:00", R"(parsing time "25:00": hour out of range)"},
      {"-0700", "+2", R"(parsing time "+2" as "-0700": cannot parse "+2" as "-0700")"},
      {"15:04:05.000", "01:02:03.45", R"(parsing time "01:02:03.45" as "15:04:05.000": cannot parse ".45" as ".000")"},
  };
  for (const Row& row : rows) {
    INFO(row.layout << " of " << row.text);
    const auto time = parse_time(row.layout, row.text);
    CHECK((time ? time_text(*time) : time.error().message) == row.out);
  }
}

TEST_CASE("zones shift the clock, not the instant") {
  const auto berlin = load_zone("Europe/Berlin");
  REQUIRE(berlin.has_value());
  Time summer = from_civil(2024, 7, 1, 12, 0, 0, 0), winter = from_civil(2024, 1, 1, 12, 0, 0, 0);
  summer.zone = winter.zone = *berlin;
  CHECK(format_time(summer, "15:04 MST -07:00") == "14:00 CEST +02:00");
  CHECK(format_time(winter, "15:04 MST -07:00") == "13:00 CET +01:00");
  CHECK(load_zone("Nowhere/Town").error().message == "unknown time zone Nowhere/Town");
}

TEST_CASE("the calendar is right at its edges") {
  CHECK(time_text(Time{}) == "0001-01-01 00:00:00 +0000 UTC");
  CHECK(time_text(Time::from_ms(-1)) == "1969-12-31 23:59:59.999 +0000 UTC");
  CHECK(civil(from_civil(2024, 2, 30, 0, 0, 0, 0)).month == 3);
  CHECK(civil(from_civil(2024, 14, 1, 0, 0, 0, 0)).year == 2025);
  CHECK(civil(from_civil(2024, 12, 31, 0, 0, 0, 0)).year_day == 366);
  CHECK(civil(from_civil(-1, 1, 1, 0, 0, 0, 0)).year == -1);
  for (std::int64_t day = -200000; day < 200000; day += 97) {
    const CivilTime c = civil(Time{day * 86400, 0, nullptr});
    CHECK(from_civil(c.year, c.month, c.day, 0, 0, 0, 0).seconds == day * 86400);
  }
  CHECK(Time::from_ms(0).plus(std::chrono::milliseconds(-1)).seconds == -1);
  CHECK(Time::from_ms(5000).minus(Time::from_ms(2500)) == std::chrono::milliseconds(2500));
}
