// Summaries: as bytes, and put together from parts.
#include "chunkenc/chunk_summary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin::chunkenc {
namespace {

using storage::ChunkSummary;

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::bit_cast<double>(model::kNormalNanBits);

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::vector<Timestamp> times_of(std::size_t count) {
  std::vector<Timestamp> times;
  for (std::size_t i = 0; i < count; ++i) times.push_back(1000 + static_cast<Timestamp>(i) * 15'000);
  return times;
}

void check_exact_fields(const ChunkSummary& a, const ChunkSummary& b) {
  CHECK(a.first_time == b.first_time);
  CHECK(a.last_time == b.last_time);
  CHECK(a.first_at == b.first_at);
  CHECK(a.last_at == b.last_at);
  CHECK(a.count == b.count);
  CHECK(a.changes == b.changes);
  CHECK(a.resets == b.resets);
  CHECK(same_bits(a.first, b.first));
  CHECK(same_bits(a.last, b.last));
  CHECK(same_bits(a.min, b.min));
  CHECK(same_bits(a.max, b.max));
  CHECK(std::ranges::equal(a.reset_values, b.reset_values, same_bits));
  CHECK(a.has_nan == b.has_nan);
  CHECK(a.has_stale == b.has_stale);
}

std::size_t check_round_trip(const ChunkSummary& s) {
  std::string bytes;
  encode_summary(s, bytes);
  ByteReader in(bytes);
  const ChunkSummary d = decode_summary(s.first_time, in);
  CHECK_FALSE(in.failed());
  CHECK(in.at_end());
  check_exact_fields(d, s);
  CHECK(same_bits(d.sum, s.sum));
  CHECK(same_bits(d.sum_error, s.sum_error));
  CHECK(same_bits(d.mean, s.mean));
  CHECK(same_bits(d.m2, s.m2));
  CHECK(same_bits(d.increase, s.increase));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader cut(std::string_view(bytes).substr(0, size));
    decode_summary(s.first_time, cut);
    CHECK(cut.failed());
  }
  return bytes.size();
}

std::size_t check_samples(const std::vector<double>& values) {
  return check_round_trip(summarise(times_of(values.size()), values));
}

/// What a scraped series may look like, and what it hardly will.
std::vector<double> random_values(Rng& rng, std::size_t count) {
  const std::uint64_t kind = rng.next() % 6;
  std::vector<double> values;
  double total = std::floor(rng.uniform() * 1e6);
  for (std::size_t i = 0; i < count; ++i) {
    switch (kind) {
      case 0:  // an integer counter with resets
        total = rng.next() % 37 == 0 ? 0 : total + static_cast<double>(rng.next() % 100);
        break;
      case 1:  // a counter of seconds
        total = rng.next() % 50 == 0 ? 0.25 : total + rng.uniform();
        break;
      case 2:
        total = std::round(rng.uniform() * 1e4) / 100;
        break;
      case 3:
        total = (rng.uniform() - 0.5) * std::pow(10, static_cast<double>(rng.next() % 30));
        break;
      case 4:
        if (rng.next() % 9 == 0) total = static_cast<double>(rng.next() % 3) - 1;
        break;
      default: {
        const double odd[] = {kNan, kInf, -kInf, 0.0, -0.0, 1.5, 1e308, -1e308, 5e-324, model::stale_nan()};
        total = odd[rng.next() % std::size(odd)];
      }
    }
    values.push_back(kind != 5 && rng.next() % 60 == 0 ? model::stale_nan() : total);
  }
  return values;
}

TEST_CASE("summaries are stored to the bit, in few bytes when much follows") {
  CHECK(check_samples(std::vector<double>(120, 5.0)) <= 15);
  std::vector<double> counter;
  for (int i = 0; i < 120; ++i) counter.push_back(1e6 + i * i);
  CHECK(check_samples(counter) <= 40);
  check_samples({1});
  check_samples({-0.0, 0.0});
  check_samples({-0.0});
  check_samples({model::stale_nan()});
  check_samples({model::stale_nan(), 1, model::stale_nan(), 2});
  check_samples({kNan, 1, 2, kNan});
  check_samples({kInf, -kInf, 3});
  check_samples({1e300, 1e300, -1e300});
  check_samples({1e-200, 3e-220});
  check_samples({1e308, 1e308, 1e290});
  check_samples({5, 0.5, 7.25, 1e-3, 12, -7, kNan, 3});
  check_round_trip(ChunkSummary{.first_time = 5, .last_time = 70'000, .first_at = 5, .last_at = 70'000});
  Rng rng(3);
  for (int i = 0; i < 500; ++i) check_samples(random_values(rng, 1 + rng.next() % 120));
}

TEST_CASE("the bytes of a summary are these") {
  // A counter 10 12 3.5 4 with a stale marker before it.
  std::string bytes;
  encode_summary(summarise(times_of(5), std::vector<double>{model::stale_nan(), 10, 12, 3.5, 4}), bytes);
  ByteReader in(bytes);
  CHECK(in.varint() == 60'000);  // last time - first time
  CHECK(in.varint() == 4);
  CHECK(in.varint() == 3);
  CHECK(in.varint() == 1);
  // last 1, min 3, max 1, sum 3, error 0, m2 2, increase 0, values of resets, stale, second form, first 1
  CHECK(in.varint() ==
        (1U | 3U << 2U | 1U << 4U | 3U << 6U | 2U << 10U | 1U << 14U | 1U << 15U | 1U << 17U | 1U << 18U));
  CHECK(in.varint() == 15'000);  // first sample
  CHECK(in.varint() == 0);       // last sample
  CHECK(in.signed_varint() == 10);
  CHECK(in.signed_varint() == 4);
  CHECK(in.signed_varint() == 3500);
  CHECK(in.signed_varint() == 12);
  CHECK(in.signed_varint() == 29'500);
  CHECK(in.fixed<double>() == 2.625 * 2.625 + 4.625 * 4.625 + 3.875 * 3.875 + 3.375 * 3.375);
  CHECK(in.varint() == 0);  // the value before the reset is the greatest
  CHECK(in.at_end());
}

TEST_CASE("a summary of an old file is unknown and keeps its times") {
  std::string bytes;
  put_varint(bytes, 60'000);
  put_varint(bytes, 5);
  put_varint(bytes, 4);
  put_varint(bytes, 0);
  put_varint(bytes, 1U | 1U << 6U | 2U << 10U | 1U << 15U);  // last and sum integers, m2 all bits; stale
  put_fixed(bytes, 10.5);
  put_signed(bytes, 14);
  put_signed(bytes, 60);
  put_fixed(bytes, 2.5);
  ByteReader in(bytes);
  const ChunkSummary s = decode_summary(1000, in);
  CHECK(in.at_end());
  CHECK_FALSE(in.failed());
  CHECK_FALSE(s.known());
  CHECK(s.first_time == 1000);
  CHECK(s.last_time == 61'000);
}

TEST_CASE("bytes that nobody wrote do no harm") {
  Rng rng(9);
  for (int i = 0; i < 300; ++i) {
    std::string bytes;
    const auto values = random_values(rng, 1 + rng.next() % 60);
    encode_summary(summarise(times_of(values.size()), values), bytes);
    for (int flips = 0; flips < 20; ++flips) {
      bytes[rng.next() % bytes.size()] ^= static_cast<char>(1U << rng.next() % 8);
      ByteReader in(bytes);
      CHECK(decode_summary(0, in).reset_values.size() <= ChunkSummary::kMaxResetValues);
    }
  }
}

TEST_CASE("the sum and the squares have all their digits") {
  Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values;
    long double sum = 0;
    for (int i = 0; i < 120; ++i) {
      values.push_back(std::ldexp(rng.uniform() - 0.3, static_cast<int>(rng.next() % 12)));
      sum += static_cast<long double>(values.back());
    }
    const ChunkSummary s = summarise(times_of(values.size()), values);
    const long double found = static_cast<long double>(s.sum) + static_cast<long double>(s.sum_error);
    CHECK(static_cast<double>(std::abs(found - sum)) <= 1e-17 * std::abs(s.sum) + 1e-14);
    const long double mean = sum / values.size();
    long double m2 = 0;
    for (const double v : values) {
      m2 += (static_cast<long double>(v) - mean) * (static_cast<long double>(v) - mean);
    }
    CHECK(s.m2 == Approx(static_cast<double>(m2)).epsilon(1e-14));
  }
}

/// The whole, and the same from parts of random lengths that are put together in random order.
void check_combined(const std::vector<double>& values, Rng& rng) {
  const std::vector<Timestamp> times = times_of(values.size());
  std::vector<ChunkSummary> parts;
  for (std::size_t at = 0; at < values.size();) {
    const std::size_t size = std::min<std::size_t>(values.size() - at, 1 + rng.next() % 40);
    parts.push_back(summarise(std::span(times).subspan(at, size), std::span(values).subspan(at, size)));
    at += size;
  }
  while (parts.size() > 1) {
    const std::size_t i = rng.next() % (parts.size() - 1);
    parts[i] = combine(parts[i], parts[i + 1]);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
  const ChunkSummary whole = summarise(times, values);
  const ChunkSummary& s = parts.front();
  check_exact_fields(s, whole);
  check_round_trip(s);
  if (!std::isfinite(whole.sum) || !std::isfinite(s.sum)) return;
  CHECK(s.sum == Approx(whole.sum).epsilon(2e-16).margin(1e-25 * std::max(std::abs(whole.min), std::abs(whole.max))));
  if (whole.has_reset_values()) CHECK(same_bits(s.increase, whole.increase));
  if (whole.count > 0 && whole.mean * whole.mean * whole.count <= 1e6 * whole.m2) {
    CHECK(s.m2 == Approx(whole.m2).epsilon(1e-12));
  }
}

TEST_CASE("summaries of neighbours make the summary of both") {
  Rng rng(11);
  for (int i = 0; i < 600; ++i) check_combined(random_values(rng, 1 + rng.next() % 400), rng);
  check_combined(std::vector<double>(200, model::stale_nan()), rng);
  check_combined(std::vector<double>(200, 0.1), rng);
}

TEST_CASE("sums of integers do not depend on how they are put together") {
  Rng rng(13);
  for (int i = 0; i < 100; ++i) {
    std::vector<double> values;
    for (int k = 0; k < 300; ++k) values.push_back(std::floor(rng.uniform() * 1e12) / 8);
    const ChunkSummary whole = summarise(times_of(300), values);
    const std::span<const double> all(values);
    const std::vector<Timestamp> times = times_of(300);
    const std::size_t cut = 1 + rng.next() % 299;
    const ChunkSummary both = combine(summarise(std::span(times).first(cut), all.first(cut)),
                                      summarise(std::span(times).subspan(cut), all.subspan(cut)));
    CHECK(same_bits(whole.sum, both.sum));
    CHECK(whole.sum_error == 0);
    CHECK(both.sum_error == 0);
  }
}

TEST_CASE("more resets than are kept leave no values, in a chunk and in a row of chunks") {
  std::vector<double> saw;
  for (int i = 0; i < 40; ++i) saw.push_back(i % 2);
  const ChunkSummary s = summarise(times_of(40), saw);
  CHECK(s.resets == 19);
  CHECK(s.reset_values.empty());
  CHECK_FALSE(s.has_reset_values());
  CHECK(s.increase == 20);
  const std::vector<Timestamp> times = times_of(40);
  const auto first = summarise(std::span(times).first(20), std::span<const double>(saw).first(20));
  const auto second = summarise(std::span(times).subspan(20), std::span<const double>(saw).subspan(20));
  CHECK(first.has_reset_values());
  const ChunkSummary both = combine(first, second);
  CHECK(both.resets == 19);
  CHECK_FALSE(both.has_reset_values());
  CHECK(both.increase == 20);
  CHECK(combine(both, second).resets == 29);
}

TEST_CASE("what is unknown makes the whole unknown") {
  const ChunkSummary unknown{.first_time = 100, .last_time = 900};
  const ChunkSummary known = summarise(times_of(2), std::vector<double>{1, 2});
  CHECK_FALSE(combine(unknown, known).known());
  CHECK_FALSE(combine(known, unknown).known());
  CHECK(combine(unknown, known).first_time == 100);
  CHECK(combine(unknown, known).last_time == known.last_time);
}

}  // namespace
}  // namespace tocsin::chunkenc
