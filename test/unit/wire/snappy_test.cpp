#include "wire/snappy.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace tocsin::wire;

namespace {

constexpr std::size_t kLimit = 32U << 20U;

/// A block of literals only, by hand.
std::string literals(std::string_view text, std::uint32_t claimed) {
  std::string out;
  for (; claimed >= 0x80; claimed >>= 7U) out += static_cast<char>(claimed | 0x80U);
  out += static_cast<char>(claimed);
  out += static_cast<char>((text.size() - 1) << 2U);
  out += text;
  return out;
}

}  // namespace

TEST_CASE("A snappy block of literals and of copies is decoded") {
  CHECK(snappy_decode(literals("hello", 5), kLimit).value() == "hello");
  // "ab", then a copy of 10 bytes from 2 back.
  const std::string copies(
      "\x0c\x04"
      "ab"
      "\x19\x02",
      6);
  CHECK(snappy_decode(copies, kLimit).value() == "abababababab");
  CHECK(snappy_decode(std::string(1, '\0'), kLimit).value().empty());
}

TEST_CASE("What is encoded is decoded") {
  std::string block = "left over";
  for (const std::string& text : {std::string(), std::string("a"), std::string(24, 'y'), std::string(100'000, 'x')}) {
    snappy_encode(text, block);
    CHECK(snappy_decode(block, kLimit).value() == text);
  }
  CHECK(block.size() < 10'000);
}

TEST_CASE("A snappy block is refused by the length that it claims, before there is room for it") {
  const std::string four_gib = "\xff\xff\xff\xff\x0f" + std::string(100, 'x');
  const auto refused = snappy_decode(four_gib, kLimit);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::kLimit);
  CHECK(refused.error().message == "snappy: decoded length 4294967295 exceeds limit 33554432");
  CHECK(snappy_decode(literals("hello", 5), 4).error().code == Errc::kLimit);
  CHECK(snappy_decode(literals("hello", 5), 5).has_value());
  // 32 MiB out of seven bytes: no block can do that.
  CHECK(snappy_decode(literals("hello", kLimit), kLimit).error().code == Errc::kInvalid);
}

TEST_CASE("A damaged snappy block is refused") {
  const std::string damaged[] = {
      "",
      "\xff\xff\xff\xff\xff\xff",          // a length of too many bytes
      "\x80",                              // half a length
      literals("hello", 6),                // shorter than it says
      literals("hello", 4),                // longer
      literals("hello", 5).substr(0, 4),   // truncated
      std::string("\x04\x05\x01\x00", 4),  // a copy from before the beginning
      "not snappy at all",
  };
  for (const std::string& block : damaged) {
    CAPTURE(block);
    const auto refused = snappy_decode(block, kLimit);
    REQUIRE(!refused);
    CHECK(refused.error().code == Errc::kInvalid);
    CHECK(refused.error().message == "snappy: corrupt input");
  }
}

TEST_CASE("A snappy block cut anywhere is refused") {
  std::string block;
  snappy_encode("up{job=\"node\"} up{job=\"node\"} up{job=\"other\"}", block);
  for (std::size_t size = 0; size < block.size(); ++size) {
    CHECK_FALSE(snappy_decode(std::string_view(block).substr(0, size), kLimit).has_value());
  }
}
