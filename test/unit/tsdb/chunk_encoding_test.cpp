// Rows: what stands in chunk files instead of XOR bits.
#include <bit>

#include <catch2/catch.hpp>

#include "support/storage_suite.hpp"
#include "tsdb/row_chunk.hpp"

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
