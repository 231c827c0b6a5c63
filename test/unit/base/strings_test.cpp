#include "base/strings.hpp"

#include <catch2/catch.hpp>

#include "base/utf8.hpp"

using namespace tocsin;

TEST_CASE("texts are split, trimmed and replaced") {
  CHECK(split("a,b,,c", ',') == std::vector<std::string_view>{"a", "b", "", "c"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
  CHECK(split(",", ',') == std::vector<std::string_view>{"", ""});
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(to_lower("AbZ[\u00c4") == "abz[\u00c4");
  CHECK(equal_ignoring_case("GzIp", "gZiP"));
  CHECK_FALSE(equal_ignoring_case("gzip", "gzi"));
  CHECK(replace_all("aXbXX", "X", "yX") == "ayXbyXyX");
  CHECK(replace_all("abc", "", "x") == "abc");
}

TEST_CASE("texts are quoted as Go quotes them") {
  struct Case {
    std::string text;
    const char* quoted;
  };
  const Case cases[] = {
      {"plain", R"("plain")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\a\b\f\n\r\t\v", R"("\a\b\f\n\r\t\v")"},
      {std::string("\0\x01\x7f", 3), R"("\x00\x01\x7f")"},
      {"\u00e9\u20ac\U0001f600", "\"\u00e9\u20ac\U0001f600\""},
      {"\u00a0\u200b\ufeff", R"("\u00a0\u200b\ufeff")"},
      {"\ue000\U000e0001", R"("\ue000\U000e0001")"},
      {"\xff\xc3(", R"("\xff\xc3(")"},
      {"\xed\xa0\x80", R"("\xed\xa0\x80")"},
  };
  for (const Case& c : cases) CHECK(go_quote(c.text) == c.quoted);
}

TEST_CASE("UTF-8 is checked to the letter of the standard") {
  for (const char* text : {"", "abc", "\u00e9", "\u0800", "\uffff", "\U00010000", "\U0010ffff"})
    CHECK(is_valid_utf8(text));
  for (const char* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "a\xff"}) {
    CHECK_FALSE(is_valid_utf8(text));
  }
}

TEST_CASE("each code point survives writing and reading") {
  for (std::uint32_t code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 97) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    std::string text;
    append_utf8(text, code);
    const Rune rune = decode_utf8(text);
    REQUIRE(rune.valid);
    REQUIRE(rune.code == code);
    REQUIRE(rune.size == text.size());
  }
  std::string text;
  append_utf8(text, 0xd800);
  append_utf8(text, 0x110000);
  CHECK(text == "\ufffd\ufffd");
}

TEST_CASE("letters and digits are told from the rest") {
  for (const std::uint32_t code : {U'a', U'Z', U'0', U'9', U'\u00e9', U'\u4e2d', U'\u0663'})
    CHECK(is_letter_or_digit(code));
  for (const std::uint32_t code : {U'_', U'-', U' ', U'@', U'[', U'`', U'{', U'\u00b0', U'\u20ac'}) {
    CHECK_FALSE(is_letter_or_digit(code));
  }
}

TEST_CASE("queries are escaped as Go escapes them") {
  CHECK(query_escape("a b&c=d/e?f+g~h") == "a+b%26c%3Dd%2Fe%3Ff%2Bg~h");
  CHECK(query_escape("\u00e9-_.") == "%C3%A9-_.");
}

TEST_CASE("times are written and read in RFC 3339") {
  struct Case {
    std::int64_t ms;
    const char* text;
  };
  const Case cases[] = {{0, "1970-01-01T00:00:00Z"},
                        {1767323045678, "2026-01-02T03:04:05.678Z"},
                        {1767323045670, "2026-01-02T03:04:05.67Z"},
                        {-1, "1969-12-31T23:59:59.999Z"},
                        {-62135596800000, "0001-01-01T00:00:00Z"},
                        {951782400000, "2000-02-29T00:00:00Z"},
                        {253402300799999, "9999-12-31T23:59:59.999Z"}};
  for (const Case& c : cases) {
    CHECK(format_rfc3339(c.ms) == c.text);
    std::int64_t back = 1;
    REQUIRE(parse_rfc3339(c.text, back));
    CHECK(back == c.ms);
  }
  std::int64_t ms = 0;
  REQUIRE(parse_rfc3339("2026-01-02T03:04:05.678999+01:30", ms));
  CHECK(ms == 1767323045678 - 90 * 60'000);
  REQUIRE(parse_rfc3339("2026-01-02t03:04:05-00:30", ms));
  CHECK(ms == 1767323045000 + 30 * 60'000);
  for (const char* text : {"", "2026-01-02", "2026-01-02T03:04:05", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
                           "2026-01-02T24:00:00Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx",
                           "2026-01-02T03:04:05+1:00", "26-01-02T03:04:05Z", "2026-01-02T03:60:05Z"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text, ms));
  }
}
