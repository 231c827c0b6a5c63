#include "net/http_text.hpp"

#include <catch2/catch.hpp>

namespace tocsin::net {

TEST_CASE("dates are RFC 9110's", "[net]") {
  CHECK(http_date(784'111'777'000) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(1'709'210'096'999) == "Thu, 29 Feb 2024 12:34:56 GMT");
}

TEST_CASE("reasons are known by their status", "[net]") {
  CHECK(reason_phrase(100) == "Continue");
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(505) == "HTTP Version Not Supported");
  CHECK(reason_phrase(299).empty());
}

TEST_CASE("gzip is taken or refused by Accept-Encoding", "[net]") {
  struct Case {
    const char* field;
    bool expected;
  };
  const Case cases[] = {
      {"", false},         {"gzip", true},           {"GZIP", true},         {"deflate, gzip;q=1.0", true},
      {"gzip;q=0", false}, {"gzip; q=0.000", false}, {"gzip;q=0.001", true}, {"*", true},
      {"*;q=0", false},    {"gzip;q=0, *", false},   {"*, gzip;q=0", false}, {"br", false},
      {"identity", false}, {"gzipped", false},       {",,gzip,,", true},     {"x-gzip", true},
  };
  for (const Case& c : cases) {
    INFO(c.field);
    CHECK(accepts_gzip(c.field) == c.expected);
  }
}

TEST_CASE("fields that would break the framing are defused", "[net]") {
  Headers headers{{"A", "b\r\nc"}, {"bad name", "d"}, {"content-length", "9"}, {"TRANSFER-ENCODING", "x"}, {"E", "f"}};
  std::string out;
  append_fields(out, headers);
  CHECK(out == "A: b  c\r\nE: f\r\n");
  out.clear();
  append_fields(out, headers, "a");
  CHECK(out == "E: f\r\n");
  CHECK(is_token("X-Fine_1"));
  CHECK_FALSE(is_token(""));
  CHECK_FALSE(is_token("a:b"));
  CHECK_FALSE(is_token(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_token("\xc3\xa4"));
  CHECK(is_field_value("tab\tand \xc3\xa4"));
  CHECK_FALSE(is_field_value(std::string_view("a\0b", 3)));
}

}  // namespace tocsin::net
