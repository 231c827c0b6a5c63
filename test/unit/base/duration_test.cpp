#include "base/duration.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr auto kDay = 24h;

std::string message(const Result<Duration>& result) {
  return result ? "no error" : result.error().message;
}

}  // namespace

TEST_CASE("Prometheus durations are read and written") {
  struct Case {
    const char* text;
    Duration duration;
    const char* written;
  };
  const Case cases[] = {
      {"0", 0s, "0s"},
      {"0w", 0s, "0s"},
      {"0s", 0s, "0s"},
      {"324ms", 324ms, "324ms"},
      {"3s", 3s, "3s"},
      {"5m", 5min, "5m"},
      {"1h", 1h, "1h"},
      {"4d", 4 * kDay, "4d"},
      {"4d1h", 4 * kDay + 1h, "4d1h"},
      {"14d", 14 * kDay, "2w"},
      {"3w", 21 * kDay, "3w"},
      {"3w2d1h", 23 * kDay + 1h, "23d1h"},
      {"10y", 3650 * kDay, "10y"},
      {"1h30m", 90min, "1h30m"},
      {"90s", 90s, "1m30s"},
      {"1y2w3d4h5m6s7ms", 365 * kDay + 17 * kDay + 4h + 5min + 6s + 7ms, "382d4h5m6s7ms"},
      {"106751d", 106751 * kDay, "106751d"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto parsed = parse_duration(c.text);
    REQUIRE(parsed);
    CHECK(*parsed == c.duration);
    CHECK(format_duration(c.duration) == c.written);
  }
  CHECK(format_duration(-90s) == "-1m30s");
  CHECK(format_duration(999us) == "0s");
}

TEST_CASE("what is no Prometheus duration is refused in its words") {
  CHECK(message(parse_duration("")) == "empty duration string");
  CHECK(message(parse_duration("5x")) == "unknown unit \"x\" in duration \"5x\"");
  CHECK(message(parse_duration("1.5h")) == "unknown unit \".\" in duration \"1.5h\"");
  CHECK(message(parse_duration("-5m")) == "not a valid duration string: \"-5m\"");
  CHECK(message(parse_duration("300y")) == "duration out of range");
  CHECK(message(parse_duration("290y120w")) == "no error");
  CHECK(message(parse_duration("292y52w")) == "duration out of range");
  for (const char* text : {"1", "m", "1s1m", "1m1m", "1w1y", "1ms1s", " 1s", "15", "1234567890123456789012s"}) {
    INFO(text);
    CHECK_THAT(message(parse_duration(text)), Catch::StartsWith("not a valid duration string: "));
  }
  CHECK_THAT(message(parse_duration("1s ")), Catch::StartsWith("unknown unit \"s \""));
}

TEST_CASE("Go's durations are read and written") {
  struct Case {
    const char* text;
    Duration duration;
    const char* written;
  };
  const Case cases[] = {
      {"0", 0s, "0s"},
      {"5s", 5s, "5s"},
      {"-5s", -5s, "-5s"},
      {"+5s", 5s, "5s"},
      {"1.5h", 90min, "1h30m0s"},
      {".5s", 500ms, "500ms"},
      {"5.s", 5s, "5s"},
      {"1h15m30.918s", 1h + 15min + 30s + 918ms, "1h15m30.918s"},
      {"11us", 11us, "11\u00b5s"},
      {"12\u00b5s", 12us, "12\u00b5s"},
      {"12\u03bcs", 12us, "12\u00b5s"},
      {"1.1us", 1100ns, "1.1\u00b5s"},
      {"7ns", 7ns, "7ns"},
      {"2200us", 2200us, "2.2ms"},
      {"3m10s", 190s, "3m10s"},
      {"1m1h", 61min, "1h1m0s"},
      {"0.100000000000000000000h", 6min, "6m0s"},
      {"9223372036854775807ns", Duration::max(), "2562047h47m16.854775807s"},
      {"-9223372036854775808ns", Duration::min(), "-2562047h47m16.854775808s"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto parsed = parse_go_duration(c.text);
    REQUIRE(parsed);
    CHECK(*parsed == c.duration);
    CHECK(format_go_duration(c.duration) == c.written);
  }
}

TEST_CASE("what is no Go duration is refused in its words") {
  CHECK(message(parse_go_duration("")) == "time: invalid duration \"\"");
  CHECK(message(parse_go_duration("3")) == "time: missing unit in duration \"3\"");
  CHECK(message(parse_go_duration("1d")) == "time: unknown unit \"d\" in duration \"1d\"");
  for (const char* text : {"-", "s", ".", ".s", "+.s", "9223372036854775808ns", "3000000h", "-9223372036854775809ns"}) {
    INFO(text);
    CHECK_THAT(message(parse_go_duration(text)), Catch::StartsWith("time: invalid duration"));
  }
}
