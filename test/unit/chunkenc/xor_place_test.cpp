// A chunk of floats that is decoded piece by piece, from places that were kept.
#include <algorithm>
#include <bit>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "chunkenc/chunk.hpp"
#include "chunkenc/xor.hpp"
#include "model/sample.hpp"

namespace tocsin::chunkenc {
namespace {

struct Columns {
  explicit Columns(std::size_t size = 0) : times(size), values(size) {}
  std::vector<Timestamp> times;
  std::vector<double> values;
};

bool same(const Columns& a, std::size_t from, const Columns& b) {
  for (std::size_t i = 0; i < b.times.size(); ++i) {
    if (a.times[from + i] != b.times[i]) return false;
    if (std::bit_cast<std::uint64_t>(a.values[from + i]) != std::bit_cast<std::uint64_t>(b.values[i])) return false;
  }
  return true;
}

/// Punctual or not, of values that count, stay or have all their digits.
Columns random_columns(Rng& rng) {
  Columns out;
  const std::uint64_t late = rng.next() % 5;
  const std::uint64_t kind = rng.next() % 3;
  auto t = static_cast<Timestamp>(rng.next() % 1'000'000'000);
  double value = static_cast<double>(rng.next() % 1000);
  for (std::size_t left = 2 + rng.next() % 200; left > 0; --left) {
    t += 15'000 + (late != 0 && rng.next() % late == 0 ? static_cast<Timestamp>(rng.next() % 9'000'000) : 0);
    if (kind == 0) value += static_cast<double>(rng.next() % 3) * static_cast<double>(rng.next() % 100);
    if (kind == 1) value = rng.uniform();
    if (rng.next() % 60 == 0) value = rng.next() % 2 == 0 ? 0 : model::stale_nan();
    out.times.push_back(t);
    out.values.push_back(value);
  }
  return out;
}

/// As a block holds it.
std::string chunk_of(const Columns& in) {
  std::string data = {static_cast<char>(in.times.size() >> 8U), static_cast<char>(in.times.size() & 0xffU)};
  xor_encode(in.times, in.values, data);
  return data;
}

TEST_CASE("pieces of a chunk are together what was written, whatever their lengths") {
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    const Columns in = random_columns(rng);
    const std::string data = chunk_of(in);
    XorPlace place;
    while (place.samples < in.times.size()) {
      const std::size_t before = place.samples;
      const std::size_t left = in.times.size() - before;
      const std::size_t least = before == 0 ? 2 : 1;
      Columns piece(std::min(left, least + rng.next() % 40));
      REQUIRE(decode_xor_on(data, place, piece.times, piece.values));
      REQUIRE(place.samples == before + piece.times.size());
      REQUIRE(place.time == in.times[place.samples - 1]);
      REQUIRE(same(in, before, piece));
    }
    XorPlace end = place;
    Columns none;
    CHECK(decode_xor_on(data, end, none.times, none.values));
    CHECK(end.samples == place.samples);
  }
}

TEST_CASE("decoding goes on from a place as often as somebody wants") {
  Rng rng(2);
  for (int round = 0; round < 500; ++round) {
    const Columns in = random_columns(rng);
    const std::string data = chunk_of(in);
    const std::size_t before = 2 + rng.next() % (in.times.size() - 1);
    XorPlace kept;
    Columns head(before);
    REQUIRE(decode_xor_on(data, kept, head.times, head.values));
    for (int i = 0; i < 3; ++i) {
      XorPlace place = kept;
      Columns piece(rng.next() % (in.times.size() - before + 1));
      REQUIRE(decode_xor_on(data, place, piece.times, piece.values));
      REQUIRE(same(in, before, piece));
    }
  }
}

TEST_CASE("there are no more samples behind a place than the chunk has bits for") {
  Rng rng(3);
  for (int round = 0; round < 500; ++round) {
    const Columns in = random_columns(rng);
    const std::string data = chunk_of(in);
    const std::size_t before = rng.next() % 2 == 0 ? 0 : 2 + rng.next() % (in.times.size() - 1);
    XorPlace place;
    Columns head(before);
    REQUIRE(decode_xor_on(data, place, head.times, head.values));
    // Bits that fill the last byte may be read as samples that are as expected: two bits each.
    Columns more(in.times.size() - before + 4);
    CHECK_FALSE(decode_xor_on(data, place, more.times, more.values));
  }
}

TEST_CASE("bytes that are none are refused from any place, and read as the whole chunk is") {
  Rng rng(4);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const Columns in = random_columns(rng);
    std::string data = chunk_of(in);
    for (std::uint64_t flips = 1 + rng.next() % 3; flips > 0; --flips) {
      const std::size_t bit = 16 + rng.next() % (data.size() * 8 - 16);
      data[bit / 8] = static_cast<char>(static_cast<unsigned char>(data[bit / 8]) ^ 1U << bit % 8);
    }
    storage::SampleColumns whole;
    const bool good = decode_chunk(Encoding::kXor, data, whole);
    XorPlace place;
    Columns first(2 + rng.next() % (in.times.size() - 1));
    bool pieces = decode_xor_on(data, place, first.times, first.values);
    Columns second(in.times.size() - first.times.size());
    pieces = pieces && decode_xor_on(data, place, second.times, second.values);
    REQUIRE(pieces == good);
    refused += good ? 0 : 1;
    if (!good) continue;
    Columns all;
    all.times = whole.times;
    all.values = whole.values;
    CHECK(same(all, 0, first));
    CHECK(same(all, first.times.size(), second));
  }
  CHECK(refused > 300);
  XorPlace beyond{.samples = 5, .bit = 1U << 30U};
  Columns one(1);
  CHECK_FALSE(decode_xor_on(std::string("\0\2", 2) + std::string(40, '\0'), beyond, one.times, one.values));
}

}  // namespace
}  // namespace tocsin::chunkenc
