// The quick reader reads what the plain one reads, and fails where it fails.
#include "base/quick_reader.hpp"

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin {
namespace {

TEST_CASE("varints of every length are read as the plain reader reads them, to the end of the bytes") {
  Rng rng(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (std::uint64_t left = rng.next() % 6; left > 0; --left) put_varint(bytes, rng.next() >> rng.next() % 64);
    if (rng.next() % 4 == 0) bytes.resize(bytes.size() - bytes.size() / 3);
    if (rng.next() % 4 == 0) bytes += std::string(1 + rng.next() % 12, static_cast<char>(rng.next() | 0x80U));
    QuickReader quick(bytes);
    ByteReader plain(bytes);
    for (int i = 0; i < 8; ++i) {
      if (rng.next() % 5 == 0) {
        CHECK(quick.fixed<std::uint16_t>() == plain.fixed<std::uint16_t>());
      } else if (rng.next() % 5 == 0) {
        CHECK(quick.varint32() == plain.varint32());
      } else if (rng.next() % 9 == 0) {
        CHECK(quick.take(3) == plain.take(3));
      } else {
        CHECK(quick.signed_varint() == plain.signed_varint());
      }
      REQUIRE(quick.failed() == plain.failed());
      REQUIRE(quick.left() == plain.left());
      REQUIRE(quick.at_end() == plain.at_end());
    }
  }
}

}  // namespace
}  // namespace tocsin
