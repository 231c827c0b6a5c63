#include "yaml/node.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace tocsin;
using yaml::Node;

namespace {

Node value_of(const std::string& text) {
  const auto parsed = yaml::parse("k: " + text + "\n", "f.yml");
  INFO(text << ": " << (parsed ? "" : parsed.error().message));
  REQUIRE(parsed);
  return (*parsed)["k"];
}

template <typename T>
std::string message(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

}  // namespace

TEST_CASE("any scalar is good where a string is wanted") {
  struct Case {
    const char* text;
    const char* value;
  };
  const Case cases[] = {{"abc", "abc"},
                        {"5", "5"},
                        {"0x10", "0x10"},
                        {"true", "true"},
                        {"\"5\"", "5"},
                        {"'it''s'", "it's"},
                        {"1_000", "1_000"},
                        {"~", ""},
                        {"!!str 7", "7"},
                        {"2020-01-01", "2020-01-01"},
                        {"!!binary /w==", "\xff"},
                        {"!!binary aGVsbG8=", "hello"},
                        {"|\n  a\n  b\n", "a\nb\n"}};
  for (const Case& c : cases) {
    INFO(c.text);
    const auto value = value_of(c.text).as_string();
    REQUIRE(value);
    CHECK(*value == c.value);
  }
  CHECK(message(value_of("[a]").as_string()) == "f.yml:1:4: cannot unmarshal !!seq into string");
  CHECK(message(value_of("{a: b}").as_string()) == "f.yml:1:4: cannot unmarshal !!map into string");
}

TEST_CASE("booleans are those of YAML 1.1, unquoted") {
  for (const char* text : {"true", "True", "TRUE", "yes", "Yes", "on", "ON", "y", "Y", "!!bool \"true\""}) {
    INFO(text);
    CHECK(value_of(text).as_bool().value());
  }
  for (const char* text : {"false", "False", "no", "NO", "off", "n"}) {
    INFO(text);
    CHECK_FALSE(value_of(text).as_bool().value());
  }
  CHECK(message(value_of("\"true\"").as_bool()) == "f.yml:1:4: cannot unmarshal !!str `true` into bool");
  CHECK(message(value_of("1").as_bool()) == "f.yml:1:4: cannot unmarshal !!int `1` into bool");
  CHECK(message(value_of("tRue").as_bool()) == "f.yml:1:4: cannot unmarshal !!str `tRue` into bool");
  CHECK(message(value_of("[true]").as_bool()) == "f.yml:1:4: cannot unmarshal !!seq into bool");
}

TEST_CASE("integers have Go's prefixes and limits") {
  struct Case {
    const char* text;
    std::int64_t value;
  };
  const Case cases[] = {{"0", 0},
                        {"12", 12},
                        {"-7", -7},
                        {"+3", 3},
                        {"0x1F", 31},
                        {"010", 8},
                        {"0o17", 15},
                        {"0b101", 5},
                        {"1_000", 1000},
                        {"1e3", 1000},
                        {"2.0", 2},
                        {"9223372036854775807", INT64_MAX},
                        {"-9223372036854775808", INT64_MIN}};
  for (const Case& c : cases) {
    INFO(c.text);
    const auto value = value_of(c.text).as_int();
    REQUIRE(value);
    CHECK(*value == c.value);
  }
  CHECK(message(value_of("9223372036854775808").as_int()) == "f.yml:1:4: cannot unmarshal !!int `9223372...` into int");
  for (const char* text : {"\"1\"", "1.5", "x", "1e30", "0x", "--1", "[]", "1 2"}) {
    INFO(text);
    CHECK_THAT(message(value_of(text).as_int()),
               Catch::StartsWith("f.yml:1:4: cannot unmarshal !!") && Catch::EndsWith(" into int"));
  }
}

TEST_CASE("numbers are read as floats") {
  CHECK(value_of("1.5").as_double().value() == 1.5);
  CHECK(value_of("-.5e3").as_double().value() == -500);
  CHECK(value_of("7").as_double().value() == 7);
  CHECK(value_of(".inf").as_double().value() == HUGE_VAL);
  CHECK(value_of("-.Inf").as_double().value() == -HUGE_VAL);
  CHECK(std::isnan(value_of(".NaN").as_double().value()));
  CHECK(message(value_of("inf").as_double()) == "f.yml:1:4: cannot unmarshal !!str `inf` into float64");
  CHECK(message(value_of("1.2.3").as_double()) == "f.yml:1:4: cannot unmarshal !!str `1.2.3` into float64");
}

TEST_CASE("durations and sizes say what is wrong with them and where") {
  CHECK(value_of("1m30s").as_duration().value() == std::chrono::seconds(90));
  CHECK(message(value_of("15").as_duration()) == "f.yml:1:4: not a valid duration string: \"15\"");
  CHECK(message(value_of("[1s]").as_duration()) == "f.yml:1:4: cannot unmarshal !!seq into string");
  struct Case {
    const char* text;
    std::uint64_t bytes;
  };
  const Case sizes[] = {{"100B", 100}, {"10MB", 10U << 20U}, {"1GiB", 1U << 30U}, {"1.5KB", 1536}, {"1KB2B", 1026},
                        {"0", 0},      {"2TB", 2ULL << 40U}};
  for (const Case& c : sizes) {
    INFO(c.text);
    const auto bytes = value_of(c.text).as_bytes();
    REQUIRE(bytes);
    CHECK(*bytes == c.bytes);
  }
  CHECK(message(value_of("100").as_bytes()) == "f.yml:1:4: units: unknown unit  in 100");
  CHECK(message(value_of("1XB").as_bytes()) == "f.yml:1:4: units: unknown unit XB in 1XB");
  CHECK(message(value_of("-1KB").as_bytes()) == "f.yml:1:4: units: invalid -1KB");
  CHECK(message(value_of("99999999EB").as_bytes()) == "f.yml:1:4: units: overflow parsing unit");
}

TEST_CASE("lists of strings take any scalars, and nothing but lists") {
  const auto texts = value_of("[a, 1, true, ~]").as_strings();
  REQUIRE(texts);
  CHECK(*texts == std::vector<std::string>{"a", "1", "true", ""});
  CHECK(message(value_of("foo").as_strings()) == "f.yml:1:4: cannot unmarshal !!str `foo` into []string");
  CHECK(message(value_of("[[a]]").as_strings()) == "f.yml:1:5: cannot unmarshal !!seq into string");
}

TEST_CASE("a long value is cut in the message, between code points") {
  CHECK(message(value_of("abcdefghijk").as_bool()) == "f.yml:1:4: cannot unmarshal !!str `abcdefg...` into bool");
  CHECK(message(value_of("abcdef\u20acuvwxyz").as_bool()) == "f.yml:1:4: cannot unmarshal !!str `abcdef...` into bool");
}

TEST_CASE("a path in a document is seen from the folder of its file") {
  struct Case {
    const char* file;
    const char* path;
    const char* seen;
  };
  const Case c = GENERATE(values<Case>({
      {"/etc/prometheus/prometheus.yml", "targets/*.json", "/etc/prometheus/targets/*.json"},
      {"/etc/prometheus/prometheus.yml", "/srv/t.yml", "/srv/t.yml"},
      {"/prometheus.yml", "t.yml", "/t.yml"},
      {"conf/prometheus.yml", "t.yml", "conf/t.yml"},
      {"prometheus.yml", "t.yml", "t.yml"},
      {"/etc/prometheus/prometheus.yml", "", ""},
  }));
  const auto node = yaml::parse("a: 1", c.file);
  REQUIRE(node);
  CHECK((*node)["a"].beside(c.path) == c.seen);
}
