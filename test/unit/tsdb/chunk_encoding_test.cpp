// Rows: what stands in chunk files instead of XOR bits.
#include <bit>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "support/storage_suite.hpp"
#include "tsdb/row_chunk.hpp"
#include "tsdb/row_histogram.hpp"

namespace tocsin::tsdb {
namespace {

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
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

TEST_CASE("a histogram of the log that is damaged is refused or valid") {
  const auto last = test::some_histogram(3);
  auto next = *last;
  next.count += 2;
  next.positive_buckets[1] += 2;
  for (const bool change : {false, true}) {
    std::string text;
    encode_histogram(next, change ? last.get() : nullptr, text);
    ByteReader in(text);
    const std::string bytes(in.text());
    REQUIRE(in.at_end());
    CHECK(is_histogram_change(bytes) == change);
    REQUIRE(decode_histogram(bytes, last.get()));
    CHECK(*decode_histogram(bytes, last.get()) == next);
    if (change) CHECK(decode_histogram(bytes, nullptr) == nullptr);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CHECK(decode_histogram(std::string_view(bytes).substr(0, size), last.get()) == nullptr);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string bad = bytes;
      bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ 1U << bit % 8);
      const auto decoded = decode_histogram(bad, last.get());
      if (decoded) CHECK(model::validate(*decoded));
    }
  }
}

TEST_CASE("a histogram of the log has the bytes of the format") {
  model::FloatHistogram last;
  last.integer = true;
  last.zero_threshold = 0x1p-128;
  last.positive_spans = {{0, 2}};
  last.positive_buckets = {1, 2};
  last.count = 3;
  last.sum = 6;
  auto next = last;
  next.positive_buckets[1] = 3;
  next.count = 4;
  const auto text = [](const model::FloatHistogram& h, const model::FloatHistogram* before) {
    std::string bytes;
    encode_histogram(h, before, bytes);
    std::string hex;
    for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return hex;
  };
  // length | flags | threshold | schema 0, a span 2 long at 0, no negative one, count 3, zero count 0, sum 6.0, 1, +1
  CHECK(text(last, nullptr) == "0e0c744644c8030000000000001188");
  // count +1, zero count and sum as before, first bucket as before, the second one is 1 more beyond it
  CHECK(text(next, &last) == "031c8888");
  model::FloatHistogram stale;
  stale.sum = model::stale_nan();
  CHECK(text(stale, nullptr) == "0120");
}

TEST_CASE("a histogram of the log that is like the last one takes tens of bytes") {
  model::FloatHistogram last;
  last.integer = true;
  last.schema = 3;
  last.positive_spans = {{-20, 60}};
  for (int i = 0; i < 60; ++i) last.positive_buckets.push_back(1000.0 * i);
  for (const double c : last.positive_buckets) last.count += c;
  last.sum = 123.456;
  auto next = last;
  for (int i = 10; i < 25; ++i) next.positive_buckets[static_cast<std::size_t>(i)] += 3;
  next.count += 45;
  next.sum += 7.25;
  std::string whole;
  encode_histogram(next, nullptr, whole);
  std::string change;
  encode_histogram(next, &last, change);
  CHECK(whole.size() < 300);
  CHECK(change.size() < 30);
  CHECK(*decode_histogram(std::string_view(change).substr(1), &last) == next);
  // Of another layout, or kind, or after a marker, it stands as a whole.
  auto wider = next;
  wider.positive_spans = {{-20, 61}};
  wider.positive_buckets.push_back(0);
  auto floats = next;
  floats.integer = false;
  model::FloatHistogram stale;
  stale.sum = model::stale_nan();
  for (const auto* const other : {&wider, &floats, &stale}) {
    std::string bytes;
    encode_histogram(next, other, bytes);
    CHECK(bytes == whole);
    std::string back;
    encode_histogram(*other, &last, back);
    CHECK_FALSE(is_histogram_change(std::string_view(back).substr(1)));
  }
}

}  // namespace
}  // namespace tocsin::tsdb
