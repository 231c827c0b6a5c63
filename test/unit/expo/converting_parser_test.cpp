#include "expo/converting_parser.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "expo/custom_buckets.hpp"
#include "expo/format.hpp"
#include "support/histogram_text.hpp"

using namespace tocsin;
using expo::PageFormat;
using expo::RowKind;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

using Rows = std::vector<std::string>;

std::string row_text(expo::Parser& parser, const expo::Row& row) {
  std::vector<model::LabelView> labels;
  parser.labels(row, labels);
  std::string out;
  for (const auto& label : labels) {
    if (label.name == model::kMetricName)
      out.insert(0, label.value);
    else
      out += fmt::format(" {}={}", label.name, label.value);
  }
  if (row.kind == RowKind::kSeries) out += fmt::format(" {}", row.value);
  if (row.kind == RowKind::kHistogram) out += ": " + test::histogram_text(*parser.histogram());
  if (row.has_timestamp) out += fmt::format(" @{}", row.timestamp);
  if (row.kind != RowKind::kHistogram) return out;
  std::vector<expo::ExemplarText> exemplars;
  parser.histogram_exemplars(exemplars);
  for (const auto& exemplar : exemplars) {
    parser.exemplar_labels(exemplar, labels);
    out += fmt::format(" # {}={} {} @{}", labels.at(0).name, labels.at(0).value, exemplar.value, exemplar.timestamp);
  }
  return out;
}

/// The series and histograms of a page, and "error"; read a second time with their texts tried first.
Rows rows_of(const std::string& page, bool classic = false, PageFormat format = PageFormat::kText) {
  Rows rows;
  std::vector<std::string> series;
  const auto parser = expo::make_parser(format, page, {.classic = classic, .convert = true});
  expo::Row row;
  while (parser->next(row) != RowKind::kEnd) {
    if (row.kind == RowKind::kError) {
      rows.emplace_back("error");
      break;
    }
    if (row.kind != RowKind::kSeries && row.kind != RowKind::kHistogram) continue;
    series.emplace_back(row.series);
    rows.push_back(row_text(*parser, row));
  }
  const auto again = expo::make_parser(format, page, {.classic = classic, .convert = true});
  std::size_t at = 0;
  while (at < series.size()) {
    const std::string_view text = series[at];
    if (again->next_known(text.substr(0, 1), text.substr(1), row)) {
      CHECK(row_text(*again, row) == rows[at++]);
    } else {
      again->next(row);
      REQUIRE(row.kind != RowKind::kSeries);
      REQUIRE(row.kind != RowKind::kHistogram);
    }
  }
  return rows;
}

std::string converted(const std::vector<std::pair<double, double>>& buckets, double count) {
  expo::CustomBuckets all;
  for (const auto& [bound, cumulative] : buckets) all.set_bucket(bound, cumulative);
  if (count >= 0) all.set_count(count);
  auto made = all.convert();
  return made ? test::histogram_text(**made) : made.error().message;
}

}  // namespace

TEST_CASE("a classic histogram is converted whatever the order of its series") {
  const std::string want = "h a=1: schema=-53 zero=0/0 count=10 sum=2.5 pos=[0:3] 4,3,3 bounds=0.5,1";
  const std::string type = "# TYPE h histogram\n";
  const std::vector<std::string> lines = {"h_bucket{a=\"1\",le=\"0.5\"} 4\n", "h_bucket{a=\"1\",le=\"1\"} 7\n",
                                          "h_bucket{le=\"+Inf\",a=\"1\"} 10\n", "h_sum{a=\"1\"} 2.5\n",
                                          "h_count{a=\"1\"} 10\n"};
  std::vector<std::size_t> order = {0, 1, 2, 3, 4};
  do {
    std::string page = type;
    for (const std::size_t i : order) page += lines[i];
    CHECK(rows_of(page + "b 1\n") == Rows{want, "b 1"});
    CHECK(rows_of(page) == Rows{want});
    CHECK(rows_of(page + "# HELP x y\n") == Rows{want});
    const Rows both = rows_of(page + "b 1\n", true);
    REQUIRE(both.size() == 7);
    CHECK(both[5] == want);
    CHECK(both[6] == "b 1");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("each label set is a histogram, and what is none stays as it is") {
  CHECK(rows_of("# TYPE a gauge\na 1\n# TYPE h histogram\n"
                "h_bucket{x=\"1\",le=\"1\"} 1\nh_count{x=\"1\"} 2\nh_sum{x=\"1\"} 5\n"
                "h_bucket{x=\"2\",le=\"1\"} 3\nh_count{x=\"2\"} 3\nh_sum{x=\"2\"} 6\n"
                "h_other 7\nh_bucket 8\nother_bucket{le=\"1\"} 9\nh_bucket{le=\"NaN\"} 1\n"
                "# TYPE i untyped\ni_bucket{le=\"1\"} 1\n") ==
        Rows{"a 1", "h x=1: schema=-53 zero=0/0 count=2 sum=5 pos=[0:2] 1,1 bounds=1",
             "h x=2: schema=-53 zero=0/0 count=3 sum=6 pos=[0:1] 3 bounds=1", "h_other 7", "h_bucket 8",
             "other_bucket le=1.0 9", "h_bucket le=NaN 1", "i_bucket le=1 1"});
}

TEST_CASE("timestamps and exemplars of the series go to the histogram") {
  CHECK(rows_of("# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 1.5 # {id=\"a\"} 0.5 1.25\n"
                "h_bucket{le=\"+Inf\"} 2 1.5 # {id=\"b\"} 3\nh_sum 4 1.5\nh_count 2 1.5\n# EOF\n",
                false, PageFormat::kOpenMetrics) ==
        Rows{"h: schema=-53 zero=0/0 count=2 sum=4 pos=[0:2] 1,1 bounds=1 @1500 # id=a 0.5 @1250"});
  // An error behind a histogram ends the page before it.
  CHECK(rows_of("# TYPE h histogram\nh_count 1\nh_sum x\n") == Rows{"error"});
}

TEST_CASE("what cannot be converted gives no histogram on a page of text") {
  CHECK(rows_of("# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 4\nh_count 5\nb 1\n") == Rows{"b 1"});
  CHECK(rows_of("# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 4\nh_count 5\nb 1\n", true).size() == 4);
}

TEST_CASE("custom buckets come from cumulative counts") {
  CHECK(converted({{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 7}, {kInf, 7}}, 7) ==
        "schema=-53 zero=0/0 count=7 sum=0 pos=[0:1 4:1] 1,6 bounds=1,2,3,4,5,6");
  CHECK(converted({{1, 1}, {2, 1}, {3, 3}}, 3) == "schema=-53 zero=0/0 count=3 sum=0 pos=[0:3] 1,0,2 bounds=1,2,3");
  CHECK(converted({{1, 1.5}, {2, 1.5}, {3, 3}}, 3) ==
        "float schema=-53 zero=0/0 count=3 sum=0 pos=[0:1 1:1] 1.5,1.5 bounds=1,2,3");
  CHECK(converted({{1, 1}, {1, 5}}, 4) == "schema=-53 zero=0/0 count=4 sum=0 pos=[0:2] 1,3 bounds=1");
  CHECK(converted({{3, 4}, {1, 2}, {2, 3}}, -1) == "schema=-53 zero=0/0 count=4 sum=0 pos=[0:3] 2,1,1 bounds=1,2,3");
  CHECK(converted({}, 0) == "schema=-53 zero=0/0 count=0 sum=0");
  CHECK(converted({{1, 2}, {2, 1}}, 2) == "count is not cumulative: 1 < 2");
  CHECK(converted({{1, 2}, {3, 4}, {2, 5}}, 4) == "count is not cumulative: 5 > 4");
  CHECK(converted({{1, -2}}, 4) == "bucket count must be non-negative: le=1, count=-2");
  CHECK(converted({{std::nan(""), 2}}, 4) == "bucket boundary must not be NaN");
  CHECK(converted({{kInf, 5}}, 4) == "count mismatch: count=4 != le=+Inf count=5");
}
