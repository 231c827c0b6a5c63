#include "exporters/postgres/values.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "exporters/postgres/server_version.hpp"

namespace tocsin::exporters::postgres {

TEST_CASE("points in time are read with their zone, in seconds", "[postgres]") {
  CHECK(parse_time("1970-01-01 00:00:00+00") == 0);
  CHECK(parse_time("2026-01-02 03:04:05.678901+00") == 1767323045);
  CHECK(parse_time("2026-01-02 03:04:05+01:30") == 1767323045 - 5400);
  CHECK(parse_time("2026-01-01 22:04:05-05") == 1767323045);
  CHECK(parse_time("2026-01-02 03:04:05") == 1767323045);
  CHECK(parse_time("2026-01-02") == 1767312000);
  CHECK(parse_time("2024-02-29") == 1709164800);
  CHECK(parse_time("0001-01-01") == -62135596800);
  CHECK(parse_time("0001-01-01 BC") == -62135596800 - 366 * 86400LL);
  CHECK(parse_time("294276-12-31 23:59:59.999999+00") == 9224318015999);
  for (const char* wrong :
       {"", "infinity", "2026", "2026-13-01", "2026-01-00", "2026-01-02x", "2026-01-02 03:04", "2026-01-02 03:04:05.",
        "2026-01-02 03:04:05+", "2026-01-02 03:04:05+01:00:00:00", "99999999-01-01", "-1-01-01"}) {
    INFO(wrong);
    CHECK_FALSE(parse_time(wrong));
  }
}

TEST_CASE("texts become numbers by their type", "[postgres]") {
  CHECK(to_number(kBoolType, "t") == 1);
  CHECK(to_number(kBoolType, "f") == 0);
  CHECK(to_number(20, "-42") == -42);
  CHECK(to_number(1700, "1.5e3") == 1500);
  CHECK(to_number(701, "Infinity") == HUGE_VAL);
  CHECK(std::isnan(*to_number(701, "NaN")));
  CHECK(to_number(kTimestamptzType, "1970-01-01 00:01:00+00") == 60);
  CHECK_FALSE(to_number(25, "abc"));
  CHECK_FALSE(to_number(25, ""));
  CHECK_FALSE(to_number(kTimestamptzType, "infinity"));
  CHECK(to_label(kBoolType, "t") == "true");
  CHECK(to_label(kBoolType, "f") == "false");
  CHECK(to_label(kDateType, "1970-01-02") == "86400");
  CHECK(to_label(25, "a b") == "a b");
}

TEST_CASE("arrays of numbers are read, others are not", "[postgres]") {
  CHECK(parse_number_array("{}") == std::vector<double>{});
  CHECK(parse_number_array("{1,2.5,NULL,Infinity}") == std::vector<double>{1, 2.5, 0, HUGE_VAL});
  for (const char* wrong : {"", "{", "1", "{a}", "{1,}", "{{1},{2}}", "{\"1\"}"}) {
    INFO(wrong);
    CHECK_FALSE(parse_number_array(wrong));
  }
}

TEST_CASE("ranges of versions hold as semver's do", "[postgres]") {
  struct Case {
    const char* range;
    int version;
    bool holds;
  };
  const Case cases[] = {
      {"", 150020, true},
      {">=10.0.0", 90603, false},
      {">=10.0.0", 100000, true},
      {">= 10.0.0 <14.0.0", 130004, true},
      {">=10.0.0 <14.0.0", 140000, false},
      {"<10.0.0 || >=15.0.0", 120000, false},
      {"<10.0.0 || >=15.0.0", 90624, true},
      {"9.6.x", 90624, true},
      {"9.6.x", 90500, false},
      {"15.x", 150020, true},
      {"=15.20.0", 150020, true},
      {"15.20.0", 150019, false},
      {"!=15.20.0", 150020, false},
      {"!15.20.0", 150019, true},
      {">9.5.x", 90599, false},
      {">9.5.x", 90600, true},
      {"<=9.5.3", 90503, true},
      {"x", 90503, true},
  };
  for (const Case& c : cases) {
    INFO(c.range << " " << c.version);
    const auto range = sql::VersionRange::parse(c.range);
    REQUIRE(range);
    CHECK(range->contains(server_version(c.version)) == c.holds);
  }
  for (const char* wrong : {"a", ">=", "1.2.3.4", "1..2", ">=1 ||", "|| 1", "1,2", "-1", "99999999999"}) {
    INFO(wrong);
    CHECK_FALSE(sql::VersionRange::parse(wrong));
  }
}

}  // namespace tocsin::exporters::postgres
