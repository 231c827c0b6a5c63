#include "expo/lint.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/strings.hpp"

using namespace tocsin;

namespace {

using Lines = std::vector<std::string>;

Lines lint_lines(const std::expected<std::vector<expo::TextFamily>, std::string>& families) {
  if (!families) return {families.error()};
  Lines out;
  for (const auto& problem : expo::lint(*families)) out.push_back(problem.metric + ": " + problem.text);
  return out;
}

std::string error_of(std::string_view page) {
  const auto families = expo::read_text_families(page);
  constexpr std::string_view kPrefix = "text format parsing error in line ";
  if (families) return "";
  return families.error().starts_with(kPrefix) ? families.error().substr(kPrefix.size()) : families.error();
}

}  // namespace

TEST_CASE("names are linted by Prometheus' conventions") {
  const std::pair<std::string, Lines> cases[] = {
      {"# HELP a x\n# TYPE a gauge\na 1\n", {}},
      {"a 1\n", {"a: no help text"}},
      {"# HELP a \na 1\n", {"a: no help text"}},
      {"# HELP a_milliseconds x\na_milliseconds 1\n",
       {"a_milliseconds: use base unit \"seconds\" instead of \"milliseconds\""}},
      {"# HELP a_hours_bits x\na_hours_bits 1\n", {"a_hours_bits: use base unit \"seconds\" instead of \"hours\""}},
      {"# HELP a x\n# TYPE a counter\na 1\n", {"a: counter metrics should have \"_total\" suffix"}},
      {"# HELP a_total x\n# TYPE a_total gauge\na_total 1\n",
       {"a_total: non-counter metrics should not have \"_total\" suffix"}},
      {"# HELP a_total x\na_total 1\n", {}},
      {"# HELP a_bucket x\n# TYPE a_bucket gauge\na_bucket{le=\"1\",quantile=\"0\"} 1\n",
       {"a_bucket: non-histogram metrics should not have \"_bucket\" suffix",
        "a_bucket: non-histogram metrics should not have \"le\" label",
        "a_bucket: non-summary metrics should not have \"quantile\" label"}},
      {"# HELP a_sum x\n# TYPE a_sum counter\na_sum 1\n",
       {"a_sum: counter metrics should have \"_total\" suffix",
        "a_sum: non-histogram and non-summary metrics should not have \"_sum\" suffix"}},
      {"# HELP a_gauge_x x\n# TYPE a_gauge_x gauge\na_gauge_x 1\n",
       {"a_gauge_x: metric name should not include type 'gauge'"}},
      {"# HELP a:b x\na:b 1\n", {"a:b: metric names should not contain ':'"}},
      {"# HELP aB x\naB{cD=\"1\"} 1\n",
       {"aB: label names should be written in 'snake_case' not 'camelCase'",
        "aB: metric names should be written in 'snake_case' not 'camelCase'"}},
      {"# HELP a_ms x\na_ms 1\n", {"a_ms: metric names should not contain abbreviated units"}},
      {"# HELP a x\na{b=\"c\"} 1\na{b=\"d\"} 1\na{b=\"c\"} 1\n", {"a: metric not unique"}},
      {"# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n", {}},
      {"# HELP s x\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n", {}},
  };
  for (const auto& [page, expected] : cases) {
    INFO(page);
    CHECK(lint_lines(expo::read_text_families(page)) == expected);
  }
}

TEST_CASE("families of OpenMetrics are linted by the names that they have in text") {
  const std::string page =
      "# TYPE a counter\n# HELP a x\na_total 1\na_created 1\n# TYPE b info\n# HELP b x\nb_info 1\n"
      "# TYPE h histogram\n# HELP h x\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n"
      "# TYPE c_ms gauge\n# HELP c_ms x\nc_ms 1\n# EOF\n";
  CHECK(lint_lines(expo::read_openmetrics_families(page)) ==
        Lines{"c_ms: metric names should not contain abbreviated units"});
  CHECK(lint_lines(expo::read_openmetrics_families("a 1\n")) ==
        Lines{"data does not end with # EOF at line 2, column 1: \"\""});
}

TEST_CASE("promtool's reader of text is stricter than a scrape") {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"\n \n# x\n#\n# HELP\n# TYPE a\n", ""},
      {"a 1\nb{c=\"d\" , e=\"\\\\\\n\\\"\",} 2.5 -17\n{\"x y\",\"l\\\"\"=\"v\"} NaN\n", ""},
      {"a 1", "1: unexpected end of input stream"},
      {"# x", "1: unexpected end of input stream"},
      {"a{", "1: unexpected end of input stream"},
      {"9a 1\n", "1: invalid metric name"},
      {"\n-a 1\n", "2: invalid metric name"},
      {"a.b 1\n", "1: expected float as value, got \".b\""},
      {"a x\n", "1: expected float as value, got \"x\""},
      {"a 0x1p4\n", "1: expected float as value, got \"0x1p4\""},
      {"a 1 \n", "1: expected integer as timestamp, got \"\""},
      {"a 1 1.5\n", "1: expected integer as timestamp, got \"1.5\""},
      {"a 1 2 3\n", "1: spurious string after timestamp: \" 3\""},
      {"a{b=\"c\"} 1\na{9=\"c\"} 1\n", "2: invalid label name for metric \"a\""},
      {"a{b!=\"c\"} 1\n", "1: expected '=' after label name, found '!'"},
      {"a{b=c} 1\n", "1: expected '\"' at start of label value, found 'c'"},
      {"a{b=\"\\x\"} 1\n", "1: invalid escape sequence '\\x'"},
      {"a{b=\"c\nd\"} 1\n", "1: label value \"c\" contains unescaped new-line"},
      {"a{b=\"\xFF\"} 1\n", "1: invalid label value \"\\xff\""},
      {"a{b=\"c\"d=\"e\"} 1\n", "1: unexpected end of label value \"c\""},
      {"a{b=\"c\",b=\"d\"} 1\n", "1: duplicate label names for metric \"a\""},
      {"a{__name__=\"c\"} 1\n", "1: label name \"__name__\" is reserved"},
      {"{\"a\",\"b\"} 1\n", "1: multiple metric names for metric \"a\""},
      {"{\"a\"!} 1\n", "1: unexpected end of metric name '!'"},
      {"{} 1\n", "1: invalid metric name"},
      {"# HELP a x\n{b=\"c\"} 1\n", "2: invalid metric name"},
      {"# HELP a! x\n", "1: invalid metric name in comment"},
      {"# HELP a \\x\n", "1: invalid escape sequence '\\x'"},
      {"# HELP a x\n# HELP a y\n", "2: second HELP line for metric name \"a\""},
      {"a 1\n# TYPE a gauge\n", "2: second TYPE line for metric name \"a\", or TYPE reported after samples"},
      {"# TYPE a foo\n", "1: unknown metric type \"foo\""},
      {"# TYPE a GaugeHistogram\na_bucket{le=\"1\"} 1\n", ""},
      {"# TYPE s summary\ns{quantile=\"x\"} 1\n", "2: expected float as value for 'quantile' label, got \"x\""},
      {"# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "2: expected float as value for 'le' label, got \"x\""},
      {"# TYPE h histogram\nh_count -1\n", "2: negative count for histogram \"h\""},
      {"# TYPE h histogram\nh_bucket{le=\"1\"} -1\n", "2: negative bucket population for histogram \"h\""},
  };
  for (const auto& [page, expected] : cases) {
    INFO(go_quote(page));
    CHECK(error_of(page) == expected);
  }
}
