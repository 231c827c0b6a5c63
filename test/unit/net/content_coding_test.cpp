#include "net/content_coding.hpp"

#include <catch2/catch.hpp>

#include "net/zstd.hpp"
#include "support/unzstd.hpp"

namespace tocsin::net {

TEST_CASE("a client gets the compression that it prefers", "[net]") {
  struct Case {
    std::string_view field, expected;
  };
  for (const Case& c : std::initializer_list<Case>{{"", ""},
                                                   {"gzip", "gzip"},
                                                   {"zstd", "zstd"},
                                                   {"ZSTD, GZIP", "zstd"},
                                                   {"gzip, zstd", "zstd"},
                                                   {"gzip, deflate, br, zstd", "zstd"},
                                                   {"zstd;q=0.5, gzip", "gzip"},
                                                   {"zstd;q=0.5, gzip;q=0.4", "zstd"},
                                                   {"zstd;q=0, gzip;q=0.1", "gzip"},
                                                   {"identity, gzip;q=0.5, zstd;q=0.9", ""},
                                                   {"identity;q=0.5, gzip;q=0.5", "gzip"},
                                                   {"identity;q=0", ""},
                                                   {"*", "gzip"},
                                                   {"*;q=0", ""},
                                                   {"gzip;q=0, *", ""},
                                                   {"x-gzip", "gzip"},
                                                   {"zstd;q=what", ""},
                                                   {"br, deflate", ""},
                                                   {",;,=;q=;zstd", ""}}) {
    INFO(c.field);
    CHECK(coding_name(choose_coding(c.field)) == c.expected);
  }
}

TEST_CASE("zstd of any text unpacks to it", "[net]") {
  for (const std::size_t size : {0U, 1U, 1000U, 1'000'000U}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i * i % 251);
    CHECK(test::unzstd(zstd(text)) == text);
  }
}

}  // namespace tocsin::net
