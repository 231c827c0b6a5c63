#include "tsdb/xor_chunk.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/rng.hpp"
#include "chunkenc/xor.hpp"
#include "model/sample.hpp"

namespace tocsin::tsdb {
namespace {

struct Columns {
  std::vector<Timestamp> times;
  std::vector<double> values;
};

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string encode(const Columns& in) {
  BlockArena arena;
  HotSeries series;
  for (std::size_t i = 0; i < in.times.size(); ++i) xor_append(series, arena, in.times[i], in.values[i]);
  CHECK(series.count == in.times.size());
  std::string bytes;
  xor_copy(series, arena, bytes);
  if (series.count > 0) CHECK(xor_first_time(series, arena) == in.times[0]);
  xor_clear(series, arena);
  CHECK(arena.used() == 0);
  return bytes;
}

void check_round_trip(const Columns& in) {
  const std::string bytes = encode(in);
  Columns out;
  REQUIRE(chunkenc::xor_decode(bytes, in.times.size(), out.times, out.values));
  REQUIRE(out.times == in.times);
  for (std::size_t i = 0; i < in.values.size(); ++i) {
    REQUIRE(std::bit_cast<std::uint64_t>(out.values[i]) == std::bit_cast<std::uint64_t>(in.values[i]));
  }
}

TEST_CASE("an XOR chunk has the bits that Prometheus writes") {
  // Worked by hand from the format: varint 1000 = d0 0f, 1.0 = 3ff0..., uvarint 1000 = e8 07, bit 0 for an equal value,
  // then 0 for an equal delta; 11 leading=0 significant=1 ... see below.
  CHECK(hex(encode({{1000}, {1}})) == "d00f3ff0000000000000");
  CHECK(hex(encode({{1000, 2000}, {1, 1}})) == "d00f3ff0000000000000e80700");
  // 1 -> 2: xor 7ff0..., leading 1, significant 11: bits 11 00001 001011 then 11 ones, all after e8 07.
  CHECK(hex(encode({{1000, 2000}, {1, 2}})) == "d00f3ff0000000000000e807c25fff");
  // The same window again: dod 0 -> 0, value 10 and 11 bits.
  CHECK(hex(encode({{1000, 2000, 3000}, {1, 2, 1}})) == "d00f3ff0000000000000e807c25fff5ffc");
  // Deltas of delta at the edges of the classes: 14 bits hold -8191..8192.
  CHECK(hex(encode({{0, 0 + 10000, 10000 + 18192}, {0, 0, 0}})) ==
        "000000000000000000904e5000"
        "00");
}

TEST_CASE("XOR chunks give every sample back") {
  check_round_trip({{5}, {7}});
  check_round_trip({{-5, 5}, {model::stale_nan(), 7}});
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    Columns in;
    const std::size_t count = 1 + rng.next() % 120;
    Timestamp t = static_cast<Timestamp>(rng.next() >> 3U) - (Timestamp{1} << 60);
    double v = 0;
    const auto kind = rng.next() % 6;
    for (std::size_t i = 0; i < count; ++i) {
      in.times.push_back(t);
      in.values.push_back(v);
      const auto step = rng.next();
      t += kind < 3 ? 15'000 : 1 + static_cast<Timestamp>(step >> (33 + step % 31));
      switch ((kind + (rng.next() % 10 == 0 ? 1U : 0U)) % 6) {
        case 0:
          v += 1;
          break;
        case 1:
          break;
        case 2:
          v = std::round(rng.uniform() * 1e6) / 100;
          break;
        case 3:
          v = rng.uniform();
          break;
        case 4:
          v = std::bit_cast<double>(rng.next());
          break;
        default:
          v = -v + 0.5;
          break;
      }
    }
    check_round_trip(in);
  }
}

TEST_CASE("a cut XOR chunk is refused and leaves the columns as they were") {
  Columns in;
  Rng rng(2);
  for (int i = 0; i < 40; ++i) {
    in.times.push_back(i * 1000 + static_cast<Timestamp>(rng.next() % 100));
    in.values.push_back(rng.uniform());
  }
  const std::string bytes = encode(in);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Columns out{{1}, {2}};
    CHECK_FALSE(chunkenc::xor_decode(std::string_view(bytes).substr(0, size), 40, out.times, out.values));
    CHECK(out.times == std::vector<Timestamp>{1});
    CHECK(out.values == std::vector<double>{2});
  }
  Columns out;
  CHECK_FALSE(chunkenc::xor_decode(bytes, 60, out.times, out.values));
}

TEST_CASE("chains share the arena's blocks and give them back") {
  BlockArena arena;
  std::vector<HotSeries> series(100);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 120; ++i) {
      for (auto& one : series) xor_append(one, arena, round * 1'000'000 + i * 1000, i * 1.1);
    }
    CHECK(arena.used() > 100);
    for (auto& one : series) xor_clear(one, arena);
    CHECK(arena.used() == 0);
  }
  CHECK(arena.bytes() < 1U << 20U);
}

}  // namespace
}  // namespace tocsin::tsdb
