#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "expo/text_parser.hpp"
#include "support/expo_compare.hpp"

using namespace tocsin;
using expo::ParseErrc;
using expo::RowKind;

namespace {

std::string labels_text(std::string_view page) {
  expo::TextParser parser(page);
  expo::Row row;
  std::string out;
  while (parser.next(row) != RowKind::kEnd) {
    if (row.kind == RowKind::kError) return "error: " + std::string(expo::parse_error_text(parser.error().code));
    if (row.kind != RowKind::kSeries) continue;
    std::vector<model::LabelView> labels;
    if (parser.labels(row, labels) != ParseErrc::kNone) return "duplicate";
    for (const auto& label : labels) out += fmt::format("{}={};", label.name, label.value);
    out += '\n';
  }
  return out;
}

double value_of(const std::string& text) {
  const std::string page = "a " + text + "\n";
  expo::TextParser parser(page);
  expo::Row row;
  return parser.next(row) == RowKind::kSeries ? row.value : std::numeric_limits<double>::quiet_NaN();
}

ParseErrc error_of(std::string_view page, std::size_t* offset = nullptr) {
  expo::TextParser parser(page);
  expo::Row row;
  while (parser.next(row) != RowKind::kEnd && row.kind != RowKind::kError) {
  }
  if (offset != nullptr) *offset = parser.error().offset;
  return parser.error().code;
}

}  // namespace

TEST_CASE("a page is read row by row") {
  const std::string page =
      "# HELP go_gc Summary \\\\ of\\npauses.\n"
      "# TYPE go_gc summary\n"
      "go_gc{quantile=\"0\",x=\"y\"} 4.9351e-05\n"
      "\n"
      "# just a comment\n"
      "go_goroutines 33  \t123123\n"
      "last -1.5";
  expo::TextParser parser(page);
  expo::Row row;
  REQUIRE(parser.next(row) == RowKind::kHelp);
  CHECK(row.name == "go_gc");
  CHECK(expo::unescape_help(row.text) == "Summary \\ of\npauses.");
  REQUIRE(parser.next(row) == RowKind::kType);
  CHECK(row.type == model::MetricType::kSummary);
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.series == "go_gc{quantile=\"0\",x=\"y\"}");
  CHECK(row.value == 4.9351e-05);
  CHECK_FALSE(row.has_timestamp);
  REQUIRE(parser.next(row) == RowKind::kComment);
  CHECK(row.text == "# just a comment");
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.series == "go_goroutines");
  CHECK(row.value == 33);
  CHECK(row.has_timestamp);
  CHECK(row.timestamp == 123123);
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.series == "last");
  CHECK(row.value == -1.5);
  CHECK(parser.next(row) == RowKind::kEnd);
  CHECK(parser.next(row) == RowKind::kEnd);
}

TEST_CASE("labels are unescaped and sorted, in every spelling that Prometheus accepts") {
  const std::pair<std::string, std::string> cases[] = {
      {"a 1", "__name__=a;\n"},
      {"a{} 1", "__name__=a;\n"},
      {"a{b=\"c\"}1", "__name__=a;b=c;\n"},
      {"a{b=\"c\",} 1", "__name__=a;b=c;\n"},
      {"a { b = \"c\" , d=\"e\" } 1", "__name__=a;b=c;d=e;\n"},
      {"a{z=\"1\" b=\"2\"} 1", "__name__=a;b=2;z=1;\n"},
      {"a{b=\"\\\"\\\\\\n\\x\"} 1", "__name__=a;b=\"\\\n\\x;\n"},
      {"a{b=\"raw\nnewline, } 1\"} 1", "__name__=a;b=raw\nnewline, } 1;\n"},
      {"some:aggregate:rate5m{a_b=\"c\"}\t1", "__name__=some:aggregate:rate5m;a_b=c;\n"},
      {"{\"my.metric\",\"a.b\"=\"c\"} 1", "__name__=my.metric;a.b=c;\n"},
      {"{ \"go.gc\" , q = \"1\" , } 1", "__name__=go.gc;q=1;\n"},
      {"{b=\"c\",\"late\"} 1", "__name__=late;b=c;\n"},
      {"a{\"b\"=\"c\"} 1", "__name__=a;b=c;\n"},
      {"{\"with \\\"q\\\" {x\\ny}\",\"s\\n\"=\"6\"} 10.0", "__name__=with \"q\" {x\ny};s\n=6;\n"},
      {"a{b=\"\"} 1", "__name__=a;b=;\n"},
      {" \t a 1", "__name__=a;\n"},
      {"a.5 1", "__name__=a;\n"},
      {"a{b=\"1\",b=\"2\"} 1", "duplicate"},
      {"a{__name__=\"b\"} 1", "duplicate"},
  };
  for (const auto& [page, want] : cases) {
    INFO(page);
    CHECK(labels_text(page) == want);
  }
}

TEST_CASE("le and quantile are written as floats when the type says that they are") {
  CHECK(labels_text("# TYPE d histogram\nd_bucket{le=\"1\"} 1\nd_bucket{le=\"1000000\"} 1\nd_bucket{le=\"+Inf\"} 1\n"
                    "d_bucket{le=\"x\"} 1\nd_bucket{le=\".5\"} 1\nd{quantile=\"1\"} 1\nd_bucket{le=\"1e999\"} 1") ==
        "__name__=d_bucket;le=1.0;\n__name__=d_bucket;le=1e+06;\n__name__=d_bucket;le=+Inf;\n"
        "__name__=d_bucket;le=x;\n__name__=d_bucket;le=0.5;\n__name__=d;quantile=1;\n__name__=d_bucket;le=1e999;\n");
  CHECK(labels_text("# TYPE s summary\ns{quantile=\"0\"} 1\ns{le=\"1\"} 1") ==
        "__name__=s;quantile=0.0;\n__name__=s;le=1;\n");
  CHECK(labels_text("x{le=\"1\",quantile=\"1\"} 1") == "__name__=x;le=1;quantile=1;\n");
}

TEST_CASE("zero bytes are data in label values and help, end the page where a line begins, and are wrong elsewhere") {
  using namespace std::string_literals;
  CHECK(labels_text("a{b=\"x\0y\"} 1"s) == "__name__=a;b=x\0y;\n"s);
  CHECK(labels_text("a{b= \0\"x\"} 1"s) == "__name__=a;b=x;\n"s);
  CHECK(labels_text("a 1\n\0garbage {"s) == "__name__=a;\n");
  CHECK(labels_text("# HELP a x\0y\na 1"s) == "__name__=a;\n");
  CHECK(error_of("a{b=\0\"x\"} 1\n"s) == ParseErrc::kLabelValue);
  CHECK(error_of("a{b=\"\0"s) == ParseErrc::kLabelValue);
  CHECK(error_of("a{b\0=\"x\"} 1"s) == ParseErrc::kEqual);
  CHECK(error_of("a\0{b=\"x\"} 1"s) == ParseErrc::kValue);
  CHECK(error_of("a 0 1\0"s) == ParseErrc::kLineEnd);
}

TEST_CASE("a page that is wrong is refused with what was expected and where") {
  struct Case {
    std::string page;
    ParseErrc code;
    std::size_t offset;
  };
  const Case cases[] = {
      {"a", ParseErrc::kValue, 1},
      {"a{b='c'} 1\n", ParseErrc::kLabelValue, 4},
      {"a{b=\n", ParseErrc::kLabelValue, 4},
      {"a{\xff=\"foo\"} 1\n", ParseErrc::kLabelName, 2},
      {"a{b=\"\xff\"} 1\n", ParseErrc::kLabelUtf8, 4},
      {"{\"a\", \"b = \"c\"}", ParseErrc::kEqual, 12},
      {"{\"a\",b\\nc=\"d\"} 1", ParseErrc::kEqual, 6},
      {"a true\n", ParseErrc::kNumber, 2},
      {"something_weird{problem=\"", ParseErrc::kLabelValue, 24},
      {"empty_label_name{=\"\"} 0", ParseErrc::kLabelName, 17},
      {"{A}0", ParseErrc::kEqual, 2},
      {"foo 1_2\n", ParseErrc::kNumberCharacter, 4},
      {"foo 0x1p-3\n", ParseErrc::kNumberCharacter, 4},
      {"foo 0x1P-3\n", ParseErrc::kNumberCharacter, 4},
      {"foo 0x10\n", ParseErrc::kNumber, 4},
      {"foo 1e999\n", ParseErrc::kNumberRange, 4},
      {"foo 0 1_2\n", ParseErrc::kLineEnd, 7},
      {"foo 0 -1\n", ParseErrc::kTimestamp, 6},
      {"foo 0 99999999999999999999\n", ParseErrc::kTimestampRange, 6},
      {"foo 1 2 3\n", ParseErrc::kLineEnd, 8},
      {"foo 1\r\n", ParseErrc::kNumber, 4},
      {"foo +nan\n", ParseErrc::kNumber, 4},
      {"{a=\"ok\"} 1", ParseErrc::kNameMissing, 8},
      {"{} 1", ParseErrc::kNameMissing, 2},
      {"{\"a\",\"b\"} 1", ParseErrc::kNameTwice, 5},
      {"a{\"b\"} 1", ParseErrc::kNameTwice, 2},
      {"a{,} 1", ParseErrc::kLabelName, 2},
      {"a{b=\"c\",,} 1", ParseErrc::kLabelName, 8},
      {"a{b=\"c\"}{d=\"e\"} 1", ParseErrc::kValue, 8},
      {"a{b=\"c\\\n\"} 1", ParseErrc::kLabelValue, 4},
      {"# TYPE #\n#EOF\n", ParseErrc::kMetaName, 7},
      {"# HELP #\n#EOF\n", ParseErrc::kMetaName, 7},
      {"# TYPE a nonsense\n", ParseErrc::kMetaType, 9},
      {"# TYPE a counter \n", ParseErrc::kMetaType, 9},
      {"# TYPE a\n", ParseErrc::kMetaType, 8},
      {"# HELP a \xff\n", ParseErrc::kHelpUtf8, 9},
      {"5 1\n", ParseErrc::kStart, 0},
      {"a 1\n-\n", ParseErrc::kStart, 4},
  };
  for (const auto& test : cases) {
    INFO(test.page);
    std::size_t offset = 0;
    CHECK(expo::parse_error_text(error_of(test.page, &offset)) == expo::parse_error_text(test.code));
    CHECK(offset == test.offset);
    CHECK(test::compare_readers(test.page) == "");
  }
}

TEST_CASE("an error is described with line, column and the place") {
  const std::string page = "a 1\nb{c='d'} 2\nc 3\n";
  CHECK(expo::describe(page, {ParseErrc::kLabelValue, 8}) ==
        "expected label value at line 2, column 5: \"b{c='d'} 2\"");
  const std::string long_line = "x{a=\"" + std::string(500, 'v') + "\"} zzz\n";
  const std::string text = expo::describe(long_line, {ParseErrc::kNumber, 508});
  CHECK(text.find("line 1, column 509") != std::string::npos);
  CHECK(text.find("zzz") != std::string::npos);
  CHECK(text.size() < 200);
  CHECK(expo::describe("", {ParseErrc::kStart, 7}) == "expected a valid start token at line 1, column 1: \"\"");
}

TEST_CASE("values read as Go's ParseFloat reads them") {
  const std::pair<std::string, double> cases[] = {
      {"0", 0},
      {"-0", -0.0},
      {"1", 1},
      {"+1", 1},
      {"1.", 1},
      {".5", 0.5},
      {"-.5", -0.5},
      {"1e3", 1000},
      {"1E-3", 0.001},
      {"1.5e+3", 1500},
      {"+Inf", HUGE_VAL},
      {"-inf", -HUGE_VAL},
      {"infinity", HUGE_VAL},
      {"1e-400", 0},
      {"123456789012345678", 123456789012345678.0},
      {"9007199254740993", 9007199254740992.0},
      {"9007199254740992", 9007199254740992.0},
      {"0.1", 0.1},
      {"100.25", 100.25},
      {"0.30000000000000004", 0.30000000000000004},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"5e-324", 5e-324},
      {"18446744073709551616", 18446744073709551616.0},
      {"0000000000000000000000001", 1},
      {"1.00000000000000000000001", 1},
      {"3.141592653589793", 3.141592653589793},
  };
  for (const auto& [text, want] : cases) {
    INFO(text);
    const double got = value_of(text);
    CHECK(std::bit_cast<std::uint64_t>(got) == std::bit_cast<std::uint64_t>(want));
  }
  for (const char* text :
       {"", "+", "-", ".", "e5", "1e", "1e+", "--1", "1,5", "0x1", "1.2.3", "nanx", "-nan", "infinit"}) {
    INFO(text);
    CHECK(std::isnan(value_of(text)));
    CHECK(error_of("a " + std::string(text) + "\n") != ParseErrc::kNone);
  }
  for (const char* text : {"NaN", "nan", "NAN"}) {
    CHECK(std::bit_cast<std::uint64_t>(value_of(text)) == model::kNormalNanBits);
  }
}

TEST_CASE("the quick way to read numbers gives the bits of the slow one") {
  Rng rng(11);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    if (rng.next() % 4 == 0) text += '-';
    const auto whole = rng.next() % 12, fraction = rng.next() % 14;
    for (std::uint64_t k = 0; k < whole; ++k) text += static_cast<char>('0' + rng.next() % 10);
    if (rng.next() % 3 != 0) text += '.';
    if (text.ends_with('.')) {
      for (std::uint64_t k = 0; k < fraction; ++k) text += static_cast<char>('0' + rng.next() % 10);
    }
    if (rng.next() % 8 == 0) text += "e-" + std::to_string(rng.next() % 30);
    double want = 0;
    const bool valid = parse_float(text, want);
    INFO(text);
    CHECK(valid == (error_of("a " + text) == ParseErrc::kNone));
    if (valid) CHECK(std::bit_cast<std::uint64_t>(value_of(text)) == std::bit_cast<std::uint64_t>(want));
  }
}

TEST_CASE("a series text from before is taken only where it stands whole") {
  const auto taken = [](std::string_view page, std::string_view text) {
    expo::TextParser parser(page);
    expo::Row row;
    const bool hit = parser.next_known(text.substr(0, text.size() / 2), text.substr(text.size() / 2), row);
    if (hit) {
      CHECK(row.series == text);
      CHECK(parser.next(row) == RowKind::kEnd);
    } else {
      parser.next(row);  // nothing moved: the row is read as ever
      CHECK(row.kind == RowKind::kSeries);
      CHECK(row.value == 7);
    }
    return hit;
  };
  CHECK(taken("foo 7\n", "foo"));
  CHECK(taken("foo\t 7 123\n", "foo"));
  CHECK(taken("foo{a=\"b\"} 7\n", "foo{a=\"b\"}"));
  CHECK(taken("\n\nfoo{a=\"b\"} 7\n", "foo{a=\"b\"}"));
  CHECK_FALSE(taken("foo_bar 7\n", "foo"));
  CHECK_FALSE(taken("foo {a=\"b\"} 7\n", "foo"));
  CHECK_FALSE(taken("foo{a=\"b\"} 7\n", "foo"));
  CHECK_FALSE(taken("foo{a=\"b\"}7\n", "foo{a=\"b\"}"));
  CHECK_FALSE(taken(" foo 7\n", "foo"));
  CHECK_FALSE(taken("fo 7\n", "foo"));
  CHECK_FALSE(taken("\n\n\nf 7", "foo{long=\"text behind the page's end\"}"));
}

TEST_CASE("an error behind a known series is the error of the whole line") {
  const std::string page = "foo bar\n";
  expo::TextParser parser(page);
  expo::Row row;
  CHECK_FALSE(parser.next_known("foo", "", row));
  CHECK(parser.next(row) == RowKind::kError);
  CHECK(parser.error().code == ParseErrc::kNumber);
  CHECK_FALSE(parser.next_known("foo", "", row));
  CHECK(parser.next(row) == RowKind::kError);
}

TEST_CASE("the parser agrees with its naive twin on generated pages") {
  Rng rng(7);
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
      "quantile=\"0.5\"",
      "=",
      ",",
      " ",
      "\t",
      "\n",
      "# HELP ",
      "# TYPE ",
      "#",
      "# ",
      "counter",
      "histogram",
      "summary",
      "untyped",
      "\\",
      "\\\"",
      "\\n",
      "1",
      "2.5",
      "-1e5",
      "NaN",
      "+Inf",
      "1234567890123",
      "\xC3\xA9",
      "\xFF",
      std::string(1, '\0'),
      "\r",
      "{\"q.n\"",
      "\"k.l\"=\"m\"",
      "metric{a=\"b\"} 1\n",
      "metric{a=\"b\",c=\"d\"} 12.5 1700000000000\n",
      "# TYPE m histogram\n",
      "m_bucket{le=\"5\"} 3\n",
  };
  std::size_t accepted = 0;
  for (int i = 0; i < 40000; ++i) {
    std::string page;
    const auto count = 1 + rng.next() % 12;
    for (std::uint64_t k = 0; k < count; ++k) page += pieces[rng.next() % pieces.size()];
    const std::string difference = test::compare_readers(page);
    if (!difference.empty()) FAIL(go_quote(page) << "\n" << difference);
    accepted += test::NaiveExpo::read(page).valid ? 1 : 0;
  }
  CHECK(accepted > 2000);
}

TEST_CASE("the parser agrees with its naive twin on damaged pages") {
  const std::string page =
      "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n"
      "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
      "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find:\\n\\\"FILE.TXT\\\"\"} "
      "1.458255915e9\n"
      "# TYPE lat histogram\nlat_bucket{le=\"0.05\"} 24054\nlat_bucket{le=\"+Inf\"} 144320\nlat_sum 53423\n"
      "{\"my.metric\",\"a.b\"=\"caf\xC3\xA9\"} NaN\n";
  for (std::size_t cut = 0; cut <= page.size(); ++cut) {
    CHECK(test::compare_readers(std::string_view(page).substr(0, cut)) == "");
  }
  Rng rng(3);
  for (int i = 0; i < 30000; ++i) {
    std::string damaged = page;
    for (std::uint64_t k = 0; k <= rng.next() % 3; ++k) {
      damaged[rng.next() % damaged.size()] ^= static_cast<char>(1U << (rng.next() % 8));
    }
    const std::string difference = test::compare_readers(damaged);
    if (!difference.empty()) FAIL(go_quote(damaged) << "\n" << difference);
  }
}
