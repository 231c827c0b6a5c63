// The quick decoder says what the obvious one says, of chunks of every kind and of bytes that are none.
#include <bit>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "chunkenc/xor.hpp"
#include "model/sample.hpp"
#include "support/naive_xor.hpp"

namespace tocsin::chunkenc {
namespace {

struct Columns {
  std::vector<Timestamp> times;
  std::vector<double> values;
};

/// Runs as expected of every length, targets that are late by a little or were away, values that stay, count or jump.
Columns random_columns(Rng& rng) {
  Columns out;
  const std::uint64_t punctual = 1 + rng.next() % 12;  // one in so many is not on time
  const std::uint64_t still = rng.next() % 4;
  const bool is_noise = rng.next() % 8 == 0;  // nearly all of its bits
  constexpr std::int64_t kLate[] = {8, 8191, 8192, 65536, 524'288, 5'000'000, std::int64_t{1} << 41U};
  const std::int64_t late = kLate[rng.next() % std::size(kLate)];
  Timestamp t = static_cast<Timestamp>(rng.next() >> 2U) - (std::int64_t{1} << 60U);
  double value = static_cast<double>(rng.next() % 1000);
  for (std::size_t left = 1 + rng.next() % 200; left > 0; --left) {
    t += late;
    if (rng.next() % punctual == 0) t += static_cast<std::int64_t>(rng.next()) % late;
    switch (rng.next() % 4 < still ? 3 : rng.next() % 4) {
      case 0:
        value += static_cast<double>(rng.next() % 100);
        break;
      case 1:
        value = rng.next() % 30 == 0 ? model::stale_nan() : std::round(value * 1.01);
        break;
      case 2:
        value = rng.next() % 20 == 0 ? std::bit_cast<double>(rng.next()) : value + rng.uniform();
        break;
      default:
        break;
    }
    if (is_noise && rng.next() % 16 != 0) value = rng.uniform() * 1e6;
    out.times.push_back(t);
    out.values.push_back(value);
  }
  return out;
}

/// Compares both decoders; the columns have something in them before. @return whether it is a chunk
bool same_as_naive(std::string_view bytes, std::size_t count) {
  const auto expected = test::NaiveXor::decode(bytes, count);
  Columns out{{-7, -6}, {1, 2}};
  const bool good = xor_decode(bytes, count, out.times, out.values);
  REQUIRE(good == expected.has_value());
  const std::size_t size = 2 + (good ? count : 0);
  REQUIRE(out.times.size() == size);
  REQUIRE(out.values.size() == size);
  CHECK(out.times[1] == -6);
  CHECK(out.values[1] == 2);
  for (std::size_t i = 2; i < size; ++i) {
    REQUIRE(out.times[i] == (*expected)[i - 2].first);
    REQUIRE(std::bit_cast<std::uint64_t>(out.values[i]) == (*expected)[i - 2].second);
  }
  return good;
}

TEST_CASE("random chunks are read as the naive decoder reads them, and are what was written") {
  Rng rng(1);
  for (int round = 0; round < 3000; ++round) {
    const Columns in = random_columns(rng);
    std::string bytes;
    xor_encode(in.times, in.values, bytes);
    REQUIRE(same_as_naive(bytes, in.times.size()));
    std::vector<Timestamp> times;
    std::vector<double> values;
    REQUIRE(xor_decode(bytes, in.times.size(), times, values));
    REQUIRE(times == in.times);
    for (std::size_t i = 0; i < values.size(); ++i) {
      REQUIRE(std::bit_cast<std::uint64_t>(values[i]) == std::bit_cast<std::uint64_t>(in.values[i]));
    }
    // Fewer are a chunk too; more are not, beyond the bits that fill the last byte.
    same_as_naive(bytes, 1 + rng.next() % in.times.size());
    same_as_naive(bytes, in.times.size() + 1 + rng.next() % 3);
    REQUIRE_FALSE(same_as_naive(bytes, in.times.size() + 4));
  }
}

TEST_CASE("bytes that are cut off, damaged or random are read as the naive decoder reads them") {
  Rng rng(2);
  std::size_t good = 0;
  for (int round = 0; round < 400; ++round) {
    const Columns in = random_columns(rng);
    std::string bytes;
    xor_encode(in.times, in.values, bytes);
    for (int i = 0; i < 20; ++i) {
      const std::size_t size = rng.next() % bytes.size();
      CHECK_FALSE((size + 1 < bytes.size() && same_as_naive(bytes.substr(0, size), in.times.size())));
      std::string bad = bytes;
      for (std::uint64_t flips = 1 + rng.next() % 3; flips > 0; --flips) {
        const std::size_t bit = rng.next() % (bad.size() * 8);
        bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ 1U << bit % 8);
      }
      good += same_as_naive(bad, in.times.size()) ? 1 : 0;
    }
    std::string noise(rng.next() % 200, '\0');
    for (char& c : noise) c = static_cast<char>(rng.next());
    if (!noise.empty()) noise[0] = static_cast<char>(noise[0] & 0x7f);
    same_as_naive(noise, 1 + rng.next() % 150);
  }
  CHECK(good > 1000);
}

/// Compares chunks that are read at once with the naive decoder. @return whether all are chunks
bool together_as_naive(const std::vector<XorChunk>& chunks) {
  std::vector<test::NaiveXor::Sample> expected;
  bool all = true;
  for (const XorChunk& chunk : chunks) {
    const auto one = test::NaiveXor::decode(chunk.bytes, chunk.count);
    all = all && one.has_value();
    if (one) expected.insert(expected.end(), one->begin(), one->end());
  }
  Columns out{{-7, -6}, {1, 2}};
  const bool good = xor_decode(chunks, out.times, out.values);
  REQUIRE(good == all);
  REQUIRE(out.times.size() == 2 + (good ? expected.size() : 0));
  REQUIRE(out.values.size() == out.times.size());
  CHECK(out.times[1] == -6);
  CHECK(out.values[1] == 2);
  for (std::size_t i = 2; i < out.times.size(); ++i) {
    REQUIRE(out.times[i] == expected[i - 2].first);
    REQUIRE(std::bit_cast<std::uint64_t>(out.values[i]) == expected[i - 2].second);
  }
  return good;
}

/// Mostly on time and of whole numbers, as lanes like it.
Columns counter_columns(Rng& rng) {
  Columns out;
  Timestamp t = static_cast<Timestamp>(rng.next() % 1'000'000);
  auto value = static_cast<double>(rng.next() % 100'000);
  for (std::size_t left = 1 + rng.next() % 150; left > 0; --left) {
    t += 15'000 + (rng.next() % 100 == 0 ? static_cast<Timestamp>(rng.next() % 9'000) : 0);
    if (rng.next() % 4 != 0) value += static_cast<double>(rng.next() % 3'000);
    if (rng.next() % 200 == 0) value = rng.next() % 2 == 0 ? 0 : model::stale_nan();
    out.times.push_back(t);
    out.values.push_back(value);
  }
  return out;
}

TEST_CASE("chunks that are read at once are read as one after the other by the naive decoder") {
  Rng rng(3);
  std::size_t good = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::string> bytes(rng.next() % 12);
    std::vector<XorChunk> chunks;
    for (std::string& one : bytes) {
      const Columns in = rng.next() % 4 == 0 ? random_columns(rng) : counter_columns(rng);
      xor_encode(in.times, in.values, one);
      chunks.push_back({one, rng.next() % 10 == 0 ? rng.next() % (in.times.size() + 1) : in.times.size()});
    }
    REQUIRE(together_as_naive(chunks));
    if (chunks.empty()) continue;
    const std::size_t damaged = rng.next() % bytes.size();
    std::string& bad = bytes[damaged];
    if (rng.next() % 4 == 0) {
      bad.resize(rng.next() % bad.size());
    } else {
      const std::size_t bit = rng.next() % (bad.size() * 8);
      bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ 1U << bit % 8);
    }
    chunks[damaged].bytes = bad;
    good += together_as_naive(chunks) ? 1 : 0;
  }
  CHECK(good > 1000);
}

TEST_CASE("times that go round the end of the numbers do not rise") {
  constexpr Timestamp kMax = std::numeric_limits<Timestamp>::max();
  for (const std::int64_t delta : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{1} << 50U, kMax}) {
    std::vector<Timestamp> times = {kMax - 3 * (delta > 1000 ? 1 : delta)};
    for (int i = 0; i < 20; ++i) times.push_back(wrapping_add(times.back(), delta));
    std::string bytes;
    xor_encode(times, std::vector<double>(times.size(), 1), bytes);
    CHECK_FALSE(same_as_naive(bytes, times.size()));
  }
}

TEST_CASE("a value within a window that nobody set is none") {
  std::string bytes("\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x80", 11);  // 1, 0.0, 1; then control 10
  bytes += std::string(40, '\0');
  CHECK_FALSE(same_as_naive(bytes, 2));
  bytes[10] = '\0';
  CHECK(same_as_naive(bytes, 2));
}

}  // namespace
}  // namespace tocsin::chunkenc
