#include "base/float_text.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

using namespace tocsin;

TEST_CASE("numbers are written in each of Go's forms") {
  struct Case {
    double value;
    const char* api;
    const char* g;
    const char* e;
    const char* f;
  };
  const double inf = HUGE_VAL;
  const Case cases[] = {
      {0, "0", "0", "0e+00", "0"},
      {-0.0, "-0", "-0", "-0e+00", "-0"},
      {1, "1", "1", "1e+00", "1"},
      {-1, "-1", "-1", "-1e+00", "-1"},
      {0.1, "0.1", "0.1", "1e-01", "0.1"},
      {100, "100", "100", "1e+02", "100"},
      {123456, "123456", "123456", "1.23456e+05", "123456"},
      {1234567, "1234567", "1.234567e+06", "1.234567e+06", "1234567"},
      {1e6, "1000000", "1e+06", "1e+06", "1000000"},
      {1e20, "100000000000000000000", "1e+20", "1e+20", "100000000000000000000"},
      {1e21, "1e+21", "1e+21", "1e+21", "1000000000000000000000"},
      {100000000.5, "100000000.5", "1.000000005e+08", "1.000000005e+08", "100000000.5"},
      {0.0001, "0.0001", "0.0001", "1e-04", "0.0001"},
      {0.00001, "0.00001", "1e-05", "1e-05", "0.00001"},
      {1e-6, "0.000001", "1e-06", "1e-06", "0.000001"},
      {1e-7, "1e-07", "1e-07", "1e-07", "0.0000001"},
      {1.5e-10, "1.5e-10", "1.5e-10", "1.5e-10", "0.00000000015"},
      {1e100, "1e+100", "1e+100", "1e+100", nullptr},
      {5e-324, "5e-324", "5e-324", "5e-324", nullptr},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308", "1.7976931348623157e+308",
       "1.7976931348623157e+308", nullptr},
      {1700000000.123, "1700000000.123", "1.700000000123e+09", "1.700000000123e+09", "1700000000.123"},
      {NAN, "NaN", "NaN", "NaN", "NaN"},
      {inf, "+Inf", "+Inf", "+Inf", "+Inf"},
      {-inf, "-Inf", "-Inf", "-Inf", "-Inf"},
  };
  for (const Case& c : cases) {
    INFO(c.g);
    CHECK(format_float_api(c.value) == c.api);
    CHECK(format_float_g(c.value) == c.g);
    CHECK(format_float_e(c.value) == c.e);
    if (c.f != nullptr) CHECK(format_float_f(c.value) == c.f);
    std::string out = "x ";
    append_float_expo(out, c.value);
    CHECK(out == "x " + std::string(c.g));
  }
}

TEST_CASE("every form reads back as the same number") {
  Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(rng.next());
    if (std::isnan(value)) continue;
    for (const std::string& text :
         {format_float_api(value), format_float_g(value), format_float_e(value), format_float_f(value)}) {
      double back = 0;
      INFO(text);
      REQUIRE(parse_float(text, back));
      REQUIRE(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value));
    }
  }
}

TEST_CASE("numbers from 1e-6 to 1e15 are written in plain form, with the digits that std::to_chars finds") {
  Rng rng(11);
  for (int i = 0; i < 100'000; ++i) {
    const double value = std::ldexp(rng.uniform() - 0.5, static_cast<int>(rng.next() % 72) - 20);
    if (std::fabs(value) < 1e-6 || std::fabs(value) >= 1e15) continue;
    std::array<char, 64> text;
    const auto plain = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const std::string expected(text.data(), plain.ptr);
    REQUIRE(format_float_api(value) == expected);
    REQUIRE(format_float_f(value) == expected);
    if (std::fabs(value) >= 1e-4 && std::fabs(value) < 1e6) REQUIRE(format_float_g(value) == expected);
    std::array<char, kMaxFloatApiBytes> written;
    REQUIRE(std::string(written.data(), write_float_api(written.data(), value)) == expected);
  }
}

TEST_CASE("whole numbers of expositions have the digits of the slow way") {
  Rng rng(13);
  for (int i = 0; i < 200'000; ++i) {
    double value = static_cast<double>(rng.next() >> rng.next() % 64U);
    if (i % 3 == 0) value = std::round(value / 1000) * 1000;  // zeros at the end
    if (std::fabs(value) < 1e6) continue;
    if (i % 2 == 0) value = -value;
    REQUIRE(format_float_g(value) == format_float_e(value));
  }
  for (const double value :
       {1e6, 1e15, 999999999999999.0, 9007199254740991.0, 9007199254740992.0, 9007199254740994.0}) {
    CHECK(format_float_g(value) == format_float_e(value));
  }
}

TEST_CASE("numbers of few decimals have the digits that std::to_chars finds") {
  Rng rng(17);
  for (int i = 0; i < 200'000; ++i) {
    const double scale = std::pow(10, static_cast<double>(rng.next() % 11));  // one decimal too many, too
    const double value = static_cast<double>(rng.next() >> (14 + rng.next() % 50)) / scale;
    if (value == 0 || value >= 1e6) continue;
    std::array<char, 64> text;
    const bool small = value < 1e-4;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                   small ? std::chars_format::scientific : std::chars_format::fixed)
                         .ptr;
    REQUIRE(format_float_g(value) == std::string(text.data(), end));
    REQUIRE(format_float_g(-value) == "-" + std::string(text.data(), end));
    if (!small) REQUIRE(format_float_api(value) == std::string(text.data(), end));
  }
}

TEST_CASE("a number of any size fits into the space that is asked for") {
  for (const double value : {-1.2345678901234567e-6, -9.8765432109876543e20, -1.7976931348623157e308, -0.0, 0.0,
                             -2.2250738585072014e-308, -1.2345678901234567e-4, -123456789012345.67}) {
    std::array<char, kMaxFloatApiBytes> written;
    const std::string text(written.data(), write_float_api(written.data(), value));
    CHECK(text == format_float_api(value));
    CHECK(text.size() <= kMaxFloatApiBytes);
  }
}

TEST_CASE("numbers are read as Go's ParseFloat reads them") {
  struct Case {
    const char* text;
    double value;
  };
  const Case good[] = {
      {"0", 0},
      {"1", 1},
      {"+1", 1},
      {"-1", -1},
      {".5", 0.5},
      {"5.", 5},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"1e-3", 0.001},
      {"0x1p3", 8},
      {"0X1.8P1", 3},
      {"-0x.8p0", -0.5},
      {"inf", HUGE_VAL},
      {"+Inf", HUGE_VAL},
      {"-INF", -HUGE_VAL},
      {"Infinity", HUGE_VAL},
      {"-infinity", -HUGE_VAL},
      {"1e400", HUGE_VAL},
      {"-1e400", -HUGE_VAL},
      {"1e-400", 0},
      {"0x1p2000", HUGE_VAL},
      {"4.9e-324", 5e-324},
      {"00012", 12},
      {"123456789012345678901234567890", 1.2345678901234568e29},
  };
  for (const Case& c : good) {
    INFO(c.text);
    double value = 42;
    REQUIRE(parse_float(c.text, value));
    CHECK(value == c.value);
  }
  for (const char* text : {"nan", "NaN", "NAN"}) {
    double value = 0;
    REQUIRE(parse_float(text, value));
    CHECK(std::isnan(value));
  }
  for (const char* text :
       {"",   "+",    "-",      ".",    "e3",   "1e",   "1e+", "--1", "+-1",    "1 ",    " 1", "1_000", "0x1",
        "0x", "0xp1", "0x-1p1", "+nan", "-nan", "infi", "in",  "na",  "nan(1)", "1.2.3", "1f", "0b1",   "1p3"}) {
    INFO(text);
    double value = 0;
    CHECK_FALSE(parse_float(text, value));
  }
}
