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

TEST_CASE("a text that is packed in steps unpacks as one", "[net]") {
  for (const std::size_t step : {1U, 100U, 70'000U}) {
    const std::string text = random_text(step == 1 ? 1000 : 300'000, 256, 2);
    Gzip gzip;
    std::string packed;
    for (std::size_t at = 0; at < text.size(); at += step) gzip.step(text.substr(at, step), false, packed);
    gzip.step("", true, packed);
    CHECK(gunzip(packed, text.size()) == text);
  }
  std::string empty;
  Gzip().step("", true, empty);
  CHECK(gunzip(empty, 1) == "");
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
    REQUIRE(gunzip(packed.substr(0, cut), 1000).error().message == (cut == 0 ? "EOF" : "unexpected EOF"));
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
  CHECK(gunzip("plain text", 1000).error().message == "gzip: invalid header");
}

TEST_CASE("unpacking in steps of any size gives the same, and each step keeps to its room", "[net]") {
  const std::string text = random_text(100'000, 7, 3);
  const std::string packed = gzip(text) + gzip("") + gzip(text);
  for (const std::size_t piece : {1U, 13U, 4096U, 1'000'000U}) {
    for (const std::size_t room : {1U, 100U, 65536U}) {
      if (piece * room < 100) continue;
      Gunzip unpacker;
      std::string out;
      std::string_view rest = packed;
      while (!rest.empty()) {
        std::string_view in = rest.substr(0, piece);
        const std::size_t given = in.size();
        do {
          const std::size_t had = out.size();
          REQUIRE(unpacker.step(in, out, room));
          REQUIRE(out.size() - had <= room);
          if (out.size() - had < room) REQUIRE(in.empty());
          if (out.size() == had) break;
        } while (true);
        REQUIRE(in.empty());
        rest.remove_prefix(given);
      }
      REQUIRE(unpacker.finish());
      REQUIRE(out == text + text);
    }
  }
}

TEST_CASE("what is wrong with a gzip is said in Go's words", "[net]") {
  std::string packed = gzip(random_text(5000, 50, 1));
  CHECK(gunzip("", 10).error().message == "EOF");
  CHECK(gunzip(packed.substr(0, 100), 10000).error().message == "unexpected EOF");
  CHECK(gunzip(packed + "garbage behind", 10000).error().message == "gzip: invalid header");
  std::string sum = packed;
  sum[sum.size() - 6] = static_cast<char>(sum[sum.size() - 6] ^ 1);
  CHECK(gunzip(sum, 10000).error().message == "gzip: invalid checksum");
  packed[10] = '\x07';  // a block of the type that there is not
  CHECK_THAT(gunzip(packed, 10000).error().message, Catch::StartsWith("flate: corrupt input before offset "));
}

TEST_CASE("a bomb stops at the limit", "[net]") {
  const std::string bomb = gzip(std::string(256U << 20U, '\0'));
  CHECK(bomb.size() < 2U << 20U);
  CHECK(gunzip(bomb, 1U << 20U).error().code == Errc::kLimit);
}

}  // namespace tocsin::net
