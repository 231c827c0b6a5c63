#include "base/hash.hpp"

#include <catch2/catch.hpp>

#include "base/rng.hpp"

using namespace tocsin;

TEST_CASE("hashes equal the published vectors") {
  CHECK(xxhash64("") == 0xef46db3751d8e999ULL);
  CHECK(xxhash64("a") == 0xd24ec4f1a98c6e5bULL);
  CHECK(xxhash64("abc") == 0x44bc2cf5ad770999ULL);
  CHECK(fnv1a64("") == 0xcbf29ce484222325ULL);
  CHECK(fnv1a64("a") == 0xaf63dc4c8601ec8cULL);
  CHECK(fnv1a64("foobar") == 0x85944171f73967e8ULL);
  CHECK(fnv1a64_add(fnv1a64("foo"), "bar") == fnv1a64("foobar"));
}

TEST_CASE("CRC-32C equals the vectors of RFC 3720") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283U);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  CHECK(crc32c(rising) == 0x46dd794eU);
}

TEST_CASE("the processor's CRC-32C and the table's agree, in one piece and in two") {
  Rng rng(3);
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(rng.next());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string_view text = std::string_view(bytes).substr(0, size);
    const std::uint32_t sum = crc32c(text);
    CHECK(sum == ~internal::crc32c_table(text.data(), text.size(), ~0U));
    CHECK(sum == crc32c(text.substr(size / 3), crc32c(text.substr(0, size / 3))));
  }
}

TEST_CASE("a seeded generator repeats itself, its numbers stay in their range and its UUIDs are of version 4") {
  Rng a(5), b(5);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(a.next() == b.next());
    const double value = a.uniform();
    REQUIRE(value == b.uniform());
    REQUIRE(value >= 0);
    REQUIRE(value < 1);
    const std::string uuid = a.uuid();
    REQUIRE(uuid == b.uuid());
    REQUIRE(uuid.size() == 36);
    REQUIRE(uuid[14] == '4');
    REQUIRE(std::string_view("89ab").find(uuid[19]) != std::string_view::npos);
    REQUIRE(uuid.find_first_not_of("0123456789abcdef-") == std::string::npos);
  }
  CHECK(Rng::from_system().next() != Rng::from_system().next());
}
