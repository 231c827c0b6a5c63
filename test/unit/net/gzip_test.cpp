#include "net/gzip.hpp"

#include <random>

#include <catch2/catch.hpp>

namespace tocsin::net {
namespace {

std::string random_text(std::size_t size, unsigned letters, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() % letters);
  return out;
}

}  // namespace

TEST_CASE("what is packed unpacks", "[net]") {
  for (const std::size_t size : {0U, 1U, 100U, 65535U, 1'000'000U}) {
    for (const unsigned letters : {1U, 4U, 256U}) {
      const std::string text = random_text(size, letters, 1);
      REQUIRE(gunzip(gzip(text), size) == text);
      if (size > 0) REQUIRE(gunzip(gzip(text), size - 1).error().code == Errc::kLimit);
    }
  }
}

TEST_CASE("joined members unpack to joined texts", "[net]") {
  CHECK(gunzip(gzip("a") + gzip("") + gzip("bc"), 100) == "abc");
  CHECK(gunzip(gzip("a") + gzip("bc"), 2).error().code == Errc::kLimit);
}

TEST_CASE("a torn or changed gzip is an error", "[net]") {
  const std::string text_in = "some text that is long enough, some text that is long enough";
  const std::string packed = gzip(text_in);
  for (std::size_t cut = 0; cut < packed.size(); ++cut) {
    INFO(cut);
    REQUIRE(gunzip(packed.substr(0, cut), 1000).error().message == "gzip: unexpected EOF");
  }
  for (std::size_t at = 10; at < packed.size(); ++at) {
    std::string flipped = packed;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    INFO(at);
    const auto text = gunzip(flipped, 1000);
    REQUIRE((!text || *text == text_in));  // a few bits between the parts of the format mean nothing
    if (!text) CHECK(text.error().code == Errc::kInvalid);
  }
  CHECK(gunzip(packed + "x", 1000).error().code == Errc::kInvalid);
  CHECK(gunzip("plain text", 1000).error().message == "gzip: incorrect header check");
}

TEST_CASE("a bomb stops at the limit", "[net]") {
  const std::string bomb = gzip(std::string(256U << 20U, '\0'));
  CHECK(bomb.size() < 2U << 20U);
  CHECK(gunzip(bomb, 1U << 20U).error().code == Errc::kLimit);
}

}  // namespace tocsin::net
