#include "wire/remote_write.hpp"

#include <catch2/catch.hpp>

#include "model/histogram.hpp"
#include "support/naive_protobuf.hpp"

using namespace tocsin;
using namespace tocsin::wire;
using model::LabelView;
using test::Pb;

namespace {

Pb label(std::string_view name, std::string_view value) {
  return Pb().text(1, name).text(2, value);
}

Pb sample(double value, Timestamp t) {
  return Pb().real(1, value).number(2, t);
}

std::string request(const Pb& series) {
  return Pb().message(1, series).str();
}

/// A series as a test wants to see it: without views.
struct Seen {
  std::vector<std::pair<std::string, std::string>> labels;
  WriteSeries series;
};

std::vector<Seen> read_all(WriteReader& reader) {
  std::vector<Seen> out;
  WriteSeries series;
  while (reader.next(series)) {
    Seen& seen = out.emplace_back();
    for (const LabelView& l : series.labels) seen.labels.emplace_back(l.name, l.value);
    seen.series = series;
  }
  return out;
}

Error error_of(WriteVersion version, std::string_view body, const WriteLimits& limits = {}) {
  WriteReader reader(version, body, limits);
  (void)read_all(reader);
  return reader.status() ? Error{Errc::kInternal, "none"} : reader.status().error();
}

}  // namespace

TEST_CASE("A write request 1.0 is read series by series") {
  Pb exemplar = Pb().message(1, label("trace_id", "abc")).real(2, 0.5).number(3, 1234);
  Pb first = Pb().message(1, label("job", "node")).message(1, label("__name__", "up"));
  first.message(2, sample(1, 1000)).message(2, sample(-2.5, 2000)).message(3, exemplar);
  Pb metadata = Pb().number(1, 1).text(2, "requests").text(4, "Requests.").text(5, "seconds");
  const std::string body = Pb().message(1, first)
                               .message(3, metadata)
                               .text(2, "Cortex' own field")
                               .message(1, Pb().message(1, label("__name__", "down")))
                               .str();
  WriteReader reader(WriteVersion::k1, body);
  const auto seen = read_all(reader);
  REQUIRE(reader.status());
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].labels == std::vector<std::pair<std::string, std::string>>{{"job", "node"}, {"__name__", "up"}});
  const WriteSeries& series = seen[0].series;
  REQUIRE(series.samples.size() == 2);
  CHECK(series.samples[0].value == 1);
  CHECK(series.samples[0].t == 1000);
  CHECK(series.samples[1].value == -2.5);
  CHECK(series.samples[1].t == 2000);
  REQUIRE(series.exemplars.size() == 1);
  CHECK(series.exemplars[0].value == 0.5);
  CHECK(series.exemplars[0].t == 1234);
  CHECK(series.exemplars[0].labels == std::vector<LabelView>{{"trace_id", "abc"}});
  CHECK(seen[1].series.samples.empty());
  REQUIRE(reader.metadata().size() == 1);
  CHECK(reader.metadata()[0].family == "requests");
  CHECK(reader.metadata()[0].type == model::MetricType::kCounter);
  CHECK(reader.metadata()[0].help == "Requests.");
  CHECK(reader.metadata()[0].unit == "seconds");
}

TEST_CASE("Labels may be read later, and series have keys that say which have the same") {
  const auto keys_of = [](WriteVersion version, const std::string& body) {
    WriteReader reader(version, body, {}, 5);
    WriteReader eager(version, body);
    WriteSeries series, whole;
    std::vector<std::optional<Hash128>> keys;
    while (reader.next(series)) {
      REQUIRE(eager.next(whole));
      CHECK(series.labels.empty());
      REQUIRE(reader.read_labels(series));
      REQUIRE(series.labels.size() == whole.labels.size());
      for (std::size_t i = 0; i < whole.labels.size(); ++i) {
        CHECK(series.labels[i].name == whole.labels[i].name);
        CHECK(series.labels[i].value == whole.labels[i].value);
      }
      CHECK_FALSE(whole.key);
      keys.push_back(series.key);
    }
    CHECK(reader.status());
    return keys;
  };
  const auto up = [] { return Pb().message(1, label("__name__", "up")).message(1, label("job", "node")); };
  Pb torn = Pb().message(1, label("__name__", "up")).message(2, sample(1, 1)).message(1, label("job", "node"));
  const auto one = keys_of(WriteVersion::k1, Pb().message(1, up().message(2, sample(1, 1)))
                                                 .message(1, Pb().message(2, sample(3, 4)).message(1, label("a", "b")))
                                                 .message(1, up())
                                                 .message(1, torn)
                                                 .message(1, Pb().message(2, sample(1, 1)))
                                                 .str());
  REQUIRE(one.size() == 5);
  REQUIRE(one[0]);
  CHECK(one[0] == one[2]);
  REQUIRE(one[1]);
  CHECK(one[0] != one[1]);
  CHECK_FALSE(one[3]);  // labels in two pieces
  CHECK_FALSE(one[4]);

  const auto symbols = [](std::initializer_list<const char*> texts) {
    Pb out;
    for (const char* text : texts) out.text(4, text);
    return out;
  };
  const auto series = [](std::initializer_list<std::uint64_t> refs, int type = 0, int unit = 0) {
    return Pb().packed_numbers(1, refs).message(2, sample(1, 1)).message(5, Pb().number(1, type).number(4, unit));
  };
  const auto two = keys_of(WriteVersion::k2, symbols({"", "__name__", "up", "x"})
                                                 .message(5, series({1, 2}))
                                                 .message(5, series({1, 3}))
                                                 .message(5, series({2, 1}))
                                                 .message(5, series({1, 2}, 1))
                                                 .message(5, series({1, 2}, 0, 3))
                                                 .message(5, series({1, 99}))
                                                 .str());
  const auto other = keys_of(WriteVersion::k2, symbols({"", "up", "__name__"}).message(5, series({2, 1})).str());
  REQUIRE(two.size() == 6);
  CHECK(two[0] == other.at(0));  // by text, wherever the symbols stand
  for (std::size_t i = 1; i < 5; ++i) {
    REQUIRE(two[i]);
    for (std::size_t j = 0; j < i; ++j) CHECK(two[i] != two[j]);
  }
  CHECK_FALSE(two[5]);
}

TEST_CASE("Labels that are wrong end the message when they are read") {
  const std::string body = Pb().message(1, Pb().text(1, "\x0a\x7f")).message(1, Pb().message(2, sample(1, 1))).str();
  WriteReader reader(WriteVersion::k1, body, {}, 5);
  WriteSeries series;
  REQUIRE(reader.next(series));
  CHECK_FALSE(reader.read_labels(series));
  CHECK_FALSE(reader.status());
  CHECK_FALSE(reader.next(series));
}

TEST_CASE("A write request 2.0 is read by its symbols, wherever they stand") {
  Pb exemplar = Pb().packed_numbers(1, {5, 6}).real(2, 7).number(3, 99);
  Pb series = Pb().packed_numbers(1, {1, 2, 3, 4});
  series.message(2, Pb().real(1, 1.5).number(2, 1000).number(3, 500));
  series.message(4, exemplar).message(5, Pb().number(1, 2).number(3, 7).number(4, 0));
  // Unpacked references are the same thing.
  Pb unpacked = Pb().number(1, 1).number(1, 4);
  Pb symbols;
  for (const char* symbol : {"", "__name__", "up", "job", "node", "trace_id", "abc", "Up or not."}) {
    symbols.text(4, symbol);
  }
  const std::string body = Pb().message(5, series).raw(symbols.str()).message(5, unpacked).str();
  WriteReader reader(WriteVersion::k2, body);
  const auto seen = read_all(reader);
  REQUIRE(reader.status());
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].labels == std::vector<std::pair<std::string, std::string>>{{"__name__", "up"}, {"job", "node"}});
  REQUIRE(seen[0].series.samples.size() == 1);
  CHECK(seen[0].series.samples[0].start == 500);
  CHECK(seen[0].series.exemplars[0].labels == std::vector<LabelView>{{"trace_id", "abc"}});
  CHECK(seen[0].series.metadata.type == model::MetricType::kGauge);
  CHECK(seen[0].series.metadata.help == "Up or not.");
  CHECK(seen[0].series.metadata.unit.empty());
  CHECK(seen[1].labels == std::vector<std::pair<std::string, std::string>>{{"__name__", "node"}});
}

TEST_CASE("What is wrong with the references of one series does not stop the others") {
  Pb odd = Pb().packed_numbers(1, {1, 2, 1});
  Pb beyond = Pb().packed_numbers(1, {1, 9});
  Pb metadata = Pb().packed_numbers(1, {1, 2}).message(5, Pb().number(3, 7));
  Pb exemplar = Pb().packed_numbers(1, {1, 2}).message(4, Pb().packed_numbers(1, {0}));
  Pb unit = Pb().packed_numbers(1, {1, 2}).message(5, Pb().number(4, 4'294'967'295));
  Pb body = Pb().text(4, "").text(4, "__name__").text(4, "up");
  for (const Pb& series : {odd, beyond, metadata, exemplar, unit}) body.message(5, series);
  WriteReader reader(WriteVersion::k2, body.str());
  const auto seen = read_all(reader);
  REQUIRE(reader.status());
  REQUIRE(seen.size() == 5);
  CHECK(seen[0].series.labels_problem == "invalid labelRefs length 3");
  CHECK(seen[0].series.label_refs == std::vector<std::uint32_t>{1, 2, 1});
  CHECK(seen[1].series.labels_problem == "labelRefs 1 (name) = 9 (value) outside of symbols table (size 3)");
  CHECK(seen[1].labels.empty());
  CHECK(seen[2].series.labels_problem.empty());
  CHECK(seen[2].series.metadata_problem == "metadata help_ref 7 outside of symbols table (size 3)");
  CHECK(seen[3].series.exemplars[0].problem == "invalid labelRefs length 1");
  CHECK(seen[4].series.metadata_problem == "metadata unit_ref 4294967295 outside of symbols table (size 3)");
}

TEST_CASE("An integer histogram comes with its deltas added up") {
  Pb histogram = Pb().number(1, 21).real(3, 18.4).zigzag_number(4, 1).real(5, 0.001).number(6, 2);
  histogram.message(8, Pb().zigzag_number(1, -1).number(2, 1)).packed_zigzags(9, {3});
  histogram.message(11, Pb().number(2, 2)).message(11, Pb().zigzag_number(1, 1).number(2, 1));
  histogram.packed_zigzags(12, {5, -1}).zigzag_number(12, 3).number(14, 2).number(15, 1000).number(17, 400);
  const std::string body = request(Pb().message(4, histogram));
  WriteReader reader(WriteVersion::k1, body);
  const auto seen = read_all(reader);
  REQUIRE(reader.status());
  const WriteHistogram& got = seen.at(0).series.histograms.at(0);
  CHECK(got.t == 1000);
  CHECK(got.start == 400);
  const model::FloatHistogram& h = *got.histogram;
  CHECK(h.integer);
  CHECK(h.count == 21);
  CHECK(h.sum == 18.4);
  CHECK(h.schema == 1);
  CHECK(h.zero_threshold == 0.001);
  CHECK(h.zero_count == 2);
  CHECK(h.reset_hint == model::CounterReset::kNotReset);
  CHECK(h.negative_spans == std::vector<model::HistogramSpan>{{-1, 1}});
  CHECK(h.negative_buckets == std::vector<double>{3});
  CHECK(h.positive_spans == std::vector<model::HistogramSpan>{{0, 2}, {1, 1}});
  CHECK(h.positive_buckets == std::vector<double>{5, 4, 7});
}

TEST_CASE("A float histogram comes with its counts, and custom bounds") {
  Pb histogram = Pb().real(2, 4.5).real(7, 0.5).zigzag_number(4, -53).packed_reals(16, {0.1, 1}).real(16, 10);
  histogram.message(11, Pb().number(2, 2)).packed_reals(13, {1.5}).real(13, 2.5).packed_zigzags(12, {9});
  Pb series = Pb().packed_numbers(1, {1, 2}).message(3, histogram);
  const std::string body = Pb().text(4, "").text(4, "__name__").text(4, "h").message(5, series).str();
  WriteReader reader(WriteVersion::k2, body);
  const auto seen = read_all(reader);
  REQUIRE(reader.status());
  const model::FloatHistogram& h = *seen.at(0).series.histograms.at(0).histogram;
  CHECK_FALSE(h.integer);
  CHECK(h.count == 4.5);
  CHECK(h.zero_count == 0.5);
  CHECK(h.schema == model::kCustomBucketsSchema);
  CHECK(h.custom_values == std::vector<double>{0.1, 1, 10});
  CHECK(h.positive_buckets == std::vector<double>{1.5, 2.5});
}

TEST_CASE("A broken write request is refused with the place") {
  const std::string good = request(Pb().message(1, label("__name__", "up")).message(2, sample(1, 1000)));
  struct Case {
    std::string body, message;
  };
  const Case cases[] = {
      {good.substr(0, good.size() - 1), "remote write request: unexpected end of the message at byte 0"},
      {"\x0a\xff\xff\xff\xff\x0f", "remote write request: unexpected end of the message at byte 0"},
      {Pb().number(1, 5).str(), "remote write request: field 1 has wire type 0, not 2 at byte 0"},
      {request(Pb().text(2, Pb().number(1, 1).str())),
       "remote write request: field 1 has wire type 0, not 1 at byte 4"},
      {good + std::string("\x00\x00", 2),
       fmt::format("remote write request: not the number of a field at byte {}", good.size())},
      {good + "\x0b", fmt::format("remote write request: unknown wire type at byte {}", good.size())},
      {good + std::string(11, '\xff'),
       fmt::format("remote write request: a number is too long at byte {}", good.size())},
      {request(Pb().message(4, Pb().text(13, "1234567"))),
       "remote write request: a list ends within a number at byte 4"},
  };
  for (const Case& c : cases) {
    const Error error = error_of(WriteVersion::k1, c.body);
    CHECK(error.code == Errc::kInvalid);
    CHECK(error.message == c.message);
  }
}

TEST_CASE("A write request cut anywhere gives an error or fewer series, never others") {
  Pb series = Pb().message(1, label("__name__", "up")).message(2, sample(1, 1000));
  const std::string body = Pb().message(1, series).message(1, series).str();
  for (std::size_t size = 0; size < body.size(); ++size) {
    WriteReader reader(WriteVersion::k1, std::string_view(body).substr(0, size));
    const std::size_t read = read_all(reader).size();
    CHECK(reader.status().has_value() == (size == 0 || size == body.size() / 2));
    CHECK(read == (size < body.size() / 2 ? 0 : 1));
  }
}

TEST_CASE("A message of the other version has no series") {
  const std::string old = request(Pb().message(1, label("__name__", "up")));
  WriteReader old_as_new(WriteVersion::k2, old);
  CHECK(read_all(old_as_new).empty());
  CHECK(old_as_new.status());
  const std::string body = Pb().text(4, "").message(5, Pb().packed_numbers(1, {0, 0})).str();
  WriteReader new_as_old(WriteVersion::k1, body);
  CHECK(read_all(new_as_old).empty());
  CHECK(new_as_old.status());
}

TEST_CASE("Each limit of a write request is named when it is passed") {
  const Pb empty;
  Pb two_labels = Pb().message(1, label("a", "b")).message(1, label("c", "d"));
  Pb histogram = Pb().message(11, Pb().number(2, 1)).packed_zigzags(12, {1});
  struct Case {
    std::string body;
    std::size_t WriteLimits::* limit;
    std::size_t value;
    std::string message;
  };
  const Case cases[] = {
      {Pb().message(1, empty).message(1, empty).str(), &WriteLimits::max_series, 1, "too many series at byte 2"},
      {request(Pb().message(2, empty).message(2, empty)), &WriteLimits::max_samples, 1, "too many samples at byte 4"},
      {request(Pb().message(4, empty).message(4, empty)), &WriteLimits::max_histograms, 1,
       "too many histograms at byte 4"},
      {request(Pb().message(3, empty).message(3, empty)), &WriteLimits::max_exemplars, 1,
       "too many exemplars at byte 4"},
      {Pb().message(3, empty).message(3, empty).str(), &WriteLimits::max_metadata, 1, "too many metadata at byte 2"},
      {request(Pb().message(4, histogram)), &WriteLimits::max_buckets, 1, "too many buckets of histograms at byte 8"},
      {request(two_labels), &WriteLimits::max_labels, 1, "more than 1 labels at byte 10"},
      {request(two_labels), &WriteLimits::max_label_bytes, 0, "a label of more than 0 bytes at byte 10"},
      {request(two_labels), &WriteLimits::max_label_set_bytes, 3, "labels of more than 3 bytes at byte 18"},
      {request(two_labels), &WriteLimits::max_all_label_bytes, 3, "too many bytes of labels at byte 18"},
  };
  for (const Case& c : cases) {
    CHECK(error_of(WriteVersion::k1, c.body).message == "none");
    WriteLimits limits;
    limits.*c.limit = c.value;
    const Error error = error_of(WriteVersion::k1, c.body, limits);
    CHECK(error.code == Errc::kLimit);
    CHECK(error.message == "remote write request: " + c.message);
  }
  WriteLimits limits;
  limits.max_symbols = 1;
  CHECK(error_of(WriteVersion::k2, Pb().text(4, "").text(4, "a").str(), limits).message ==
        "remote write request: too many symbols at byte 2");
  // A few bytes that name a long text again and again.
  limits = {};
  limits.max_all_label_bytes = 1000;
  Pb body = Pb().text(4, "").text(4, std::string(100, 'x'));
  for (int i = 0; i < 20; ++i) body.message(5, Pb().packed_numbers(1, {1, 0}));
  const std::string message = error_of(WriteVersion::k2, body.str(), limits).message;
  CHECK(message.starts_with("remote write request: too many bytes of labels at byte"));
}
