#include "wire/remote_read.hpp"

#include <catch2/catch.hpp>

#include "base/hash.hpp"
#include "model/histogram.hpp"
#include "support/naive_protobuf.hpp"

using namespace tocsin;
using namespace tocsin::wire;
using test::Pb;
using test::pb_fields;
using test::PbField;

namespace {

const std::vector<model::LabelView> kLabels = {{"__name__", "up"}, {"job", "node"}};
const std::string kLabelBytes =
    Pb().message(1, Pb().text(1, "__name__").text(2, "up")).message(1, Pb().text(1, "job").text(2, "node")).str();

std::string_view field(std::string_view message, std::uint32_t number) {
  for (const PbField& f : pb_fields(message)) {
    if (f.number == number) return f.bytes;
  }
  return {};
}

}  // namespace

TEST_CASE("A read request is parsed with matchers, hints and response types") {
  Pb hints =
      Pb().number(1, 15'000).text(2, "rate").number(3, -5).number(4, 10).text(5, "job").number(6, 1).number(7, 300'000);
  Pb query = Pb().number(1, 1000).number(2, 2000);
  query.message(3, Pb().text(2, "__name__").text(3, "up")).message(3, Pb().number(1, 2).text(2, "job").text(3, "n.*"));
  query.message(4, hints);
  const std::string body = Pb().message(1, query).message(1, Pb()).packed_numbers(2, {1, 0}).number(2, 7).str();
  const auto request = parse_read_request(body);
  REQUIRE(request);
  CHECK(request->accepted == std::vector<std::uint32_t>{1, 0, 7});
  REQUIRE(request->queries.size() == 2);
  const ReadQuery& first = request->queries[0];
  CHECK(first.start == 1000);
  CHECK(first.end == 2000);
  REQUIRE(first.matchers.size() == 2);
  CHECK(first.matchers[0].type == 0);
  CHECK(first.matchers[1].type == 2);
  CHECK(first.matchers[1].name == "job");
  CHECK(first.matchers[1].value == "n.*");
  CHECK(first.has_hints);
  CHECK(first.hints.start == -5);
  CHECK(first.hints.end == 10);
  CHECK(first.hints.step_ms == 15'000);
  CHECK(first.hints.range_ms == 300'000);
  CHECK(first.hints.function == "rate");
  CHECK_FALSE(request->queries[1].has_hints);
}

TEST_CASE("A broken read request is refused with the place, and so is one beyond its limits") {
  CHECK(parse_read_request("\x0a\x05\x08").error().message ==
        "remote read request: unexpected end of the message at byte 0");
  CHECK(parse_read_request(Pb().message(1, Pb().text(1, "x")).str()).error().message ==
        "remote read request: field 1 has wire type 2, not 0 at byte 2");
  ReadLimits limits{1, 1, 1};
  CHECK(parse_read_request(Pb().message(1, Pb()).message(1, Pb()).str(), limits).error().message ==
        "remote read request: more than 1 queries at byte 2");
  CHECK(parse_read_request(Pb().message(1, Pb().message(3, Pb()).message(3, Pb())).str(), limits).error().message ==
        "remote read request: more than 1 matchers at byte 4");
  CHECK(parse_read_request(Pb().packed_numbers(2, {0, 1}).str(), limits).error().message ==
        "remote read request: more than 1 response types at byte 0");
}

TEST_CASE("A read response has one result for each query, and samples and histograms apart") {
  auto integer = std::make_shared<model::FloatHistogram>();
  integer->integer = true;
  integer->count = 7;
  integer->sum = 3.5;
  integer->zero_count = 1;
  integer->schema = -1;
  integer->zero_threshold = 0.25;
  integer->reset_hint = model::CounterReset::kGauge;
  integer->positive_spans = {{-2, 2}, {3, 1}};
  integer->positive_buckets = {1, 4, 1};
  auto real = std::make_shared<model::FloatHistogram>();
  real->count = 2.5;
  real->schema = model::kCustomBucketsSchema;
  real->custom_values = {1, 2};
  real->positive_spans = {{0, 1}};
  real->positive_buckets = {2.5};

  ReadResponseWriter writer;
  writer.begin_result();
  writer.begin_result();
  const std::vector<Timestamp> times = {1000, 2000, 3000, 4000};
  const std::vector<double> values = {1.5, 0, 0, 0};
  const std::vector<model::HistogramPtr> histograms = {nullptr, integer, real, nullptr};
  writer.add_series(kLabels, times, values, histograms);
  writer.add_series(kLabels, std::span(times).first(1), std::span(values).first(1), {});
  CHECK(writer.size() > 50);
  const std::string response = writer.take();
  CHECK(writer.size() == 0);

  Pb first_integer = Pb().number(1, 7).real(3, 3.5).zigzag_number(4, -1).real(5, 0.25).number(6, 1);
  first_integer.message(11, Pb().zigzag_number(1, -2).number(2, 2)).message(11, Pb().zigzag_number(1, 3).number(2, 1));
  first_integer.packed_zigzags(12, {1, 3, -3}).number(14, 3).number(15, 2000);
  Pb second_real = Pb().real(2, 2.5).zigzag_number(4, -53).real(7, 0).message(11, Pb().number(2, 1));
  second_real.packed_reals(13, {2.5}).number(15, 3000).packed_reals(16, {1, 2});
  Pb series = Pb().raw(kLabelBytes).message(2, Pb().real(1, 1.5).number(2, 1000)).message(2, Pb().number(2, 4000));
  series.message(4, first_integer).message(4, second_real);
  Pb again = Pb().raw(kLabelBytes).message(2, Pb().real(1, 1.5).number(2, 1000));
  CHECK(response == Pb().message(1, Pb()).message(1, Pb().message(1, series).message(1, again)).str());
}

TEST_CASE("Chunks come in frames with their length and checksum, the labels in each") {
  ChunkFrameWriter writer;
  writer.begin_series(kLabels);
  CHECK(writer.label_bytes() == kLabelBytes.size());
  CHECK_FALSE(writer.has_chunks());
  writer.add_chunk({1000, 2000, 1, "data"});
  CHECK(writer.has_chunks());
  std::string out;
  writer.end_frame(0, out);
  CHECK_FALSE(writer.has_chunks());
  writer.add_chunk({2001, 2002, 2, std::string(200, 'x')});
  writer.end_frame(3, out);

  std::string_view rest = out;
  std::vector<std::string_view> messages;
  while (!rest.empty()) {
    std::size_t size = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    if (size >= 0x80) {
      size = (size & 0x7fU) | (static_cast<std::size_t>(static_cast<unsigned char>(rest[0])) << 7U);
      rest.remove_prefix(1);
    }
    std::uint32_t sum = 0;
    for (int i = 0; i < 4; ++i) sum = (sum << 8U) | static_cast<unsigned char>(rest[static_cast<std::size_t>(i)]);
    messages.push_back(rest.substr(4, size));
    CHECK(sum == crc32c(messages.back()));
    rest.remove_prefix(4 + size);
  }
  REQUIRE(messages.size() == 2);
  const Pb chunk = Pb().number(1, 1000).number(2, 2000).number(3, 1).text(4, "data");
  CHECK(messages[0] == Pb().message(1, Pb().raw(kLabelBytes).message(2, chunk)).str());
  CHECK(pb_fields(messages[1]).back().value == 3);
  CHECK(field(field(field(messages[1], 1), 2), 4) == std::string(200, 'x'));
}
