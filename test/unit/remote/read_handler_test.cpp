#include "remote/read_handler.hpp"

#include <catch2/catch.hpp>

#include "base/hash.hpp"
#include "chunkenc/chunk.hpp"
#include "model/histogram.hpp"
#include "support/map_store.hpp"
#include "support/naive_protobuf.hpp"
#include "support/test_loop.hpp"
#include "wire/snappy.hpp"

namespace tocsin::remote {
namespace {

using test::Pb;
using test::pb_fields;
using test::PbField;

/// Gathers a stream; says that the reader has gone after so many pieces.
class Reader final : public net::BodyWriter {
 public:
  explicit Reader(std::size_t pieces = 1'000'000) : left_(pieces) {}
  net::Task<bool> write(std::string piece) override {
    if (left_ == 0) co_return false;
    --left_;
    ++pieces;
    body += piece;
    co_return true;
  }
  std::string body;
  std::size_t pieces = 0;

 private:
  std::size_t left_;
};

struct ReadHarness {
  explicit ReadHarness(ReadOptions options = {})
      : handler(loop, loop.work(), store, [this] { return external; }, options) {
    handler.add_to(router);
  }
  net::HttpResponse ask(const Pb& message) {
    net::HttpRequest request("POST", "/api/v1/read");
    wire::snappy_encode(message.str(), request.body);
    return loop.run(router.handle(std::move(request)));
  }
  /// Series of an answer as "{labels} value@time ...", one a line, results apart by "--".
  std::string samples(const Pb& message) {
    const net::HttpResponse response = ask(message);
    INFO(response.body.view());
    REQUIRE(response.status == 200);
    CHECK(response.headers.get("Content-Type") == "application/x-protobuf");
    CHECK(response.headers.get("Content-Encoding") == "snappy");
    const std::string body = wire::snappy_decode(response.body.view(), 1U << 30U).value();
    std::string out;
    for (const PbField& result : pb_fields(body)) {
      if (!out.empty()) out += "--\n";
      for (const PbField& series : pb_fields(result.bytes)) out += series_text(series.bytes) + "\n";
    }
    return out;
  }
  /// The same of a stream of chunks; queries and frames as "[query] {labels} encoding: ...".
  std::string chunks(const Pb& message, std::shared_ptr<Reader> reader = std::make_shared<Reader>()) {
    net::HttpResponse response = ask(message);
    INFO(response.body.view());
    REQUIRE(response.status == 200);
    CHECK(response.headers.get("Content-Type") ==
          "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
    CHECK_FALSE(response.headers.has("Content-Encoding"));
    REQUIRE(response.stream);
    loop.run(response.stream(reader));
    return frames_text(reader->body);
  }
  static std::string labels_of(const std::vector<PbField>& fields) {
    std::string out = "{";
    for (const PbField& field : fields) {
      if (field.number != 1) continue;
      const auto label = pb_fields(field.bytes);
      out += fmt::format("{}{}=\"{}\"", out.size() > 1 ? ", " : "", label.at(0).bytes, label.at(1).bytes);
    }
    return out + "}";
  }
  static std::string series_text(std::string_view bytes) {
    const auto fields = pb_fields(bytes);
    std::string out = labels_of(fields);
    for (const PbField& field : fields) {
      if (field.number == 1) continue;
      double value = 0;
      std::uint64_t t = 0;
      for (const PbField& part : pb_fields(field.bytes)) {
        if (field.number == 2 && part.number == 1) value = part.real();
        if (field.number == 4 && part.number == 1) value = static_cast<double>(part.value);
        if (part.number == (field.number == 2 ? 2 : 15)) t = part.value;
      }
      out += fmt::format(" {}{}@{}", field.number == 4 ? "h" : "", value, static_cast<std::int64_t>(t));
    }
    return out;
  }
  static std::string frames_text(std::string_view body) {
    std::string out;
    while (!body.empty()) {
      std::size_t size = 0;
      for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(body.front());
        body.remove_prefix(1);
        size |= static_cast<std::size_t>(byte & 0x7fU) << shift;
        if (byte < 0x80) break;
      }
      std::uint32_t sum = 0;
      for (std::size_t i = 0; i < 4; ++i) sum = (sum << 8U) | static_cast<unsigned char>(body[i]);
      const std::string_view frame = body.substr(4, size);
      CHECK(sum == crc32c(frame));
      body.remove_prefix(4 + size);
      std::uint64_t query = 0;
      std::string series;
      for (const PbField& field : pb_fields(frame)) {
        if (field.number == 2) query = field.value;
        if (field.number == 1) series = chunked_series_text(field.bytes);
      }
      out += fmt::format("[{}] {}\n", query, series);
    }
    return out;
  }
  static std::string chunked_series_text(std::string_view bytes) {
    const auto fields = pb_fields(bytes);
    std::string out = labels_of(fields);
    for (const PbField& field : fields) {
      if (field.number != 2) continue;
      std::uint64_t numbers[4] = {};
      std::string_view data;
      for (const PbField& part : pb_fields(field.bytes)) {
        if (part.number <= 3) numbers[part.number] = part.value;
        if (part.number == 4) data = part.bytes;
      }
      storage::SampleColumns columns;
      REQUIRE(chunkenc::decode_chunk(static_cast<chunkenc::Encoding>(numbers[3]), data, columns));
      CHECK(columns.times.front() == static_cast<Timestamp>(numbers[1]));
      CHECK(columns.times.back() == static_cast<Timestamp>(numbers[2]));
      out += fmt::format(" {}:", numbers[3]);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const bool histogram = !columns.histograms.empty() && columns.histograms[i] != nullptr;
        out += histogram ? fmt::format(" h{}", columns.histograms[i]->count) : fmt::format(" {}", columns.values[i]);
        out += fmt::format("@{}", columns.times[i]);
      }
    }
    return out;
  }

  test::TestLoop loop;
  test::MapStore store;
  model::Labels external;
  ReadHandler handler;
  net::HttpRouter router;
};

Pb matcher(int type, std::string_view name, std::string_view value) {
  return Pb().number(1, type).text(2, name).text(3, value);
}
Pb query(Timestamp start, Timestamp end, const std::vector<Pb>& matchers) {
  Pb out = Pb().number(1, start).number(2, end);
  for (const Pb& one : matchers) out.message(3, one);
  return out;
}

/// up{job=a} 1..5 at 1000..5000, up{job=b} 7 at 2000, h with an integer histogram at 3000.
void fill(test::MapStore& store) {
  for (int i = 1; i <= 5; ++i) store.add({{"__name__", "up"}, {"job", "a"}}, i * 1000, i);
  store.add({{"__name__", "up"}, {"job", "b"}}, 2000, 7);
  auto histogram = std::make_shared<model::FloatHistogram>();
  histogram->integer = true;
  histogram->count = 3;
  histogram->positive_spans = {{0, 2}};
  histogram->positive_buckets = {1, 2};
  const auto appender = store.appender();
  const model::Labels labels = {{"__name__", "h"}};
  REQUIRE(appender->append_histogram(0, &labels, 3000, histogram).status == storage::AppendStatus::kOk);
  REQUIRE(appender->commit());
}

TEST_CASE("samples are read by matchers and times, each query for itself") {
  ReadHarness h;
  fill(h.store);
  const Pb first = query(2000, 4000, {matcher(0, "__name__", "up")});
  const Pb second = query(0, 9000, {matcher(2, "__name__", "h|nothing"), matcher(1, "job", "a")});
  const Pb none = query(9000, 9999, {matcher(0, "__name__", "up")});
  CHECK(h.samples(Pb().message(1, first).message(1, none).message(1, second)) ==
        "{__name__=\"up\", job=\"a\"} 2@2000 3@3000 4@4000\n{__name__=\"up\", job=\"b\"} 7@2000\n--\n--\n"
        "{__name__=\"h\"} h3@3000\n");
  CHECK(h.samples(Pb().message(1, query(0, 9000, {matcher(3, "job", "a|b")}))) == "{__name__=\"h\"} h3@3000\n");
  const Pb hints = Pb().text(2, "rate").number(3, 1500).number(4, 2000);
  CHECK(h.samples(Pb().message(1, query(1000, 9000, {matcher(0, "job", "a")}).message(4, hints))) ==
        "{__name__=\"up\", job=\"a\"} 2@2000\n");
  CHECK(h.samples(Pb().message(1, query(5000, 9000, {matcher(0, "job", "a")}).message(4, Pb()))) ==
        "{__name__=\"up\", job=\"a\"} 5@5000\n");
  CHECK(h.handler.stats().requests == 4);
  CHECK(h.handler.stats().queries == 0);
}

TEST_CASE("external labels are added, and equalities with them are taken as true") {
  ReadHarness h;
  fill(h.store);
  h.external = {{"cluster", "c"}, {"job", "other"}, {"zone", "z"}};
  const Pb up = matcher(0, "__name__", "h");
  const std::string all = "{__name__=\"h\", cluster=\"c\", job=\"other\", zone=\"z\"} h3@3000\n";
  CHECK(h.samples(Pb().message(1, query(0, 9000, {up}))) == all);
  CHECK(h.samples(Pb().message(1, query(0, 9000, {up, matcher(0, "cluster", "c"), matcher(0, "zone", "z")}))) == all);
  CHECK(h.samples(Pb().message(1, query(0, 9000, {up, matcher(0, "cluster", "d")}))).empty());
  // A label of the series wins, and the matcher is for it.
  CHECK(h.samples(Pb().message(1, query(2000, 2000, {matcher(0, "job", "b")}))) ==
        "{__name__=\"up\", cluster=\"c\", job=\"b\", zone=\"z\"} 7@2000\n");
}

TEST_CASE("chunks come in frames, series in order, queries by their number") {
  ReadHarness h;
  fill(h.store);
  h.external = {{"zone", "z"}};
  const Pb first = query(2000, 4000, {matcher(0, "__name__", "up")});
  const Pb second = query(0, 9000, {matcher(0, "__name__", "h")});
  CHECK(h.chunks(Pb().message(1, first).message(1, second).packed_numbers(2, {1, 0})) ==
        "[0] {__name__=\"up\", job=\"a\", zone=\"z\"} 1: 2@2000 3@3000 4@4000\n"
        "[0] {__name__=\"up\", job=\"b\", zone=\"z\"} 1: 7@2000\n"
        "[1] {__name__=\"h\", zone=\"z\"} 2: h3@3000\n");
}

TEST_CASE("a long series is spread over frames, and a reader that goes ends the work") {
  ReadHarness h({.max_bytes_in_frame = 500});
  const model::Labels labels = {{"__name__", "long"}};
  const auto appender = h.store.appender();
  for (int i = 0; i < 1000; ++i) (void)appender->append(0, &labels, i, i * 1.37);
  REQUIRE(appender->commit());
  const Pb message = Pb().message(1, query(0, 9000, {matcher(0, "__name__", "long")})).number(2, 1);
  const std::string text = h.chunks(message);
  CHECK(std::count(text.begin(), text.end(), '\n') > 5);
  CHECK(std::count(text.begin(), text.end(), '@') == 1000);

  const auto gone = std::make_shared<Reader>(0);
  CHECK(h.chunks(message, gone).empty());
  CHECK(h.handler.stats().streams_cut == 1);
  CHECK(h.handler.stats().queries == 0);
}

TEST_CASE("requests that make no sense, and answers that are too large, are 400") {
  ReadHarness h({.sample_limit = 4, .max_answer_bytes = 20});
  fill(h.store);
  struct Case {
    Pb message;
    std::string text;
  };
  const Pb five = query(0, 9000, {matcher(0, "job", "a")});
  const Case cases[] = {
      {Pb().message(1, five), "exceeded sample limit (4)"},
      {Pb().message(1, query(0, 9000, {matcher(0, "__name__", "h")})),
       "the answer is larger than 20 bytes: ask for less, or for STREAMED_XOR_CHUNKS"},
      {Pb().message(1, query(0, 1, {matcher(4, "a", "b")})), "invalid matcher type"},
      {Pb().message(1, five).packed_numbers(2, {7, 9}),
       "server does not support any of the requested response types: [7 9]; supported: map[SAMPLES:{} "
       "STREAMED_XOR_CHUNKS:{}]"},
      {Pb().text(1, "\x08"), "remote read request: unexpected end of the message at byte 2"},
  };
  for (const Case& c : cases) {
    const auto response = h.ask(c.message);
    CHECK(response.status == 400);
    CHECK(response.body.view() == c.text + "\n");
  }
  CHECK(h.ask(Pb().message(1, query(0, 1, {matcher(2, "a", "(")}))).status == 400);
  net::HttpRequest garbage("POST", "/api/v1/read");
  garbage.body = "garbage";
  CHECK(h.loop.run(h.router.handle(std::move(garbage))).body.view() == "snappy: corrupt input\n");
  CHECK(h.handler.stats().failures == 7);
  // The limit of samples is not for chunks.
  CHECK(h.chunks(Pb().message(1, five).number(2, 1)) ==
        "[0] {__name__=\"up\", job=\"a\"} 1: 1@1000 2@2000 3@3000 4@4000 5@5000\n");
}

}  // namespace
}  // namespace tocsin::remote
