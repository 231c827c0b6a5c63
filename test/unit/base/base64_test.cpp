#include "base/base64.hpp"

#include <catch2/catch.hpp>

#include "base/rng.hpp"

using namespace tocsin;

TEST_CASE("what is encoded is decoded again", "[base]") {
  Rng rng(3);
  for (std::size_t size = 0; size < 40; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(rng.next());
    CHECK(base64_decode(base64_encode(bytes)) == bytes);
    CHECK(base64_url_decode(base64_url_encode(bytes)) == bytes);
  }
  CHECK(base64_decode("YT8+fsOp") == "a?>~\xC3\xA9");
  CHECK(base64_url_decode("YT8-fsOp") == "a?>~\xC3\xA9");
}

TEST_CASE("line breaks are passed over, also within the padding", "[base]") {
  CHECK(base64_decode("\r\nYW\nJ\r\njZA=\n=\n") == "abcd");
  CHECK(base64_decode("\n") == "");
}

TEST_CASE("a text that is wrong is told with the byte that Go names", "[base]") {
  struct Case {
    const char* text;
    std::size_t at;
  };
  const Case cases[] = {{"a", 0},     {"YQ", 0},    {"YWJj\nYQ", 5}, {"YQ=", 3},      {"YQ=x", 2},
                        {"=", 0},     {"Y===", 1},  {"YQ==\nYQ", 5}, {"YWI=YQ==", 4}, {"YW-j", 2},
                        {"YW Jj", 2}, {"YQ=\n", 4}, {"YWJj!", 4}};
  for (const Case& c : cases) {
    INFO(c.text);
    const auto decoded = base64_decode(c.text);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error() == c.at);
  }
}
