#include "expo/protobuf_parser.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "support/histogram_text.hpp"
#include "support/proto_page.hpp"

using namespace tocsin;
using expo::HistogramOptions;
using expo::ProtobufParser;
using expo::RowKind;
using test::Pb;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

std::string labels_text(const std::vector<model::LabelView>& labels) {
  std::string out;
  for (const auto& label : labels) out += fmt::format("{}{}={}", out.empty() ? "" : ",", label.name, label.value);
  return "{" + out + "}";
}

std::string exemplar_text(expo::Parser& parser, const expo::ExemplarText& exemplar) {
  std::vector<model::LabelView> labels;
  parser.exemplar_labels(exemplar, labels);
  std::string out = fmt::format(" # {} {}", labels_text(labels), exemplar.value);
  if (exemplar.has_timestamp) out += fmt::format(" @{}", exemplar.timestamp);
  return out;
}

std::string row_text(expo::Parser& parser, const expo::Row& row) {
  switch (row.kind) {
    case RowKind::kHelp:
      return fmt::format("HELP {} {}", row.name, row.text);
    case RowKind::kType:
      return fmt::format("TYPE {} {}", row.name, model::metric_type_text(row.type));
    case RowKind::kUnit:
      return fmt::format("UNIT {} {}", row.name, row.text);
    case RowKind::kError:
      return "ERROR " + parser.describe_error("");
    default:
      break;
  }
  std::vector<model::LabelView> labels;
  if (parser.labels(row, labels) == expo::ParseErrc::kProtobuf) return "ERROR " + parser.describe_error("");
  std::string out = labels_text(labels);
  std::vector<expo::ExemplarText> exemplars;
  if (row.kind == RowKind::kHistogram) {
    out += " " + test::histogram_text(*parser.histogram());
    parser.histogram_exemplars(exemplars);
  } else {
    out += fmt::format(" {}", row.value);
    if (!row.exemplar.labels.empty()) exemplars.push_back(row.exemplar);
  }
  if (row.has_timestamp) out += fmt::format(" @{}", row.timestamp);
  if (row.start != 0) out += fmt::format(" since {}", row.start);
  for (const auto& exemplar : exemplars) out += exemplar_text(parser, exemplar);
  return out;
}

using Rows = std::vector<std::string>;

/// All rows as text; then again with the series of the first time tried at each row, which must make no difference.
Rows rows_of(const std::string& page, const HistogramOptions& options = {}) {
  Rows rows;
  std::vector<std::string> series;
  expo::Row row;
  ProtobufParser parser(page, options);
  while (parser.next(row) != RowKind::kEnd) {
    series.emplace_back(row.kind == RowKind::kSeries || row.kind == RowKind::kHistogram ? row.series : "");
    rows.push_back(row_text(parser, row));
    if (rows.back().starts_with("ERROR")) break;
  }
  ProtobufParser again(page, options);
  expo::Row known;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string_view text = series[i];
    CHECK_FALSE(again.next_known(text.substr(0, text.size() / 2), "another", known));
    const bool taken =
        !text.empty() && again.next_known(text.substr(0, text.size() / 2), text.substr(text.size() / 2), known);
    CHECK(taken == !text.empty());
    if (!taken) again.next(known);
    CHECK(row_text(again, known) == rows[i]);
  }
  return rows;
}

/// The error of a page, "" if it is good.
std::string error_of(const std::string& page, const HistogramOptions& options = {}) {
  const Rows rows = rows_of(page, options);
  return !rows.empty() && rows.back().starts_with("ERROR ") ? rows.back().substr(6) : "";
}

Pb classic() {
  return Pb()
      .number(1, 10)
      .real(2, 2.5)
      .message(3, test::proto_bucket(0.5, 4))
      .message(3, test::proto_bucket(1, 7, test::proto_exemplar({{"id", "x"}}, 0.75)))
      .message(3, test::proto_bucket(2.5, 9, test::proto_exemplar({{"id", "y"}}, 2, 1'700'000'000'250)));
}

/// Both a classic one with a bucket and a native one: -2..-1 in the zero bucket, and four buckets of schema 3.
Pb native() {
  return Pb()
      .number(1, 12)
      .real(2, 3.5)
      .message(3, test::proto_bucket(1, 7))
      .zigzag_number(5, 3)
      .real(6, 0.001)
      .number(7, 2)
      .message(9, test::proto_span(-2, 1))
      .packed_zigzags(10, {1})
      .message(12, test::proto_span(0, 2))
      .message(12, test::proto_span(3, 2))
      .packed_zigzags(13, {1, 2, -1, 1});
}

constexpr std::string_view kNative = "schema=3 zero=2/0.001 count=12 sum=3.5 pos=[0:2 3:2] 1,3,2,3 neg=[-2:1] 1";

}  // namespace

TEST_CASE("counters, gauges and untyped metrics are one row each, behind their metadata") {
  const std::string page =
      test::proto_family(
          "c_total", test::kProtoCounter,
          {test::proto_counter({{"b", "2"}, {"a", "caf\xC3\xA9 \"\\\n"}}, 3.25), test::proto_counter({}, 1)},
          "Help with \\n and \"quotes\".", "s") +
      test::proto_family("g", test::kProtoGauge, {test::proto_gauge({}, -kInf, 1'700'000'000'123)}) +
      test::proto_family("u.x", test::kProtoUntyped, {test::proto_metric({}, 5, Pb().real(1, 7))});
  CHECK(rows_of(page) == Rows{"HELP c_total Help with \\n and \"quotes\".", "UNIT c_total s", "TYPE c_total counter",
                              "{__name__=c_total,a=caf\xC3\xA9 \"\\\n,b=2} 3.25", "{__name__=c_total} 1", "HELP g ",
                              "TYPE g gauge", "{__name__=g} -inf @1700000000123", "HELP u.x ", "TYPE u.x unknown",
                              "{__name__=u.x} 7"});
}

TEST_CASE("a summary is its count, its sum and its quantiles") {
  const Pb summary =
      Pb().number(1, 42).real(2, 4.5).message(3, Pb().real(1, 0.5).real(2, 1)).message(3, Pb().real(1, 1).real(2, 9));
  const std::string page =
      test::proto_family("s", test::kProtoSummary,
                         {test::proto_metric({{"x", "y"}}, 4, summary), test::proto_metric({}, 4, Pb().number(1, 1))});
  CHECK(rows_of(page) == Rows{"HELP s ", "TYPE s summary", "{__name__=s_count,x=y} 42", "{__name__=s_sum,x=y} 4.5",
                              "{__name__=s,quantile=0.5,x=y} 1", "{__name__=s,quantile=1.0,x=y} 9",
                              "{__name__=s_count} 1", "{__name__=s_sum} 0"});
}

TEST_CASE("a classic histogram is its count, its sum and its buckets, +Inf too if it is not there") {
  const Rows rows{"HELP h ",
                  "TYPE h histogram",
                  "{__name__=h_count} 10",
                  "{__name__=h_sum} 2.5",
                  "{__name__=h_bucket,le=0.5} 4",
                  "{__name__=h_bucket,le=1.0} 7 # {id=x} 0.75",
                  "{__name__=h_bucket,le=2.5} 9 # {id=y} 2 @1700000000250",
                  "{__name__=h_bucket,le=+Inf} 10"};
  CHECK(rows_of(test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, classic())})) == rows);
  Pb with_inf = classic();
  with_inf.message(3, test::proto_bucket(kInf, 10)).message(3, test::proto_bucket(kInf, 11));
  CHECK(rows_of(test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, with_inf)})) == rows);
  // Float counts win over integers, and there may be no bucket at all.
  const Pb floats = Pb().number(1, 3).real(4, 3.5).message(3, Pb().number(1, 1).real(4, 1.5).real(2, 1e6));
  CHECK(rows_of(test::proto_family("h", test::kProtoGaugeHistogram,
                                   {test::proto_histogram({}, floats), test::proto_histogram({}, Pb())})) ==
        Rows{"HELP h ", "TYPE h gaugehistogram", "{__name__=h_count} 3.5", "{__name__=h_sum} 0",
             "{__name__=h_bucket,le=1e+06} 1.5", "{__name__=h_bucket,le=+Inf} 3.5", "{__name__=h_count} 0",
             "{__name__=h_sum} 0", "{__name__=h_bucket,le=+Inf} 0"});
}

TEST_CASE("a native histogram is one row, and its classic series are others if they are wanted") {
  const std::string page =
      test::proto_family("h", test::kProtoHistogram,
                         {test::proto_histogram({{"a", "1"}}, native(), 5), test::proto_histogram({}, native())});
  const Rows classic_rows{"{__name__=h_count} 12", "{__name__=h_sum} 3.5", "{__name__=h_bucket,le=1.0} 7",
                          "{__name__=h_bucket,le=+Inf} 12"};
  CHECK(rows_of(page, {.native = true}) == Rows{"HELP h ", "TYPE h histogram",
                                                fmt::format("{{__name__=h,a=1}} {} @5", kNative),
                                                fmt::format("{{__name__=h}} {}", kNative)});
  const Rows both = rows_of(page, {.native = true, .classic = true});
  REQUIRE(both.size() == 12);
  CHECK(both[7] == fmt::format("{{__name__=h}} {}", kNative));
  CHECK(Rows(both.begin() + 8, both.end()) == classic_rows);
  const Rows ignored = rows_of(page);
  CHECK(Rows(ignored.end() - 4, ignored.end()) == classic_rows);
}

TEST_CASE("native histograms of floats and gauges say so") {
  const Pb floats = Pb().real(4, 4.5)
                        .real(2, -1)
                        .real(8, 0.5)
                        .zigzag_number(5, -4)
                        .message(12, test::proto_span(1, 2))
                        .packed_reals(14, {1.5, 2.5});
  CHECK(rows_of(test::proto_family("h", test::kProtoGaugeHistogram, {test::proto_histogram({}, floats)}),
                {.native = true})[2] ==
        "{__name__=h} float gauge schema=-4 zero=0.5/0 count=4.5 sum=-1 pos=[1:2] 1.5,2.5");
  // A span of no length is what makes a histogram without observations a native one.
  const Pb empty = Pb().zigzag_number(5, 3).message(12, test::proto_span(0, 0));
  CHECK(rows_of(test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, empty)}),
                {.native = true})[2] == "{__name__=h} schema=3 zero=0/0 count=0 sum=0");
}

TEST_CASE("numbers may be packed or not, and empty buckets go") {
  Pb unpacked = Pb().number(1, 3).zigzag_number(5, 0);
  unpacked.message(12, test::proto_span(0, 3)).zigzag_number(13, 1).zigzag_number(13, -1).zigzag_number(13, 2);
  CHECK(rows_of(test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, unpacked)}),
                {.native = true})[2] == "{__name__=h} schema=0 zero=0/0 count=3 sum=0 pos=[0:1 1:1] 1,2");
}

TEST_CASE("exemplars of a native histogram are those with a timestamp, of its buckets if it has none itself") {
  Pb of_buckets = classic();
  of_buckets.message(12, test::proto_span(0, 1)).packed_zigzags(13, {10});
  const auto row = [](const Pb& h) {
    return rows_of(test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, h)}), {.native = true})[2];
  };
  CHECK_THAT(row(of_buckets), Catch::EndsWith("pos=[0:1] 10 # {id=y} 2 @1700000000250"));
  Pb own = of_buckets;
  own.message(16, test::proto_exemplar({{"id", "a"}}, 5, 2'000))
      .message(16, test::proto_exemplar({{"id", "b"}}, 6))
      .message(16, test::proto_exemplar({}, 7, 1'000));
  CHECK_THAT(row(own), Catch::EndsWith("10 # {id=a} 5 @2000 # {} 7 @1000"));
}

TEST_CASE("classic histograms become native ones with custom buckets, beside their series or instead of them") {
  const std::string page =
      test::proto_family("h", test::kProtoHistogram,
                         {test::proto_histogram({{"a", "1"}}, classic()), test::proto_histogram({}, classic())});
  const std::string converted =
      "schema=-53 zero=0/0 count=10 sum=2.5 pos=[0:4] 4,3,2,1 bounds=0.5,1,2.5 # {id=y} 2 @1700000000250";
  CHECK(rows_of(page, {.convert = true}) ==
        Rows{"HELP h ", "TYPE h histogram", "{__name__=h,a=1} " + converted, "{__name__=h} " + converted});
  const Rows both = rows_of(page, {.classic = true, .convert = true});
  REQUIRE(both.size() == 16);
  CHECK(both[7] == "{__name__=h_bucket,a=1,le=+Inf} 10");
  CHECK(both[8] == "{__name__=h,a=1} " + converted);
  CHECK(both[9] == "{__name__=h_count} 10");
  // What is native already stays so, unless native parts are not read.
  const std::string mixed = test::proto_family("h", test::kProtoGaugeHistogram, {test::proto_histogram({}, native())});
  CHECK_THAT(rows_of(mixed, {.native = true, .convert = true})[2], Catch::Contains("gauge schema=3"));
  CHECK_THAT(rows_of(mixed, {.convert = true})[2],
             Catch::Contains("gauge schema=-53 zero=0/0 count=12 sum=3.5 pos=[0:2] 7,5 bounds=1"));
  // A histogram that makes no sense fails the page.
  const Pb falling = Pb().number(1, 3).message(3, test::proto_bucket(1, 5)).message(3, test::proto_bucket(2, 4));
  CHECK(error_of(test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, falling)}),
                 {.convert = true}) == "histogram \"h\": count is not cumulative: 4 < 5 at byte 3");
}

TEST_CASE("start timestamps are told if they are wanted") {
  const Pb time = test::proto_time(1'600'000'000'500);
  const std::string page =
      test::proto_family("c", test::kProtoCounter, {test::proto_metric({}, 3, Pb().real(1, 1).message(3, time))}) +
      test::proto_family("s", test::kProtoSummary, {test::proto_metric({}, 4, Pb().number(1, 1).message(4, time))}) +
      test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, native().message(15, time))});
  const Rows rows = rows_of(page, {.native = true, .starts = true});
  CHECK(rows[2] == "{__name__=c} 1 since 1600000000500");
  CHECK(rows[5] == "{__name__=s_count} 1 since 1600000000500");
  CHECK(rows[6] == "{__name__=s_sum} 0 since 1600000000500");
  CHECK_THAT(rows[9], Catch::EndsWith(" since 1600000000500"));
  CHECK(rows_of(page)[2] == "{__name__=c} 1");
}

TEST_CASE("fields may come in any order, and unknown ones are passed over") {
  const Pb metric = Pb().message(1, test::proto_label("a", "1"))
                        .number(6, 77)
                        .text(99, "later")
                        .message(3, Pb().real(1, 5))
                        .message(1, Pb().text(2, "2").text(7, "x").text(1, "b"));
  Pb family = Pb().message(4, metric).text(5, "u").number(3, test::kProtoCounter).text(88, "x").text(1, "c");
  CHECK(rows_of(Pb::varint(family.str().size()) + family.str()) ==
        Rows{"HELP c ", "UNIT c u", "TYPE c counter", "{__name__=c,a=1,b=2} 5 @77"});
  // What is not of the family's type is nothing; a family without metrics gives nothing.
  CHECK(rows_of(test::proto_family("none", test::kProtoGauge, {}) +
                test::proto_family("g", test::kProtoGauge, {test::proto_counter({}, 5)})) ==
        Rows{"HELP g ", "TYPE g gauge", "{__name__=g} 0"});
  CHECK(rows_of("").empty());
}

TEST_CASE("what is wrong with a page of protobuf is told with its place") {
  const auto gauge = [](const std::string& name, const test::ProtoLabels& labels = {}) {
    return test::proto_family(name, test::kProtoGauge, {test::proto_gauge(labels, 1)});
  };
  CHECK(error_of("\x05g") == "insufficient length of buffer, expected at least 5 bytes, got 1 bytes at byte 0");
  CHECK(error_of(std::string(11, '\xff')) == "a number is too long at byte 0");
  CHECK(error_of(gauge("")) == "invalid metric name: \"\" at byte 3");
  // A family that has a metric and no name at all.
  CHECK(error_of(std::string("\x02\x22\x00", 3)) == "invalid metric name: \"\" at byte 3");
  CHECK(error_of(gauge("a") + gauge("\xff")) == "invalid metric name: \"\\xff\" at byte 22");
  CHECK(error_of(gauge("g", {{"", "x"}})) == "invalid label name: \"\" at byte 3");
  CHECK(error_of(gauge("g", {{"a", "\xff"}})) == "invalid label value: \"\\xff\" at byte 3");
  CHECK(error_of(test::proto_family("g", test::kProtoGauge, {test::proto_gauge({}, 1)}, "\xff")) ==
        "invalid help for metric \"g\" at byte 6");
  CHECK(error_of(test::proto_family("g", static_cast<test::ProtoFamilyType>(6), {test::proto_gauge({}, 1)})) ==
        "unknown metric type for metric \"g\": 6 at byte 3");
  CHECK(error_of(test::proto_family("g", test::kProtoGauge, {test::proto_metric({}, 2, Pb().number(1, 5))})) ==
        "field 1 has wire type 0, not 1 at byte 10");
  CHECK(error_of(test::proto_family(
                     "h", test::kProtoHistogram,
                     {test::proto_histogram({}, Pb().message(12, test::proto_span(0, 2)).packed_zigzags(13, {1}))}),
                 {.native = true}) == "histogram \"h\": positive side: spans require 2 buckets, have 1 at byte 3");
  // The rows before it are told.
  CHECK(rows_of(gauge("a") + "\x05").size() == 4);
}

TEST_CASE("a label name that stands twice is told") {
  const std::string page = test::proto_family(
      "h", test::kProtoHistogram, {test::proto_histogram({{"le", "x"}}, classic()), test::proto_histogram({}, Pb())});
  ProtobufParser parser(page);
  expo::Row row;
  std::vector<model::LabelView> labels;
  for (int i = 0; i < 4; ++i) parser.next(row);
  CHECK(parser.labels(row, labels) == expo::ParseErrc::kNone);
  parser.next(row);
  CHECK(parser.labels(row, labels) == expo::ParseErrc::kDuplicateLabel);
}

TEST_CASE("metrics of no bytes, and too many buckets, are bounded") {
  std::vector<Pb> empty(5000);
  CHECK(error_of(test::proto_family("h", test::kProtoHistogram, empty)) ==
        "the page has too many series for its size at byte 0");
  std::string buckets;
  for (int i = 0; i < 70'000; ++i) buckets += std::string("\x1a\x00", 2);
  CHECK_THAT(error_of(test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, Pb().raw(buckets))})),
             Catch::StartsWith("a metric has more than 65536 buckets at byte "));
}

TEST_CASE("a page that is cut off anywhere is refused, and never read beyond") {
  const std::string page = test::proto_family("c", test::kProtoCounter, {test::proto_counter({{"a", "b"}}, 3)}) +
                           test::proto_family("h", test::kProtoHistogram, {test::proto_histogram({}, native())});
  const std::size_t first = static_cast<unsigned char>(page[0]) + 1U;
  for (std::size_t size = 0; size < page.size(); ++size) {
    const std::string cut(page.data(), size);  // exactly so large, for the sanitizer
    CHECK(error_of(cut, {.native = true}).empty() == (size == 0 || size == first));
  }
}
