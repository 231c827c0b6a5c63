#include "remote/write_handler.hpp"

#include <catch2/catch.hpp>

#include "write_harness.hpp"

namespace tocsin::remote {
namespace {

const model::Labels kUp = {{"__name__", "up"}, {"job", "node"}};

Pb up() {
  return Pb().message(1, write_label("__name__", "up")).message(1, write_label("job", "node"));
}

/// A request of 2.0 with symbols 0 "", 1 __name__, 2 up, 3 job, 4 node, 5 trace_id, 6 abc.
Pb request2() {
  Pb out;
  for (const char* symbol : {"", "__name__", "up", "job", "node", "trace_id", "abc"}) out.text(4, symbol);
  return out;
}
Pb up2() {
  return Pb().packed_numbers(1, {1, 2, 3, 4});
}

std::string written(const net::HttpResponse& response) {
  return fmt::format("{}/{}/{}", response.headers.get("X-Prometheus-Remote-Write-Samples-Written"),
                     response.headers.get("X-Prometheus-Remote-Write-Histograms-Written"),
                     response.headers.get("X-Prometheus-Remote-Write-Exemplars-Written"));
}

TEST_CASE("a request 1.0 is written: samples, histograms and exemplars, labels in any order") {
  WriteHarness h;
  Pb histogram = Pb().number(1, 3).real(3, 1.5).number(15, h.now + 2).message(11, Pb().number(2, 2));
  histogram.packed_zigzags(12, {1, 1});
  Pb series = Pb().message(1, write_label("job", "node")).message(1, write_label("empty", ""));
  series.message(1, write_label("__name__", "up"))
      .message(2, write_sample(1, h.now))
      .message(2, write_sample(2, h.now + 1));
  series.message(4, histogram);
  // As Prometheus sends exemplars: in a series of their own.
  Pb exemplar = Pb().message(1, write_label("trace_id", "abc")).real(2, 0.5).number(3, h.now);
  const auto response = h.write1(Pb().message(1, series).message(1, up().message(3, exemplar)));
  CHECK(response.status == 204);
  CHECK(response.body.size() == 0);
  CHECK(written(response) == "//");
  CHECK(h.samples(kUp) == "1@0 2@1 h3@2");
  REQUIRE(h.store.exemplars(kUp).size() == 1);
  CHECK(h.store.exemplars(kUp)[0].value == 0.5);
  CHECK(h.store.exemplars(kUp)[0].has_timestamp);
  CHECK(h.store.exemplars(kUp)[0].labels == model::Labels{{"trace_id", "abc"}});
  const WriteStats stats = h.handler.stats();
  CHECK(stats.requests == 1);
  CHECK(stats.written.samples == 2);
  CHECK(stats.written.histograms == 1);
  CHECK(stats.written.exemplars == 1);
  CHECK(stats.running == 0);
}

TEST_CASE("a request 2.0 is written, with start times and metadata, and its answer counts") {
  WriteHarness h({.metadata = true});
  Pb series = up2().message(2, write_sample(1, h.now, h.now - 5)).message(2, write_sample(2, h.now + 1));
  series.message(4, Pb().packed_numbers(1, {5, 6}).real(2, 0.5).number(3, h.now));
  series.message(5, Pb().number(1, 1).number(3, 6).number(4, 4));
  Pb histograms = Pb().packed_numbers(1, {1, 4});
  histograms.message(3, Pb().real(2, 2.5).message(11, Pb().number(2, 1)).packed_reals(13, {2.5}).number(15, h.now));
  const auto response = h.write2(request2().message(5, series).message(5, histograms));
  CHECK(response.status == 204);
  CHECK(written(response) == "2/1/1");
  CHECK(h.samples(kUp) == "1@0^-5 2@1");
  CHECK(h.samples({{"__name__", "node"}}) == "h2.5@0");
  REQUIRE(h.store.metadata(kUp));
  CHECK(h.store.metadata(kUp)->type == model::MetricType::kCounter);
  CHECK(h.store.metadata(kUp)->help == "abc");
  CHECK(h.store.metadata(kUp)->unit == "node");
}

TEST_CASE("metadata of 2.0 is kept, and made labels, if the features are on") {
  const Pb message = request2().message(
      5, up2().message(2, write_sample(1, 0)).message(5, Pb().number(1, 1).number(3, 6).number(4, 4)));
  WriteHarness plain;
  CHECK(plain.write2(message).status == 204);
  CHECK_FALSE(plain.store.metadata(kUp));
  WriteHarness labels({.type_and_unit_labels = true});
  CHECK(labels.write2(message).status == 204);
  CHECK(labels.samples({{"__name__", "up"}, {"__type__", "counter"}, {"__unit__", "node"}, {"job", "node"}}) != "");
  // Labels that were sent give way to what the metadata says, and to what it does not say.
  Pb symbols = request2();
  symbols.text(4, "__type__").text(4, "__unit__").text(4, "mine");
  const auto sent = [&](const Pb& metadata) {
    return Pb(symbols).message(
        5, Pb().packed_numbers(1, {1, 2, 7, 9, 8, 9}).message(2, write_sample(1, 0)).message(5, metadata));
  };
  CHECK(labels.write2(sent(Pb().number(1, 2))).status == 204);
  CHECK(labels.samples({{"__name__", "up"}, {"__type__", "gauge"}, {"__unit__", ""}}) != "");
  CHECK(labels.write2(sent(Pb())).status == 204);
  CHECK(labels.samples({{"__name__", "up"}, {"__type__", "mine"}, {"__unit__", "mine"}}) != "");
}

TEST_CASE("series that were written before are found again, in either version, and told apart") {
  WriteHarness h;
  for (int i = 0; i < 3; ++i) {
    Pb down = Pb().message(1, write_label("__name__", "down")).message(1, write_label("job", "node"));
    CHECK(h.write1(Pb().message(1, up().message(2, write_sample(i, h.now + i)))
                       .message(1, down.message(2, write_sample(10 + i, h.now + i))))
              .status == 204);
  }
  CHECK(h.handler.stats().cached_series == 2);
  // Symbols at other places, and other series at the same places.
  for (int i = 3; i < 6; ++i) {
    Pb message;
    for (const char* symbol : {"", "__name__", i % 2 == 0 ? "up" : "down", "job", "node"}) message.text(4, symbol);
    CHECK(h.write2(Pb(message).message(5, up2().message(2, write_sample(i, h.now + i)))).status == 204);
  }
  CHECK(h.samples(kUp) == "0@0 1@1 2@2 4@4");
  CHECK(h.samples({{"__name__", "down"}, {"job", "node"}}) == "10@0 11@1 12@2 3@3 5@5");
  // Exemplars of a known series, in a series of their own as senders of 1.0 write them.
  const Pb exemplar = Pb().message(1, write_label("trace_id", "abc")).real(2, 0.5).number(3, h.now + 6);
  CHECK(h.write1(Pb().message(1, up().message(3, exemplar))).status == 204);
  CHECK(h.store.exemplars(kUp).size() == 1);
  // What is refused of a known series is told with its labels.
  const auto late = h.write2(request2().message(5, up2().message(2, write_sample(9, h.now))));
  CHECK(late.status == 400);
  CHECK(late.body.view() == "out of order sample for series {__name__=\"up\", job=\"node\"}\n");
}

namespace dead {

/// A store that has collected the series behind every ref that it gave.
class Appender final : public storage::Appender {
 public:
  explicit Appender(std::unique_ptr<storage::Appender> inner) : inner_(std::move(inner)) {}
  storage::AppendResult append(storage::SeriesRef, const model::Labels* labels, Timestamp t, double value,
                               Timestamp start) override {
    if (labels == nullptr) return {storage::AppendStatus::kUnknownRef, 0, false};
    return inner_->append(0, labels, t, value, start);
  }
  storage::AppendResult append_histogram(storage::SeriesRef, const model::Labels* labels, Timestamp t,
                                         model::HistogramPtr histogram, Timestamp start) override {
    if (labels == nullptr) return {storage::AppendStatus::kUnknownRef, 0, false};
    return inner_->append_histogram(0, labels, t, std::move(histogram), start);
  }
  storage::SeriesRef find(const model::Labels& labels) override { return inner_->find(labels); }
  storage::AppendStatus append_exemplar(storage::SeriesRef ref, const storage::Exemplar& exemplar) override {
    return inner_->append_exemplar(ref, exemplar);
  }
  void set_metadata(storage::SeriesRef, const storage::Metadata&) override {}
  Result<void> commit() override { return inner_->commit(); }
  void rollback() override { inner_->rollback(); }

 private:
  std::unique_ptr<storage::Appender> inner_;
};

}  // namespace dead

TEST_CASE("a series that was collected since it was written last is made anew") {
  WriteHarness h;
  dead::Appender appender(h.store.appender());
  RefCache cache(1000, 7);
  for (int i = 0; i < 3; ++i) {
    Pb series = up().message(2, write_sample(i, h.now + i));
    Pb histogram = Pb().message(1, write_label("__name__", "h"));
    histogram.message(4,
                      Pb().real(2, 2.5).message(11, Pb().number(2, 1)).packed_reals(13, {2.5}).number(15, h.now + i));
    std::string body;
    wire::snappy_encode(Pb().message(1, series).message(1, histogram).str(), body);
    WriteJob job({.newest = h.now + 1000}, body, appender, h.loop.clock(), &cache);
    while (job.run()) {
    }
    CHECK(job.outcome().status == 204);
    CHECK(job.outcome().written.samples == 1);
    CHECK(job.outcome().written.histograms == 1);
  }
  CHECK(h.samples(kUp) == "0@0 1@1 2@2");
  CHECK(h.samples({{"__name__", "h"}}) == "h2.5@0 h2.5@1 h2.5@2");
}

TEST_CASE("samples that the store refuses cost themselves alone, and the answer names them") {
  WriteHarness h({}, {.max_age_ms = 3'600'000, .series_limit = 2});
  h.store.add(kUp, h.now, 1);
  Pb series = up2().message(2, write_sample(7, h.now - 10)).message(2, write_sample(8, h.now));
  series.message(2, write_sample(9, h.now + 1)).message(2, write_sample(1, h.now - 3'600'001));
  series.message(2, write_sample(1, h.now + 600'001)).message(4, Pb().number(3, h.now + 600'001));
  Pb other = Pb().packed_numbers(1, {1, 4}).message(2, write_sample(1, h.now));
  Pb beyond = Pb().packed_numbers(1, {1, 6}).message(2, write_sample(1, h.now));
  const auto response = h.write2(request2().message(5, series).message(5, other).message(5, beyond));
  CHECK(response.status == 400);
  CHECK(written(response) == "2/0/0");
  const std::string at = R"( for series {__name__="up", job="node"})";
  CHECK(response.body.view() ==
        "out of order sample" + at + "\n" +
            fmt::format("duplicate sample for timestamp {}; overrides not allowed: new value 8", h.now) + at +
            "\nout of bounds" + at + "\nout of bounds: timestamp is too far in the future" + at +
            "\nthe limit of series is reached, new ones are not taken for series {__name__=\"abc\"}\n");
  CHECK(h.samples(kUp) == "1@0 9@1");
  CHECK(h.samples({{"__name__", "node"}}) == "1@0");
  CHECK(h.handler.stats().samples_refused == 5);
}

TEST_CASE("histograms that make no sense are refused, those finer than what is stored are made coarser") {
  WriteHarness h;
  Pb mismatch = Pb().number(1, 1).number(15, h.now).message(11, Pb().number(2, 2)).packed_zigzags(12, {1});
  Pb unknown = Pb().number(1, 0).number(15, h.now).zigzag_number(4, 60);
  Pb bounds = Pb().real(2, 1).number(15, h.now).zigzag_number(4, -53).packed_reals(16, {2, 1});
  Pb fine = Pb().number(1, 3).number(15, h.now).zigzag_number(4, 9);
  fine.message(11, Pb().zigzag_number(1, 1).number(2, 2)).packed_zigzags(12, {1, 1});
  Pb series = up2();
  for (const Pb& histogram : {mismatch, unknown, bounds, fine}) series.message(3, histogram);
  const auto response = h.write2(request2().message(5, series));
  CHECK(response.status == 400);
  CHECK(written(response) == "0/1/0");
  const std::string at = R"( for series {__name__="up", job="node"})";
  CHECK(response.body.view() ==
        "positive side: spans need 2 buckets, have 1 buckets: histogram spans specify different number of buckets than "
        "provided" +
            at +
            "\nhistogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for "
            "custom buckets, got schema 60" +
            at +
            "\ncustom buckets: previous bound is 2.000000 and current is 1.000000: histogram custom bounds must be in "
            "strictly increasing order" +
            at + "\n");
  const auto querier = h.store.querier(h.now, h.now).value();
  storage::SampleColumns columns;
  const auto set = querier->select(WriteHarness::all_times(), {});
  REQUIRE(set->next());
  REQUIRE(set->read(h.now, h.now, columns));
  const model::FloatHistogram& stored = *columns.histograms.at(0);
  CHECK(stored.schema == 8);
  CHECK(stored.integer);
  CHECK(stored.positive_buckets == std::vector<double>{3});
}

TEST_CASE("a request 1.0 tells the first error and writes the rest") {
  WriteHarness h;
  h.store.add(kUp, h.now, 1);
  Pb message = Pb().message(1, up().message(2, write_sample(7, h.now - 10)).message(2, write_sample(2, h.now)));
  message.message(1, Pb().message(1, write_label("__name__", "other")).message(2, write_sample(5, h.now)));
  const auto response = h.write1(message);
  CHECK(response.status == 400);
  CHECK(response.body.view() == "out of order sample\n");
  CHECK(response.headers.get("Content-Type") == "text/plain; charset=utf-8");
  CHECK(h.samples({{"__name__", "other"}}) == "5@0");
}

TEST_CASE("labels that make no series are passed over in 1.0, and told in 2.0") {
  struct Case {
    std::vector<std::pair<std::string, std::string>> labels;
    std::string told;
  };
  const Case cases[] = {
      {{{"job", "node"}}, "invalid metric name or labels, got {job=\"node\"}"},
      {{}, "invalid metric name or labels, got {}"},
      {{{"__name__", ""}}, "invalid metric name or labels, got {__name__=\"\"}"},
      {{{"__name__", "up"}, {"", "x"}}, "invalid metric name or labels, got {\"\"=\"x\", __name__=\"up\"}"},
      {{{"__name__", "u\xff"}}, "invalid metric name or labels, got {__name__=\"u\\xff\"}"},
      {{{"__name__", "up"}, {"a", "\xc3"}}, "invalid metric name or labels, got {__name__=\"up\", a=\"\\xc3\"}"},
      {{{"__name__", "up"}, {"\xe2\x82", "a"}},
       "invalid metric name or labels, got {__name__=\"up\", \"\\xe2\\x82\"=\"a\"}"},
      {{{"a", "1"}, {"__name__", "up"}, {"a", "2"}},
       "invalid labels for series, labels {__name__=\"up\", a=\"1\", a=\"2\"}, duplicated label a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.told);
    WriteHarness h;
    Pb one, symbols;
    std::vector<std::uint64_t> refs;
    for (const auto& [name, value] : c.labels) {
      one.message(1, write_label(name, value));
      refs.push_back(refs.size());
      symbols.text(4, name);
      refs.push_back(refs.size());
      symbols.text(4, value);
    }
    if (c.labels.empty()) symbols.text(4, "");  // Prometheus looks the metadata's nothing up, too
    one.message(2, write_sample(1, h.now));
    CHECK(h.write1(Pb().message(1, one).message(1, up().message(2, write_sample(1, h.now)))).status == 204);
    const auto response = h.write2(symbols.message(5, Pb().packed_numbers(1, refs).message(2, write_sample(1, h.now))));
    CHECK(response.status == 400);
    CHECK(response.body.view() == c.told + "\n");
    CHECK(h.series_count() == 1);
    CHECK(h.handler.stats().samples_with_invalid_labels == 2);
  }
}

TEST_CASE("what a series of 2.0 lacks or names wrongly is told, and the others are written") {
  WriteHarness h;
  Pb message = request2();
  message.message(5, up2());
  message.message(5, Pb().packed_numbers(1, {1, 2, 3}).message(2, write_sample(1, h.now)));
  message.message(5, up2().message(2, write_sample(1, h.now)).message(5, Pb().number(4, 99)));
  message.message(
      5, Pb().packed_numbers(1, {1, 4}).message(2, write_sample(5, h.now)).message(4, Pb().packed_numbers(1, {77, 0})));
  const auto response = h.write2(message);
  CHECK(response.status == 400);
  CHECK(response.body.view() ==
        "TimeSeries must contain at least one sample or histogram for series {__name__=\"up\", job=\"node\"}\n"
        "parsing labels for series [1 2 3]: invalid labelRefs length 3\n"
        "parsing metadata for series [1 2 3 4]: metadata unit_ref 99 outside of symbols table (size 7)\n"
        "parsing exemplar for series {__name__=\"node\"}: labelRefs 77 (name) = 0 (value) outside of symbols table "
        "(size 7)\n");
  CHECK(written(response) == "1/0/0");
  CHECK(h.series_count() == 1);
}

TEST_CASE("exemplars whose labels are no text are left out, those that are late are told") {
  WriteHarness h;
  Pb series = Pb().packed_numbers(1, {1, 2, 3, 4}).message(2, write_sample(1, h.now));
  series.message(4, Pb().packed_numbers(1, {5, 7}).real(2, 1).number(3, h.now));
  series.message(4, Pb().packed_numbers(1, {5, 6}).real(2, 2).number(3, h.now));
  CHECK(written(h.write2(request2().text(4, "\xff").message(5, series))) == "1/0/1");
  Pb late = Pb().packed_numbers(1, {1, 2, 3, 4}).message(2, write_sample(1, h.now));
  late.message(4, Pb().packed_numbers(1, {5, 6}).real(2, 3).number(3, h.now - 1));
  const auto response = h.write2(request2().message(5, late));
  CHECK(response.status == 400);
  CHECK(response.body.view() == "out of order exemplar for series {__name__=\"up\", job=\"node\"}\n");
  REQUIRE(h.store.exemplars(kUp).size() == 1);
  CHECK(h.store.exemplars(kUp)[0].value == 2);
}

TEST_CASE("a thousand errors are told in a bounded text") {
  WriteHarness h;
  Pb message = request2();
  for (int i = 0; i < 1000; ++i) message.message(5, up2());
  const auto response = h.write2(message);
  CHECK(response.status == 400);
  CHECK(response.body.size() < 17'000);
  CHECK(response.body.view().ends_with(" more errors\n"));
}

TEST_CASE("what a request says of its content decides before its body is looked at") {
  struct Case {
    std::string type, encoding;
    int status;
    std::string text;
  };
  const Case cases[] = {
      {"application/x-protobuf", "snappy", 204, ""},
      {"application/x-protobuf", "", 204, ""},
      {"", "snappy", 204, ""},
      {"application/x-protobuf;proto=prometheus.WriteRequest", "snappy", 204, ""},
      {"application/x-protobuf; proto=prometheus.WriteRequest", "snappy", 204, ""},
      {"application/x-protobuf;charset=utf-8;proto=prometheus.WriteRequest", "snappy", 204, ""},
      {"application/json", "snappy", 415,
       "expected application/x-protobuf as the first (media) part, got application/json content-type"},
      {"application/x-protobuf;proto", "snappy", 415,
       "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got proto in "
       "application/x-protobuf;proto content-type"},
      {"application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy", 415,
       "got application/x-protobuf;proto=io.prometheus.write.v3.Request content type; unknown type for remote write "
       "protobuf message io.prometheus.write.v3.Request, supported: prometheus.WriteRequest, "
       "io.prometheus.write.v2.Request"},
      {"application/x-protobuf", "zstd", 415,
       "zstd encoding (compression) is not accepted by this server; only snappy is acceptable"},
  };
  for (const Case& c : cases) {
    WriteHarness h;
    auto request = WriteHarness::request(Pb().message(1, up().message(2, write_sample(1, h.now))).str());
    request.headers.remove("Content-Type");
    request.headers.remove("Content-Encoding");
    if (!c.type.empty()) request.headers.set("Content-Type", c.type);
    if (!c.encoding.empty()) request.headers.set("Content-Encoding", c.encoding);
    const auto response = h.ask(std::move(request));
    CHECK(response.status == c.status);
    CHECK(response.body.view() == (c.text.empty() ? "" : c.text + "\n"));
    CHECK(h.series_count() == (c.status == 204 ? 1 : 0));
  }
}

TEST_CASE("a version that is not accepted is refused with those that are") {
  WriteHarness h({.accept_v1 = false});
  CHECK(h.write2(request2()).status == 204);
  const auto response = h.write1(Pb());
  CHECK(response.status == 415);
  CHECK(response.body.view() ==
        "prometheus.WriteRequest protobuf message is not accepted by this server; only accepts "
        "io.prometheus.write.v2.Request\n");
}

TEST_CASE("a receiver that is off says how to open it") {
  WriteHarness h;
  net::HttpRouter router;
  add_closed_write_handler(router);
  const auto response = h.loop.run(router.handle(net::HttpRequest("POST", "/api/v1/write")));
  CHECK(response.status == 404);
  CHECK(response.body.view() == "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n");
}

TEST_CASE("of a body that is broken nothing is written") {
  WriteHarness h({.max_decoded_bytes = 1000});
  const std::string good = Pb().message(1, up().message(2, write_sample(1, h.now))).str();
  struct Case {
    std::string body, text;
  };
  std::string truncated, too_long;
  wire::snappy_encode(good + good.substr(0, good.size() - 1), truncated);
  wire::snappy_encode(std::string(1001, 'x'), too_long);
  const Case cases[] = {
      {"", "snappy: corrupt input"},
      {"garbage", "snappy: corrupt input"},
      {"\xff\xff\xff\xff\x0f", "decoded size exceeds the 1000 bytes limit"},
      {too_long, "decoded size exceeds the 1000 bytes limit"},
      {truncated, fmt::format("remote write request: unexpected end of the message at byte {}", good.size())},
  };
  for (const Case& c : cases) {
    for (const bool v2 : {false, true}) {
      auto request = WriteHarness::request("", v2);
      request.body = c.body;
      const auto response = h.ask(std::move(request));
      if (v2 && c.body == truncated) continue;  // fields of 1.0 mean nothing there, but the last one is cut
      CHECK(response.status == 400);
      CHECK(response.body.view() == c.text + "\n");
      CHECK(written(response) == (v2 ? "0/0/0" : "//"));
    }
  }
  CHECK(h.series_count() == 0);
  CHECK(h.handler.stats().requests_refused == 10);
}

TEST_CASE("when the store cannot write, the sender is told to come again, and nothing is there") {
  WriteHarness h;
  h.store.fail_commits(Error{Errc::kIo, "no space left on device"});
  const auto response = h.write2(request2().message(5, up2().message(2, write_sample(1, h.now))));
  CHECK(response.status == 500);
  CHECK(response.body.view() == "no space left on device\n");
  CHECK(written(response) == "0/0/0");
  CHECK(h.handler.stats().requests_failed == 1);
  h.store.fail_commits(std::nullopt);
  CHECK(h.write2(request2().message(5, up2().message(2, write_sample(1, h.now)))).status == 204);
  CHECK(h.samples(kUp) == "1@0");
}

TEST_CASE("requests wait in line for their turn, and beyond the line they are sent away") {
  WriteHarness h({.max_concurrency = 1, .max_waiting = 1});
  h.lanes.hold = true;
  std::vector<test::Started<net::HttpResponse>> answers;
  for (int i = 0; i < 3; ++i) {
    const Pb message = Pb().message(1, up().message(2, write_sample(i, h.now + i)));
    answers.push_back(h.loop.start(h.router.handle(WriteHarness::request(message.str()))));
  }
  h.loop.run_ready();
  CHECK(h.handler.stats().running == 1);
  CHECK(h.handler.stats().waiting == 1);
  REQUIRE(answers[2].done());
  CHECK(answers[2].get().status == 503);
  h.lanes.release();
  h.loop.run_ready();
  CHECK(answers[0].get().status == 204);
  CHECK(answers[1].get().status == 204);
  CHECK(h.samples(kUp) == "0@0 1@1");
  CHECK(h.handler.stats().running == 0);
}

}  // namespace
}  // namespace tocsin::remote
