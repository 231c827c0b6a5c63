#include "expo/openmetrics_check.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/strings.hpp"
#include "expo/openmetrics_line.hpp"
#include "support/expo_compare.hpp"

using namespace tocsin;

namespace {

/// "" if the page is good, else "line:column: message".
std::string verdict(std::string_view page) {
  const auto found = expo::check_openmetrics(page);
  return found ? fmt::format("{}:{}: {}", found->line, found->column, found->message) : "";
}

}  // namespace

TEST_CASE("pages that follow the OpenMetrics specification pass") {
  const std::string pages[] = {
      "# EOF",
      "# EOF\n",
      "up 1\n# EOF\n",
      "# TYPE up unknown\nup{} 1.5e+3\n# EOF\n",
      "# TYPE req counter\n# HELP req Requests.\nreq_total{code=\"200\"} 5\nreq_created{code=\"200\"} 1.5\n"
      "req_total{code=\"500\"} 0\n# EOF\n",
      "# HELP mem_bytes say \"hi\"\n# UNIT mem_bytes bytes\n# TYPE mem_bytes gauge\nmem_bytes -1\n# EOF\n",
      "# TYPE lat histogram\nlat_bucket{a=\"x\",le=\"0\"} 1\nlat_bucket{le=\"+Inf\",a=\"x\"} 2 # {id=\"1\"} 7 8\n"
      "lat_sum{a=\"x\"} 3\nlat_count{a=\"x\"} 2\nlat_created{a=\"x\"} -5\nlat_bucket{a=\"y\",le=\"+Inf\"} 0\n# EOF\n",
      "# TYPE g gaugehistogram\ng_bucket{le=\"-1\"} 1\ng_bucket{le=\"+Inf\"} 1\ng_gsum -4\ng_gcount 1\n# EOF\n",
      "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns{quantile=\"0.99\"} 3\ns_sum 2\ns_count 1\ns_created 4\n# EOF\n",
      "# TYPE build info\nbuild_info{version=\"1\"} 1\nbuild_info{version=\"2\"} 1.0\n# EOF\n",
      "# TYPE st stateset\nst{st=\"on\"} 1\nst{st=\"off\"} 0\n# EOF\n",
      // Points in time; equal times may be two that are rounded.
      "# TYPE t gauge\nt{a=\"1\"} 1 1.5\nt{a=\"1\"} 2 1.5\nt{a=\"1\"} 2 2\nt{a=\"2\"} 2 1\n# EOF\n",
      "# TYPE s summary\ns_count 1 1\ns_sum 1 1\ns_count 2 2\ns_sum 2 2\n# EOF\n",
      // The samples of an info may be of one metric or of several.
      "# TYPE i info\ni_info{a=\"1\"} 1 1\ni_info{a=\"2\"} 1 1\ni_info{a=\"1\"} 1 2\n# EOF\n",
      "x nan\ny +INF\nz -infinity\nw 1.\nv .5\n# EOF\n",
      "# HELP a \n# UNIT a \n# TYPE a info\n# EOF\n",
      "# TYPE a gauge\n# TYPE b gauge\nb{le=\"x\",quantile=\"y\"} 1\n# EOF\n",
  };
  for (const auto& page : pages) {
    INFO(page);
    CHECK(verdict(page) == "");
    CHECK(test::read_page(page, nullptr, expo::PageFormat::kOpenMetrics).valid);
  }
}

TEST_CASE("pages that break a rule of the OpenMetrics specification are told which and where") {
  const std::string long_label(200, 'x');
  const std::pair<std::string, std::string> cases[] = {
      {"", "1:1: Overall Structure: the page must end with"},
      {"a 1\n", "2:1: Overall Structure: the page must end with"},
      {"a 1", "1:4: ABNF: the line has no newline"},
      {"\xEF\xBB\xBF# EOF\n", "1:1: Overall Structure: a byte order mark"},
      {"# EOF\n\n", "2:1: Overall Structure: nothing may follow"},
      {"# EOF \n", "1:6: Overall Structure: nothing may follow"},
      {"a 1\n\n# EOF\n", "2:1: ABNF: blank lines"},
      {"a{b=\"\xFF\"} 1\n# EOF\n", "1:6: Overall Structure: not UTF-8"},
      {"a 1\r\n# EOF\n", "1:3: ABNF: the value is not a number"},
      {"# HELP a x\r\n# EOF\n", "1:11: Overall Structure: lines must not end"},
      {"# a comment\n# EOF\n", "1:3: MetricFamily metadata: expected TYPE"},
      {"#HELP a x\n# EOF\n", "1:1: MetricFamily metadata: a line that begins"},
      {"# HELP a x\\\n# EOF\n", "1:11: ABNF: a backslash"},
      {"# TYPE \"a\" gauge\n# EOF\n", "1:8: ABNF: expected the name"},
      {"{\"a\"} 1\n# EOF\n", "1:1: ABNF: expected a metric name"},
      {"# UNIT a_s s!\n# EOF\n", "1:12: ABNF: not a unit"},
      {"# UNIT a_s m\n# EOF\n", "1:12: Unit: the name a_s does not end"},
      {"# UNIT a_s s\n# TYPE a_s stateset\n# EOF\n", "2:12: StateSet: a family of this type has no unit"},
      {"# TYPE a Gauge\n# EOF\n", "1:10: Type: there is no type"},
      {"# TYPE a gauge\na 1\n# HELP a x\n# EOF\n", "3:1: MetricFamily metadata: HELP of a comes after"},
      {"# TYPE a gauge\n# TYPE a gauge\n# EOF\n", "2:1: MetricFamily metadata: a second TYPE"},
      {"# TYPE _a gauge\n# EOF\n", "1:1: MetricFamily: names that begin"},
      {"a{_b=\"c\"} 1\n# EOF\n", "1:3: Label: names that begin"},
      {"a{b=\"c\",b=\"d\"} 1\n# EOF\n", "1:9: LabelSet: label names must be unique"},
      {"a{b=\"c\",} 1\n# EOF\n", "1:9: ABNF: expected a label name"},
      {"a{b=\"c\" ,d=\"e\"} 1\n# EOF\n", "1:8: ABNF: expected a comma"},
      {"a 1 2 3\n# EOF\n", "1:6: ABNF: expected the end of the line"},
      {"a 1 #{} 3\n# EOF\n", "1:5: ABNF: an exemplar begins"},
      {"a 1e999\n# EOF\n", "1:3: Numbers:"},
      {"a -nan\n# EOF\n", "1:3: ABNF: the value is not a number"},
      {"a 1 1e\n# EOF\n", "1:5: ABNF: the timestamp is not"},
      // Families.
      {"# TYPE a counter\na_total 1\nb 1\na_total 2\n# EOF\n", "4:1: MetricFamily: a_total is"},
      {"a 1\nb 1\na 2\n# EOF\n", "3:1: MetricFamily: a is"},
      {"# TYPE a_count gauge\na_count 1\n# TYPE a summary\na_sum 1\n# EOF\n",
       "4:1: MetricFamily: a_count of the summary"},
      {"# TYPE a counter\na 1\n# EOF\n", "2:1: MetricFamily: a is"},
      {"a_bucket 1\n# TYPE a histogram\n# EOF\n", "2:1: MetricFamily: a_bucket of the histogram"},
      // Metrics and points.
      {"# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 1\n# EOF\n", "4:1: Metric: the samples of a"},
      {"# TYPE a summary\na_sum{b=\"1\"} 1\na_sum{b=\"2\"} 1\na_count{b=\"1\"} 1\n# EOF\n",
       "4:1: Metric: the samples of"},
      {"a 1\na 2\n# EOF\n", "2:1: Metric: the same sample twice"},
      {"a{b=\"\"} 1\na 2\n# EOF\n", "2:1: Metric: the same sample twice"},
      {"a 1 1\na 2\n# EOF\n", "2:3: Metric: some samples"},
      {"a 1 2\na 2 1.5\n# EOF\n", "2:3: Metric: the timestamps of a metric go back"},
      {"# TYPE s summary\ns_count 1 1\ns_count 2 2\ns_sum 1 1\n# EOF\n", "4:7: Metric: the timestamps"},
      // Counters.
      {"# TYPE a counter\na_total -0.5\n# EOF\n", "2:9: Counter: total must not be negative"},
      {"# TYPE a counter\na_total nan\n# EOF\n", "2:9: Counter: total must not be NaN"},
      {"# TYPE a counter\na_created 1\n# EOF\n", "2:1: Counter: a has no total"},
      {"# TYPE a counter\na_total 1\na_created NaN\n# EOF\n", "3:11: Counter: the created time"},
      // Histograms.
      {"# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n", "2:1: Histogram: a has no +Inf bucket"},
      {"# TYPE a histogram\na_created 1\n# EOF\n", "2:1: Histogram: a has no +Inf bucket"},
      {"# TYPE a histogram\na_bucket{le=\"NaN\"} 1\n# EOF\n", "2:9: Histogram: le is neither"},
      {"# TYPE a histogram\na_bucket{le=\"inf\"} 1\n# EOF\n", "2:9: Histogram: le is neither"},
      {"# TYPE a histogram\na_bucket 1\n# EOF\n", "2:9: Histogram: a bucket has no le"},
      {"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1.5\n# EOF\n", "2:21: Histogram: bucket must be an integer"},
      {"# TYPE a histogram\na_bucket{le=\"1\"} 0\na_bucket{le=\"1.0\"} 0\n# EOF\n",
       "3:9: Histogram: buckets must be in"},
      {"# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n",
       "3:21: Histogram: buckets must be cumul"},
      {"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n# EOF\n", "3:1: Histogram: a must have both"},
      {"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\n# EOF\n", "3:1: Histogram: a must have both"},
      {"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n# EOF\n", "4:1: Histogram: the count of a"},
      {"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum -1\na_count 1\n# EOF\n",
       "3:7: Histogram: sum must not be neg"},
      {"# TYPE a histogram\na_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n# EOF\n",
       "5:1: Histogram: a has negative buckets"},
      {"# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum{le=\"1\"} 1\n# EOF\n", "3:6: Histogram: only buckets"},
      {"# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gsum -1\na_gcount 1\n# EOF\n",
       "4:1: GaugeHistogram: a has no"},
      // Summaries.
      {"# TYPE a summary\na 1\n# EOF\n", "2:2: Summary: a sample without a suffix"},
      {"# TYPE a summary\na{quantile=\"1.1\"} 1\n# EOF\n", "2:2: Summary: a quantile is a number"},
      {"# TYPE a summary\na{quantile=\"0.1\"} -1\n# EOF\n", "2:19: Summary: the value of a quantile"},
      {"# TYPE a summary\na_count 1.5\n# EOF\n", "2:9: Summary: count must be an integer"},
      {"# TYPE a summary\na_sum{quantile=\"1\"} 1\n# EOF\n", "2:6: Summary: only quantiles"},
      // Infos and state sets.
      {"# TYPE a info\na_info 0\n# EOF\n", "2:8: Info: the value must be 1"},
      {"# TYPE a stateset\na{b=\"c\"} 1\n# EOF\n", "2:2: StateSet: the sample has no label a"},
      {"# TYPE a stateset\na{a=\"c\"} 0.5\n# EOF\n", "2:10: StateSet: the value must be 0 or 1"},
      // Exemplars.
      {"a 1 # {} 1\n# EOF\n", "1:5: Exemplars: only totals"},
      {"# TYPE a counter\na_total 1 # {b=\"" + long_label + "\"} 1\n# EOF\n", "2:11: Exemplars: label names"},
      {"# TYPE a counter\na_total 1 # {b=\"c\",b=\"d\"} 1\n# EOF\n", "2:20: LabelSet:"},
      {"# TYPE a counter\na_total 1 # {}\n# EOF\n", "2:15: ABNF: expected one blank before the value of an"},
      {"# TYPE a counter\na_total 1 # {} 1 Inf\n# EOF\n", "2:18: ABNF: the timestamp of an exemplar"},
      {"# TYPE a histogram\na_bucket{le=\"1\"} 1 # {} 1.5\n# EOF\n", "2:20: Histogram: the exemplar's value 1.5"},
  };
  for (const auto& [page, expected] : cases) {
    INFO(go_quote(page));
    const std::string found = verdict(page);
    CHECK(found.substr(0, expected.size()) == expected);
  }
}

TEST_CASE("a number is what the ABNF says") {
  for (const auto* good : {"0", "0042", "+1", "-1.5", "1.", ".5", "1e5", "1E+05", "1.5e-3"}) {
    INFO(good);
    CHECK(expo::is_real_number(good));
  }
  for (const auto* bad : {"", "+", ".", "e5", "1e", "1e+", "0x1", "1_000", "NaN", "Inf", "1 ", "--1", "1.2.3"}) {
    INFO(bad);
    CHECK_FALSE(expo::is_real_number(bad));
  }
}
