// Summaries and rows: what stands in chunk files beside and instead of XOR bits.
#include <bit>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "chunkenc/chunk_summary.hpp"
#include "support/storage_suite.hpp"
#include "tsdb/row_chunk.hpp"

namespace tocsin::tsdb {
namespace {

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::size_t check_summary_round_trip(const std::vector<double>& values) {
  std::vector<Timestamp> times;
  for (std::size_t i = 0; i < values.size(); ++i) times.push_back(1000 + static_cast<Timestamp>(i) * 15'000);
  const auto s = chunkenc::summarise(times, values);
  std::string bytes;
  chunkenc::encode_summary(s, bytes);
  ByteReader in(bytes);
  const auto d = chunkenc::decode_summary(1000, in);
  CHECK_FALSE(in.failed());
  CHECK(in.at_end());
  CHECK(d.first_time == s.first_time);
  CHECK(d.last_time == s.last_time);
  CHECK(d.count == s.count);
  CHECK(d.changes == s.changes);
  CHECK(d.resets == s.resets);
  CHECK(same_bits(d.first, s.first));
  CHECK(same_bits(d.last, s.last));
  CHECK(same_bits(d.min, s.min));
  CHECK(same_bits(d.max, s.max));
  CHECK(same_bits(d.sum, s.sum));
  CHECK(same_bits(d.mean, s.mean));
  CHECK(same_bits(d.m2, s.m2));
  CHECK(same_bits(d.increase, s.increase));
  CHECK(d.has_nan == s.has_nan);
  CHECK(d.has_stale == s.has_stale);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader cut(std::string_view(bytes).substr(0, size));
    chunkenc::decode_summary(1000, cut);
    CHECK(cut.failed());
  }
  return bytes.size();
}

TEST_CASE("summaries are stored to the bit, in few bytes when much follows") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::bit_cast<double>(model::kNormalNanBits);
  CHECK(check_summary_round_trip(std::vector<double>(120, 5.0)) <= 20);
  std::vector<double> counter;
  for (int i = 0; i < 120; ++i) counter.push_back(1e6 + i * i);
  CHECK(check_summary_round_trip(counter) <= 45);
  check_summary_round_trip({1});
  check_summary_round_trip({-0.0, 0.0});
  check_summary_round_trip({model::stale_nan()});
  check_summary_round_trip({model::stale_nan(), 1, model::stale_nan(), 2});
  check_summary_round_trip({nan, 1, 2, nan});
  check_summary_round_trip({inf, -inf, 3});
  check_summary_round_trip({1e300, 1e300, -1e300});
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<double> values;
    for (std::uint64_t n = 1 + rng.next() % 120; n > 0; --n) {
      values.push_back(i % 2 == 0 ? rng.uniform() : std::floor(rng.uniform() * 100));
    }
    check_summary_round_trip(values);
  }
}

TEST_CASE("rows are stored as they are") {
  std::vector<Row> rows;
  rows.push_back({-1000, 1.5, 0, nullptr});
  rows.push_back({2000, 0, 0, test::some_histogram(1)});
  rows.push_back({3000, 0, 2500, test::some_histogram(2)});
  rows.push_back({4000, model::stale_nan(), 0, nullptr});
  rows.push_back({5000, 7, -5, nullptr});
  model::FloatHistogram custom;
  custom.schema = model::kCustomBucketsSchema;
  custom.custom_values = {0.1, 1, 10};
  custom.positive_spans = {{0, 4}};
  custom.positive_buckets = {1, 2, 3, 4};
  rows.push_back({6000, 0, 0, std::make_shared<model::FloatHistogram>(custom)});
  std::string bytes;
  encode_rows(rows, bytes);
  std::vector<Row> back;
  REQUIRE(decode_rows(bytes, rows.size(), back));
  REQUIRE(back.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(back[i].t == rows[i].t);
    CHECK(same_bits(back[i].value, rows[i].value));
    CHECK(back[i].start == rows[i].start);
    REQUIRE((back[i].histogram == nullptr) == (rows[i].histogram == nullptr));
    if (rows[i].histogram) CHECK(*back[i].histogram == *rows[i].histogram);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_rows(std::string_view(bytes).substr(0, size), rows.size(), back));
  }
  CHECK_FALSE(decode_rows(bytes, rows.size() - 1, back));
  CHECK_FALSE(decode_rows(bytes, rows.size() + 1, back));
}

TEST_CASE("a histogram that claims more buckets than there are bytes is refused") {
  model::FloatHistogram h;
  h.positive_spans = {{0, 2}};
  h.positive_buckets = {1, 2};
  std::string bytes;
  encode_histogram(h, bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
      std::string bad = bytes;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      ByteReader in(bad);
      const auto decoded = decode_histogram(in);
      if (decoded) CHECK(valid_histogram(*decoded));
    }
  }
}

}  // namespace
}  // namespace tocsin::tsdb
