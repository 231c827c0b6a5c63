// Start timestamps of OpenMetrics: `_created` lines.
#include "expo/openmetrics_created.hpp"

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "expo/openmetrics_parser.hpp"

using namespace tocsin;
using expo::RowKind;

namespace {

/// "series start" of each row.
std::vector<std::string> starts(std::string_view page, bool enabled = true) {
  expo::OpenMetricsParser parser(page, enabled);
  expo::Row row;
  std::vector<std::string> out;
  while (parser.next(row) != RowKind::kEnd) {
    if (row.kind == RowKind::kError) {
      out.push_back(parser.describe_error(page));
      break;
    }
    if (row.kind == RowKind::kSeries) out.push_back(fmt::format("{} {}", row.series, row.start));
  }
  return out;
}

using Rows = std::vector<std::string>;

}  // namespace

TEST_CASE("a counter has the start that its _created line tells, which is no row") {
  const std::string page =
      "# TYPE a counter\n"
      "a_total{x=\"1\"} 3\n"
      "a_created{x=\"1\"} 1520872607.123\n"
      "a_total{x=\"2\"} 3\n"
      "a_total{x=\"3\"} 3\n"
      "a_created{x=\"3\"} 5\n"
      "# EOF\n";
  CHECK(starts(page) == Rows{"a_total{x=\"1\"} 1520872607123", "a_total{x=\"2\"} 0", "a_total{x=\"3\"} 5000"});
  CHECK(starts(page, false).size() == 5);
}

TEST_CASE("all rows of a histogram or summary have the start, wherever its line stands among them") {
  const std::string page =
      "# HELP h help\n"
      "# TYPE h histogram\n"
      "h_bucket{x=\"1\",le=\"1\"} 1\n"
      "h_bucket{x=\"1\",le=\"+Inf\"} 1\n"
      "h_created{x=\"1\"} 2\n"
      "h_sum{x=\"1\"} 1\n"
      "h_count{x=\"1\"} 1\n"
      "h_created{x=\"2\"} 3\n"
      "h_count{x=\"2\"} 1\n"
      "# TYPE s summary\n"
      "s{quantile=\"0.5\"} 1\n"
      "s_count 1\n"
      "s_created 4\n"
      "# EOF\n";
  // A line before all of its rows is none of theirs, as in Prometheus.
  CHECK(starts(page) == Rows{"h_bucket{x=\"1\",le=\"1\"} 2000", "h_bucket{x=\"1\",le=\"+Inf\"} 2000",
                             "h_sum{x=\"1\"} 2000", "h_count{x=\"1\"} 2000", "h_count{x=\"2\"} 0",
                             "s{quantile=\"0.5\"} 4000", "s_count 4000"});
}

TEST_CASE("_created is an ordinary series of a type without starts") {
  CHECK(starts("# TYPE g gauge\ng 1\ng_created 2\n# TYPE u unknown\nu_created 3\n# EOF\n") ==
        Rows{"g 0", "g_created 0", "u_created 0"});
}

TEST_CASE("names in quotes have starts") {
  CHECK(starts("# TYPE \"a.b\" counter\n{\"a.b_total\",x=\"\\\"\"} 3\n{\"a.b_created\",x=\"\\\"\"} 7\n"
               "{\"a.b_total\",\"x.y\"=\"z\"} 3\n{\"a.b_created\",\"x.y\"=\"z\"} 8\n# EOF\n") ==
        Rows{"{\"a.b_total\",x=\"\\\"\"} 7000", "{\"a.b_total\",\"x.y\"=\"z\"} 8000"});
}

TEST_CASE("a start of another metric, or behind a line of metadata, is none of this one") {
  CHECK(starts("# TYPE a counter\na_total 1\nb_created 2\na_total{x=\"1\"} 1\n# TYPE a counter\na_created{x=\"1\"} 3\n"
               "# EOF\n") == Rows{"a_total 0", "a_total{x=\"1\"} 0"});
  // The family's name is what the metadata says: with it, a_total_created would be the line.
  CHECK(starts("# TYPE a_total counter\na_total 1\na_created 2\n# EOF\n") == Rows{"a_total 0"});
}

TEST_CASE("what is wrong behind a row is told when it is its turn") {
  CHECK(starts("# TYPE a counter\na_total 1\na_created 2 x\n# EOF\n").size() == 2);
  CHECK(starts("# TYPE a counter\na_total 1\na_created 2\n").back().find("does not end with # EOF") !=
        std::string::npos);
  CHECK(starts("# TYPE a counter\na_total 1\na_created 2 # {} 1 \n# EOF\n").size() == 2);
}

TEST_CASE("a page read by known series has the same rows and starts") {
  const std::string page =
      "# TYPE a counter\na_total{x=\"1\"} 3\na_created{x=\"1\"} 1\na_total{x=\"2\"} 3\na_created{x=\"2\"} 2\n"
      "# TYPE h histogram\nh_count 1\nh_created 3\nh_sum 1\n# TYPE g gauge\ng_created 4\n# EOF\n";
  expo::OpenMetricsParser first(page, true), second(page, true);
  expo::Row row, again;
  while (first.next(row) == RowKind::kSeries || row.kind == RowKind::kType) {
    if (row.kind == RowKind::kType) {
      CHECK_FALSE(second.next_known("a_total", "{x=\"1\"}", again));
      REQUIRE(second.next(again) == RowKind::kType);
      continue;
    }
    const std::string_view series = row.series;
    INFO(series);
    CHECK_FALSE(second.next_known("", "nothing", again));
    REQUIRE(second.next_known(series.substr(0, 2), series.substr(2), again));
    CHECK(again.series == series);
    CHECK(again.value == row.value);
    CHECK(again.start == row.start);
  }
  CHECK(row.kind == RowKind::kEnd);
}

TEST_CASE("a series that was a row is none when its type becomes one with starts") {
  const std::string page = "# TYPE a counter\na_created 1\na_total 2\n# EOF\n";
  expo::OpenMetricsParser parser(page, true);
  expo::Row row;
  REQUIRE(parser.next(row) == RowKind::kType);
  CHECK_FALSE(parser.next_known("a_cre", "ated", row));
  REQUIRE(parser.next(row) == RowKind::kSeries);
  CHECK(row.series == "a_total");
}

TEST_CASE("starts are those of a plain search, on pages at random") {
  Rng rng(7);
  for (int round = 0; round < 300; ++round) {
    // Rows of families in runs; each row's start is found the slow way: the next _created line of the run, if its key
    // is the row's; else what the row before of the same key had.
    std::string page;
    Rows wanted;
    for (int family = 0; family < 3; ++family) {
      const bool histogram = rng.next() % 2 == 0;
      const std::string name(1, static_cast<char>('a' + family));
      page += fmt::format("# TYPE {} {}\n", name, histogram ? "histogram" : "counter");
      struct Line {
        bool created;
        std::string text, key;
        int value;
      };
      std::vector<Line> lines;
      for (std::uint64_t i = rng.next() % 8; i > 0; --i) {
        const bool created = rng.next() % 3 == 0;
        const std::string label = fmt::format("x=\"{}\"", rng.next() % 3);
        const std::string le = histogram && !created ? fmt::format("le=\"{}\",", rng.next() % 3) : "";
        const int value = static_cast<int>(rng.next() % 4);
        lines.push_back(
            {created,
             fmt::format("{}{}{{{}{}}}", name, created ? "_created" : (histogram ? "_bucket" : "_total"), le, label),
             label, value});
      }
      std::string last_key;
      int last_start = 0;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        page += fmt::format("{} {}\n", lines[i].text, lines[i].value);
        if (lines[i].created) continue;
        std::size_t ahead = i;
        while (ahead < lines.size() && !lines[ahead].created) ++ahead;
        int start = 0;
        if (lines[i].key == last_key && last_start > 0) {
          start = last_start;
        } else if (ahead < lines.size() && lines[ahead].key == lines[i].key) {
          start = lines[ahead].value;
        }
        last_key = start > 0 ? lines[i].key : "";
        last_start = start;
        wanted.push_back(fmt::format("{} {}", lines[i].text, start * 1000));
      }
    }
    page += "# EOF\n";
    INFO(page);
    REQUIRE(starts(page) == wanted);
  }
}
