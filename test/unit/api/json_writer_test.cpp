#include "api/json_writer.hpp"

#include <limits>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "api/query_json.hpp"
#include "base/json_string.hpp"
#include "base/rng.hpp"
#include "model/histogram.hpp"

using namespace tocsin;
using api::JsonWriter;

namespace {

template <typename Write>
std::string written(Write write) {
  std::string out;
  JsonWriter json(out);
  write(json);
  return out;
}

std::string text_of(std::string_view value) {
  std::string out;
  append_json_string(out, value, JsonStyle::kJsoniter);
  return out;
}

}  // namespace

TEST_CASE("texts are escaped as Go's encoder does") {
  CHECK(text_of("plain text") == R"("plain text")");
  CHECK(text_of("a\"b\\c\n\r\t\x01\x7f") == "\"a\\\"b\\\\c\\n\\r\\t\\u0001\x7f\"");
  CHECK(text_of("<a> & b") == R"("\u003ca\u003e \u0026 b")");
  CHECK(text_of("grün €") == "\"grün €\"");
  CHECK(text_of("\xE2\x80\xA8 \xE2\x80\xA9") == R"("\u2028 \u2029")");
  CHECK(text_of("bad \xff\xc3 end") == R"("bad \ufffd\ufffd end")");
  CHECK(text_of("") == R"("")");
}

TEST_CASE("commas stand between values and nowhere else") {
  CHECK(written([](JsonWriter& json) {
          json.begin_object().key("a").begin_array().integer(1).text("x").end_array();
          json.key("b").begin_object().end_object().key("c").boolean(true).end_object();
        }) == R"({"a":[1,"x"],"b":{},"c":true})");
}

TEST_CASE("timestamps are seconds with three decimals or none") {
  const auto at = [](Timestamp t) { return written([t](JsonWriter& json) { json.timestamp(t); }); };
  CHECK(at(1795232822017) == "1795232822.017");
  CHECK(at(1795232822030) == "1795232822.030");
  CHECK(at(1795232822000) == "1795232822");
  CHECK(at(0) == "0");
  CHECK(at(-1500) == "-1.500");
  CHECK(at(-1) == "-0.001");
  CHECK(at(kMinTimestamp) == "-9223372036854775.808");
}

TEST_CASE("samples one after the other are those that stand alone") {
  Rng rng(5);
  std::vector<model::Sample> samples;
  Timestamp t = 9'000'000;  // below and above what is kept of a time
  for (int i = 0; i < 1000; ++i) {
    t += i % 100 == 0 ? 12'345'678'901 : static_cast<Timestamp>(rng.next() % 2'000'000);
    if (i == 500) t = -20'000'000;
    samples.push_back({t, i % 10 == 0 ? std::numeric_limits<double>::quiet_NaN() : rng.uniform() * 1e6});
  }
  std::string expected = "[";
  for (const model::Sample& sample : samples) {
    if (expected.size() > 1) expected += ',';
    expected += written([&](JsonWriter& json) { json.point(sample.t, sample.v); });
  }
  expected += ']';
  for (const std::size_t first : {0U, 1U, 63U, 64U, 65U, 1000U}) {
    CHECK(written([&](JsonWriter& json) {
            json.begin_array().points(std::span(samples).first(first));
            for (const model::Sample& sample : std::span(samples).subspan(first)) json.point(sample.t, sample.v);
            json.end_array();
          }) == expected);
  }
}

TEST_CASE("values are strings, numbers of the envelope are not") {
  const auto value = [](double v) { return written([v](JsonWriter& json) { json.sample_value(v); }); };
  CHECK(value(1) == "\"1\"");
  CHECK(value(0.1) == "\"0.1\"");
  CHECK(value(1e21) == "\"1e+21\"");
  CHECK(value(1e20) == "\"100000000000000000000\"");
  CHECK(value(1e-7) == "\"1e-07\"");
  CHECK(value(std::numeric_limits<double>::infinity()) == "\"+Inf\"");
  CHECK(value(std::numeric_limits<double>::quiet_NaN()) == "\"NaN\"");
  CHECK(written([](JsonWriter& json) { json.number(0.25); }) == "0.25");
  CHECK(written([](JsonWriter& json) { json.number(std::numeric_limits<double>::infinity()); }) == "null");
}

TEST_CASE("a query's value as the API shows it") {
  const auto data = [](const promql::Value& value) {
    return written([&](JsonWriter& json) {
      api::QueryDataWriter writer(value);
      // A step at a time, each of which must go on where the last one ended.
      for (std::size_t size = 1; !writer.write_until(json, size);) size = json.size() + 1;
      json.end_object();
    });
  };
  CHECK(data(promql::Scalar{1500, 2}) == R"({"resultType":"scalar","result":[1.5,"2"]})");
  CHECK(data(promql::Text{1500, "x"}) == R"({"resultType":"string","result":[1.5,"x"]})");
  CHECK(data(promql::Vector{}) == R"({"resultType":"vector","result":[]})");
  promql::Vector vector{{model::Labels{{"__name__", "up"}, {"job", "a"}}, 1000, 1, nullptr}};
  CHECK(data(vector) == R"({"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[1,"1"]}]})");
  promql::Matrix matrix{{model::Labels{}, {{1000, 1}, {2000, 3}}, {}}};
  CHECK(data(matrix) == R"({"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"3"]]}]})");
  model::FloatHistogram empty;
  const auto h = std::make_shared<const model::FloatHistogram>(empty);
  promql::Matrix mixed{{model::Labels{}, {{1000, 1}}, {{2000, h}, {3000, h}}}, {model::Labels{}, {}, {{4000, h}}}};
  CHECK(
      data(mixed) ==
      R"({"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]],"histograms":[[2,{"count":"0","sum":"0"}],[3,{"count":"0","sum":"0"}]]},{"metric":{},"histograms":[[4,{"count":"0","sum":"0"}]]}]})");
  CHECK(data(promql::Matrix{}) == R"({"resultType":"matrix","result":[]})");
}

TEST_CASE("a native histogram shows its buckets that are not empty, from low to high") {
  model::FloatHistogram h;
  h.schema = 0;
  h.zero_threshold = 0.001;
  h.zero_count = 2;
  h.count = 10;
  h.sum = 18.4;
  h.positive_spans = {{0, 2}, {1, 1}};
  h.positive_buckets = {1, 0, 3};
  h.negative_spans = {{1, 1}};
  h.negative_buckets = {4};
  CHECK(
      written([&](JsonWriter& json) { api::write_histogram(json, h); }) ==
      R"({"count":"10","sum":"18.4","buckets":[[1,"-2","-1","4"],[3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"4","8","3"]]})");

  model::FloatHistogram custom;
  custom.schema = model::kCustomBucketsSchema;
  custom.count = 3;
  custom.custom_values = {1, 2};
  custom.positive_spans = {{0, 3}};
  custom.positive_buckets = {1, 1, 1};
  CHECK(written([&](JsonWriter& json) { api::write_histogram(json, custom); }) ==
        R"({"count":"3","sum":"0","buckets":[[3,"-Inf","1","1"],[0,"1","2","1"],[0,"2","+Inf","1"]]})");
}
