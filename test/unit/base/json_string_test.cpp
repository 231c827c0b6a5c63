#include "base/json_string.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;

namespace {

std::string json(std::string_view text, JsonStyle style) {
  std::string out = "x";
  append_json_string(out, text, style);
  return out;
}

}  // namespace

TEST_CASE("a string of JSON has the escapes of its style", "[base]") {
  const std::string_view text = "a\"\\\b\f\n\r\t\x01<>&\x7f \xC3\xA9\xE2\x80\xA8\xE2\x80\xA9\xff";
  CHECK(json(text, JsonStyle::kGo) ==
        "x\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u003c\\u003e\\u0026\x7f \xC3\xA9\\u2028\\u2029\\ufffd\"");
  CHECK(json(text, JsonStyle::kJsoniter) ==
        "x\"a\\\"\\\\\\u0008\\u000c\\n\\r\\t\\u0001\\u003c\\u003e\\u0026\x7f \xC3\xA9\\u2028\\u2029\\ufffd\"");
  CHECK(json(text, JsonStyle::kPlain) ==
        "x\"a\\\"\\\\\\u0008\\u000c\\n\\r\\t\\u0001<>&\x7f \xC3\xA9\xE2\x80\xA8\xE2\x80\xA9\xEF\xBF\xBD\"");
}

TEST_CASE("each byte that is no UTF-8 is a replacement character, and what is around it stays", "[base]") {
  CHECK(json("\xC3", JsonStyle::kGo) == "x\"\\ufffd\"");
  CHECK(json("a\xE2\x80z", JsonStyle::kGo) == "x\"a\\ufffd\\ufffdz\"");
  CHECK(json("", JsonStyle::kPlain) == "x\"\"");
}

TEST_CASE("a long text with escapes all over is written piece by piece, and nothing is lost at the seams", "[base]") {
  std::string text, expected = "x\"";
  for (int i = 0; i < 2000; ++i) {
    text += i % 7 == 0 ? "\xC3\xA9" : i % 3 == 0 ? "\"" : i % 5 == 0 ? "<" : "plain text of some length";
    expected += i % 7 == 0 ? "\xC3\xA9" : i % 3 == 0 ? "\\\"" : i % 5 == 0 ? "\\u003c" : "plain text of some length";
  }
  CHECK(json(text, JsonStyle::kGo) == expected + "\"");
}
