#include "api/query_answer.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "net/gzip.hpp"
#include "support/test_loop.hpp"

namespace tocsin::api {
namespace {

using test::TestLoop;

/// A client that reads so many pieces.
struct Reader final : net::BodyWriter {
  explicit Reader(std::size_t most) : left(most) {}
  net::Task<bool> write(std::string piece) override {
    largest = std::max(largest, piece.size());
    text += piece;
    if (!piece.empty()) ++pieces;
    co_return left-- > 1;
  }
  std::string text;
  std::size_t left, pieces = 0, largest = 0;
};

promql::QueryResult range_result(std::size_t series, std::size_t points) {
  promql::Matrix matrix;
  for (std::size_t i = 0; i < series; ++i) {
    promql::MatrixSeries one{model::Labels{{"i", std::to_string(i)}}, {}, {}};
    for (std::size_t t = 0; t < points; ++t) {
      one.floats.push_back({static_cast<Timestamp>(t) * 15'000, static_cast<double>(i * t) / 7});
    }
    matrix.push_back(std::move(one));
  }
  promql::QueryResult result;
  result.value = std::move(matrix);
  result.warnings = {"careful"};
  return result;
}

/// The same, naively.
std::string text_of(std::size_t series, std::size_t points) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("status").text("success").key("data").begin_object().key("resultType").text("matrix");
  json.key("result").begin_array();
  for (std::size_t i = 0; i < series; ++i) {
    json.begin_object().key("metric").begin_object().key("i").text(std::to_string(i)).end_object();
    json.key("values").begin_array();
    for (std::size_t t = 0; t < points; ++t) {
      json.begin_array().timestamp(static_cast<Timestamp>(t) * 15'000);
      json.sample_value(static_cast<double>(i * t) / 7).end_array();
    }
    json.end_array().end_object();
  }
  json.end_array().key("stats").integer(7).end_object();
  json.key("warnings").begin_array().text("careful").end_array().end_object();
  return out;
}

void write_seven(JsonWriter& json) {
  json.key("stats").integer(7);
}

TEST_CASE("a short answer is a body, a long one goes out in pieces; the texts are the same") {
  TestLoop loop;
  const net::HttpResponse brief = query_answer({loop, loop.lane(Lane::kQuery)}, range_result(3, 10), write_seven);
  CHECK_FALSE(brief.stream);
  CHECK(brief.body.view() == text_of(3, 10));

  for (const bool packed : {false, true}) {
    INFO(packed);
    const net::HttpResponse large =
        query_answer({loop, loop.lane(Lane::kQuery), packed}, range_result(50, 2000), write_seven);
    REQUIRE(large.stream);
    const auto reader = std::make_shared<Reader>(1'000'000);
    loop.run(large.stream(reader));
    CHECK(large.headers.get("Content-Encoding") == (packed ? "gzip" : ""));
    CHECK(large.headers.get("Content-Type") == "application/json");
    const std::string text = packed ? net::gunzip(reader->text, 100U << 20U).value() : reader->text;
    CHECK((text == text_of(50, 2000)));
    CHECK(reader->pieces > 5);
    CHECK(reader->largest < (258U << 10U));
  }
}

TEST_CASE("a client that stops reading ends the writing") {
  TestLoop loop;
  const net::HttpResponse large = query_answer({loop, loop.lane(Lane::kQuery)}, range_result(50, 2000), nullptr);
  const auto reader = std::make_shared<Reader>(2);
  loop.run(large.stream(reader));
  CHECK(reader->pieces == 2);
}

}  // namespace
}  // namespace tocsin::api
