#include "expo/openmetrics_parser.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "support/expo_compare.hpp"

using namespace tocsin;
using expo::PageFormat;
using expo::ParseErrc;
using expo::RowKind;

namespace {

const std::string kPage =
    "# HELP go_gc_duration_seconds A summary of \"GC\" \\\"pauses\\\".\n"
    "# TYPE go_gc_duration_seconds summary\n"
    "# UNIT go_gc_duration_seconds seconds\n"
    "go_gc_duration_seconds{quantile=\"0\"} 4.9351e-05\n"
    "go_gc_duration_seconds_count 99\n"
    "# TYPE hh histogram\n"
    "hh_bucket{le=\"1\"} 9 1520879607.789 # {trace_id=\"a\\\"b\",\"s.p\"=\"x\"} 0.7 1520879607.5\n"
    "hh_bucket{le=\"+Inf\"} 10 # {} 4\n"
    "hh_created -0.5\n"
    "{\"my.metric\",a=\"caf\xC3\xA9 \\\\ }\"} NaN -1.0005\n"
    "# EOF\n";

ParseErrc error_of(std::string_view page, std::size_t* offset = nullptr, std::size_t* rows = nullptr) {
  expo::OpenMetricsParser parser(page);
  expo::Row row;
  std::size_t count = 0;
  while (parser.next(row) != RowKind::kEnd && row.kind != RowKind::kError) ++count;
  if (offset != nullptr) *offset = parser.error().offset;
  if (rows != nullptr) *rows = count;
  return parser.error().code;
}

std::string compare(std::string_view page) {
  return test::compare_readers(page, PageFormat::kOpenMetrics);
}

}  // namespace

TEST_CASE("a page of OpenMetrics is read row by row") {
  expo::OpenMetricsParser parser(kPage);
  expo::Row row;
  std::vector<model::LabelView> labels;
  REQUIRE(parser.next(row) == RowKind::kHelp);
  CHECK(row.name == "go_gc_duration_seconds");
  CHECK(expo::unescape_name(row.text) == "A summary of \"GC\" \"pauses\".");
  REQUIRE(parser.next(row) == RowKind::kType);
  CHECK(row.type == model::MetricType::kSummary);
  REQUIRE(parser.next(row) == RowKind::kUnit);
  CHECK(row.text == "seconds");
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.series == "go_gc_duration_seconds{quantile=\"0\"}");
  CHECK(row.value == 4.9351e-05);
  CHECK_FALSE(row.has_timestamp);
  CHECK(row.exemplar.labels.empty());
  REQUIRE(parser.labels(row, labels) == ParseErrc::kNone);
  CHECK(labels.back() == model::LabelView{"quantile", "0.0"});
  REQUIRE(parser.next(row) == RowKind::kSeries);
  REQUIRE(parser.next(row) == RowKind::kType);

  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.has_timestamp);
  CHECK(row.timestamp == 1520879607789);
  CHECK(row.exemplar.value == 0.7);
  CHECK(row.exemplar.has_timestamp);
  CHECK(row.exemplar.timestamp == 1520879607500);
  parser.exemplar_labels(row.exemplar, labels);
  CHECK(labels == std::vector<model::LabelView>{{"trace_id", "a\\\"b"}, {"s.p", "x"}});

  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK_FALSE(row.has_timestamp);
  CHECK(row.exemplar.labels == "{}");
  CHECK(row.exemplar.value == 4);
  CHECK_FALSE(row.exemplar.has_timestamp);
  parser.exemplar_labels(row.exemplar, labels);
  CHECK(labels.empty());

  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.series == "hh_created");
  CHECK(row.exemplar.labels.empty());
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.timestamp == -1000);  // towards zero
  REQUIRE(parser.labels(row, labels) == ParseErrc::kNone);
  CHECK(labels == std::vector<model::LabelView>{{"__name__", "my.metric"}, {"a", "caf\xC3\xA9 \\ }"}});
  CHECK(parser.next(row) == RowKind::kEnd);
  CHECK(parser.next(row) == RowKind::kEnd);
}

TEST_CASE("a page of OpenMetrics that is wrong is refused with what was expected and where") {
  struct Case {
    std::string page;
    ParseErrc code;
    std::size_t offset;
    std::size_t rows = 0;  // that come before the error
  };
  const std::string zero(1, '\0');
  const std::vector<Case> cases = {
      {"", ParseErrc::kNoEof, 0},
      {"a 1\n", ParseErrc::kNoEof, 4, 1},
      {"a 1", ParseErrc::kNoEof, 3},
      {"a 1 ", ParseErrc::kNoEof, 4, 1},
      {"# EOF\na 1\n", ParseErrc::kAfterEof, 6},
      {"# EOF\n\n", ParseErrc::kAfterEof, 6},
      {"# EOFblah", ParseErrc::kAfterEof, 5},
      {"\n# EOF\n", ParseErrc::kStart, 0},
      {" a 1\n# EOF\n", ParseErrc::kStart, 0},
      {"#a\n# EOF\n", ParseErrc::kStart, 0},
      {"# a comment\n# EOF\n", ParseErrc::kStart, 0},
      {"9a 1\n# EOF\n", ParseErrc::kStart, 0},
      {"# HELP", ParseErrc::kStart, 0},
      {"# HELP \n# EOF\n", ParseErrc::kMetaName, 7},
      {"# TYPE  a gauge\n# EOF\n", ParseErrc::kMetaName, 7},
      {"# UNIT 9\n# EOF\n", ParseErrc::kUnitName, 7},
      {"# HELP a\n# EOF\n", ParseErrc::kMetaText, 8},
      {"# HELP a\tx\n# EOF\n", ParseErrc::kMetaText, 8},
      {"# HELP a text", ParseErrc::kMetaText, 8},
      {"# HELP a \xFF\n# EOF\n", ParseErrc::kHelpUtf8, 9},
      {"# TYPE a untyped\n# EOF\n", ParseErrc::kMetaType, 9},
      {"# TYPE a gauge \n# EOF\n", ParseErrc::kMetaType, 9},
      {"# UNIT a_seconds ms\n# EOF\n", ParseErrc::kUnit, 17},
      {"# UNIT seconds seconds\n# EOF\n", ParseErrc::kUnit, 15},
      {"# UNIT aseconds seconds\n# EOF\n", ParseErrc::kUnit, 16},
      {"a\n# EOF\n", ParseErrc::kValue, 1},
      {"a \n# EOF\n", ParseErrc::kValue, 1},
      {"a  1\n# EOF\n", ParseErrc::kValue, 1},
      {"a\t1\n# EOF\n", ParseErrc::kValue, 1},
      {"a{b=\"c\"}1\n# EOF\n", ParseErrc::kValue, 8},
      {"a {b=\"c\"} 1\n# EOF\n", ParseErrc::kNumber, 2},
      {"a 1z\n# EOF\n", ParseErrc::kNumber, 2},
      {"a 0x1p-3\n# EOF\n", ParseErrc::kNumberCharacter, 2},
      {"a 1_2\n# EOF\n", ParseErrc::kNumberCharacter, 2},
      {"a 1e999\n# EOF\n", ParseErrc::kNumberRange, 2},
      {"a 1 z\n# EOF\n", ParseErrc::kNumber, 4},
      {"a 1 NaN\n# EOF\n", ParseErrc::kTimestampNotFinite, 4},
      {"a 1 -Inf\n# EOF\n", ParseErrc::kTimestampNotFinite, 4},
      {"a 1 1 \n# EOF\n", ParseErrc::kLineEnd, 5},
      {"a 1 1 1\n# EOF\n", ParseErrc::kLineEnd, 5},
      {"a 1 1", ParseErrc::kLineEnd, 5},
      // The reference takes these rows and trips over what follows.
      {"a 1 \n# EOF\n", ParseErrc::kStart, 4, 1},
      {"a 1" + zero + "\n# EOF\n", ParseErrc::kStart, 3, 1},
      {"a 1 # x\n# EOF\n", ParseErrc::kStart, 5, 1},
      {"a 1 #\n# EOF\n", ParseErrc::kNumber, 4},
      {"{} 1\n# EOF\n", ParseErrc::kNameMissing, 2},
      {"{b=\"c\"} 1\n# EOF\n", ParseErrc::kNameMissing, 7},
      {"a{\"b\"} 1\n# EOF\n", ParseErrc::kNameTwice, 2},
      {"{\"a\",\"b\"} 1\n# EOF\n", ParseErrc::kNameTwice, 5},
      {"a{,} 1\n# EOF\n", ParseErrc::kLabelName, 2},
      {"a{ b=\"c\"} 1\n# EOF\n", ParseErrc::kLabelName, 2},
      {"a{b=\"c\",,} 1\n# EOF\n", ParseErrc::kLabelName, 8},
      {"a{\"b} 1\n# EOF\n", ParseErrc::kLabelName, 2},
      {"a{b} 1\n# EOF\n", ParseErrc::kEqual, 3},
      {"a{b =\"c\"} 1\n# EOF\n", ParseErrc::kEqual, 3},
      {"a{b=c} 1\n# EOF\n", ParseErrc::kLabelValue, 4},
      {"a{b= \"c\"} 1\n# EOF\n", ParseErrc::kLabelValue, 4},
      {"a{b=\"c\nd\"} 1\n# EOF\n", ParseErrc::kLabelValue, 4},
      {"a{b=\"c} 1\n# EOF\n", ParseErrc::kLabelValue, 4},
      {"a{b=\"\xFF\"} 1\n# EOF\n", ParseErrc::kLabelUtf8, 4},
      {"a{b=\"c\"d=\"e\"} 1\n# EOF\n", ParseErrc::kComma, 7},
      {"a{b=\"c\" } 1\n# EOF\n", ParseErrc::kComma, 7},
      {"a 1 # {b=\"c\"}\n# EOF\n", ParseErrc::kExemplarValue, 13},
      {"a 1 # {} \n# EOF\n", ParseErrc::kExemplarValue, 8},
      {"a 1 # {\"b\"} 1\n# EOF\n", ParseErrc::kLabelName, 10},
      {"a 1 # {b=\"" + zero + "\"} 1\n# EOF\n", ParseErrc::kLabelValue, 9},
      {"a 1 # {} x\n# EOF\n", ParseErrc::kNumber, 9},
      {"a 1 # {} 1 \n# EOF\n", ParseErrc::kExemplarTimestamp, 10},
      {"a 1 # {} 1 Inf\n# EOF\n", ParseErrc::kExemplarTimestampNotFinite, 11},
      {"a 1 # {} 1 1 \n# EOF\n", ParseErrc::kExemplarEnd, 12},
      {"a 1 # {} 1", ParseErrc::kNoEof, 10},
  };
  for (const Case& c : cases) {
    INFO(go_quote(c.page));
    std::size_t offset = 0, rows = 0;
    const ParseErrc code = error_of(c.page, &offset, &rows);
    CHECK(std::string(expo::parse_error_text(code)) == std::string(expo::parse_error_text(c.code)));
    CHECK(offset == c.offset);
    CHECK(rows == c.rows);
    CHECK(compare(c.page) == "");
  }
}

TEST_CASE("OpenMetrics is read as leniently as Prometheus does") {
  const std::string zero(1, '\0');
  const std::string pages[] = {
      "# EOF",
      "# EOF\n",
      "# EOF\n" + zero,
      "# TYPE a counter\na 1\nb 2\n# TYPE a gauge\na 1\n# EOF\n",  // any suffix, any order, types twice
      "# TYPE a counter\na_total -1\na_total NaN\n# EOF\n",
      "a{b=\"c\",} 1\n# EOF\n",
      "a{} 1\n# EOF\n",
      "{\"a\",} 1\n# EOF\n",
      "{b=\"c\",\"a\"} 1\n# EOF\n",
      "a 1 # {b=\"c\",} 1\n# EOF\n",
      "# TYPE a info\na 1 1 # {} 1\n# EOF\n",
      "# HELP a \n# UNIT a \n# EOF\n",
      "# HELP \"a b\" x\n# EOF\n",
      "# HELP a x" + zero + "y\n# EOF\n",
      "# HELP a x\n" + zero + "b 1\n# EOF\n",
      "# H" + zero + "ELP a x\n# EOF\n",
      "a{b=\"" + zero + "c\"" + zero + "} 1\n# EOF\n",
      "a 0000000000000000000000000000000000000000001.2e-1\n# EOF\n",
      "a 1 12345678901234567890.1\n# EOF\n",
      "a +Inf -0\n# EOF\n",
  };
  for (const auto& page : pages) {
    INFO(go_quote(page));
    CHECK(error_of(page) == ParseErrc::kNone);
    CHECK(compare(page) == "");
  }
}

TEST_CASE("a time beyond 64 bits becomes the lowest, as in Go") {
  expo::OpenMetricsParser parser("a 1 12345678901234567890.1\na 1 -1e300\na 1 9007199254740992\n# EOF\n");
  expo::Row row;
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.timestamp == std::numeric_limits<Timestamp>::min());
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.timestamp == std::numeric_limits<Timestamp>::min());
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.timestamp == 9007199254740992000);
}

TEST_CASE("a series text of OpenMetrics from before is taken only where it stands whole") {
  const auto taken = [](std::string_view page, std::string_view text) {
    expo::OpenMetricsParser parser(page);
    expo::Row row;
    const bool hit = parser.next_known(text.substr(0, text.size() / 2), text.substr(text.size() / 2), row);
    if (hit) CHECK(row.series == text);
    return hit;
  };
  CHECK(taken("foo 7\n", "foo"));
  CHECK(taken("foo 7 123.5 # {a=\"b\"} 1 2\n", "foo"));
  CHECK(taken("foo{a=\"b\"} 7\n", "foo{a=\"b\"}"));
  CHECK_FALSE(taken("foo\t7\n", "foo"));
  CHECK_FALSE(taken("\nfoo 7\n", "foo"));
  CHECK_FALSE(taken("foo 7", "foo"));
  CHECK_FALSE(taken("foo x\n", "foo"));
  CHECK_FALSE(taken("foo {a=\"b\"} 7\n", "foo"));
  CHECK_FALSE(taken("foo_bar 7\n", "foo"));
  CHECK_FALSE(taken("f 7", "foo{long=\"text behind the page's end\"}"));

  expo::OpenMetricsParser parser("foo 7 \nfoo 8\n# EOF\n");
  expo::Row row;
  CHECK(parser.next_known("foo", "", row));
  CHECK_FALSE(parser.next_known("foo", "", row));
  CHECK(parser.next(row) == RowKind::kError);
  CHECK(parser.error().code == ParseErrc::kStart);
}

TEST_CASE("the format of a page is that of its media type") {
  CHECK(expo::page_format("text/plain") == PageFormat::kText);
  CHECK(expo::page_format("application/openmetrics-text") == PageFormat::kOpenMetrics);
  CHECK(expo::page_format("application/vnd.google.protobuf") == PageFormat::kProtobuf);
  CHECK_FALSE(expo::page_format("text/html"));
}

TEST_CASE("the OpenMetrics parser agrees with its naive twin on generated pages") {
  Rng rng(11);
  const std::vector<std::string> pieces = {
      "a",
      "foo_bar",
      "x:y",
      "9",
      "{",
      "}",
      "\"",
      "\"v\"",
      "b=\"c\"",
      "le=\"1\"",
      "=",
      ",",
      " ",
      "\n",
      "# HELP ",
      "# TYPE ",
      "# UNIT ",
      "# EOF",
      "# EOF\n",
      "#",
      " # {",
      " # {a=\"b\"} ",
      "# ",
      "counter\n",
      "histogram\n",
      "unknown\n",
      "\\",
      "\\\"",
      "\\n",
      "1",
      " 2.5",
      " -1e5\n",
      " NaN",
      " +Inf",
      " 1234567890.123\n",
      "\xC3\xA9",
      "\xFF",
      std::string(1, '\0'),
      "\r",
      "{\"q.n\"",
      "\"k.l\"=\"m\"",
      "metric{a=\"b\"} 1\n",
      "metric{a=\"b\",c=\"d\"} 12.5 17000000.25\n",
      "metric 1 # {t=\"x\"} 3 4\n",
      "# TYPE m histogram\n",
      "# UNIT m_s s\n",
      "m_bucket{le=\"5\"} 3\n",
  };
  std::size_t accepted = 0;
  for (int i = 0; i < 60000; ++i) {
    std::string page;
    const auto count = 1 + rng.next() % 10;
    for (std::uint64_t k = 0; k < count; ++k) page += pieces[rng.next() % pieces.size()];
    if (rng.next() % 4 != 0) page += "# EOF\n";
    const std::string difference = compare(page);
    if (!difference.empty()) FAIL(go_quote(page) << "\n" << difference);
    accepted += test::NaiveOpenMetrics::read(page).valid ? 1 : 0;
  }
  CHECK(accepted > 500);
}

TEST_CASE("the OpenMetrics parser agrees with its naive twin on damaged pages") {
  for (std::size_t cut = 0; cut <= kPage.size(); ++cut) {
    CHECK(compare(std::string_view(kPage).substr(0, cut)) == "");
  }
  Rng rng(5);
  for (int i = 0; i < 40000; ++i) {
    std::string damaged = kPage;
    for (std::uint64_t k = 0; k <= rng.next() % 3; ++k) {
      char& c = damaged[rng.next() % damaged.size()];
      if (rng.next() % 4 == 0) {
        c = '\0';
      } else {
        c ^= static_cast<char>(1U << (rng.next() % 8));
      }
    }
    const std::string difference = compare(damaged);
    if (!difference.empty()) FAIL(go_quote(damaged) << "\n" << difference);
  }
}
