// Unit tests of rules, from the file to the verdict: texts are promtool's.

#include "ruletest/rule_tests.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/ranges.h>

#include "base/mem_fs.hpp"

using namespace tocsin;

namespace {

constexpr std::string_view kRules = R"(
groups:
  - name: shop
    rules:
      - record: shop:orders:rate5m
        expr: sum(rate(orders_total[5m]))
      - alert: ShopDown
        expr: up{job="shop"} == 0
        for: 2m
        keep_firing_for: 3m
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.instance }} is down in {{ $externalLabels.zone }}", empty: ""}
)";

struct Bench {
  explicit Bench(std::string_view rules = kRules) {
    REQUIRE(fs.create_directories("/t").has_value());
    write("/t/shop.rules.yml", rules);
  }
  void write(const std::string& path, std::string_view text) { REQUIRE(fs.write_file_atomic(path, text).has_value()); }
  ruletest::FileReport report(const std::string& text) {
    write("/t/test.yml", text);
    auto out = ruletest::run_test_file(fs, "/t/test.yml", options);
    REQUIRE(out.has_value());
    return std::move(*out);
  }
  /// All that is wrong, one behind the other.
  std::string errors(const std::string& text) { return fmt::format("{}", fmt::join(report(text).errors, "\n")); }

  MemFs fs;
  ruletest::RunOptions options;
};

const std::string kHead = "rule_files: ['*.rules.yml']\nevaluation_interval: 1m\n";

}  // namespace

TEST_CASE("Alerts fire after their for, keep firing, and carry labels and annotations as the rules give them") {
  Bench bench;
  CHECK(bench
            .errors(kHead + R"(
tests:
  - interval: 1m
    external_labels: {zone: north}
    input_series: [{series: 'up{job="shop", instance="a:1"}', values: "1 0 0 0 1x9"}]
    alert_rule_test:
      - {eval_time: 2m59s, alertname: ShopDown, exp_alerts: []}
      - &firing
        eval_time: 3m
        alertname: ShopDown
        exp_alerts:
          - exp_labels: {severity: critical, job: shop, instance: "a:1"}
            exp_annotations: {summary: "a:1 is down in north", empty: ""}
      - {<<: *firing, eval_time: 6m}
      - {eval_time: 7m, alertname: ShopDown}
      - {eval_time: 3m, alertname: NoSuchAlert}
    promql_expr_test:
      - expr: ALERTS
        eval_time: 2m
        exp_samples:
          - labels: ALERTS{alertname="ShopDown", alertstate="pending", job="shop", instance="a:1", severity="critical"}
            value: 1
      - {expr: ALERTS, eval_time: 7m}
)")
            .empty());
}

TEST_CASE("Groups on_scrape are also evaluated when samples come, and when a `for` is over") {
  const std::string test = kHead + R"(
tests:
  - interval: 10s
    input_series: [{series: 'q', values: "0 1 1 1 1 1 0 0 0 0 0 0 0"}]
    alert_rule_test:
      - {eval_time: 34s, alertname: A}
      - {eval_time: 35s, alertname: A, exp_alerts: [{}]}
      - {eval_time: 59s, alertname: A, exp_alerts: [{}]}
      - {eval_time: 60s, alertname: A}
    promql_expr_test:
      - {expr: 'count_over_time(recorded[1m])', eval_time: 1m, exp_samples: [{value: COUNT}]}
)";
  const std::string rules = R"(
groups:
  - name: g
    evaluation: MODE
    rules:
      - {alert: A, expr: q == 1, for: 25s}
      - {record: recorded, expr: q}
)";
  const auto with = [](std::string text, const std::string& what, const std::string& by) {
    return text.replace(text.find(what), what.size(), by);
  };
  Bench on_scrape(with(rules, "MODE", "on_scrape"));
  CHECK(on_scrape.errors(with(test, "COUNT", "7")).empty());  // 10 to 60 s, and 35 s
  // At the test's evaluations alone nothing fires: the condition holds at none of them.
  Bench interval(with(rules, "MODE", "interval"));
  const std::string errors = interval.errors(with(test, "COUNT", "1"));
  CHECK(errors.find("alertname: A, time: 35s") != std::string::npos);
  CHECK(errors.find("count_over_time") == std::string::npos);
}

TEST_CASE("A rule whose samples are refused ends its test as one that fails") {
  Bench bench("groups: [{name: g, rules: [{record: a, expr: vector(1)}, {record: a, expr: vector(2)}]}]\n");
  const std::string errors =
      bench.errors(kHead + "tests: [{interval: 1m, promql_expr_test: [{expr: a, eval_time: 1m}]}]");
  CHECK(errors.find("    rule: a, time: 0s, err: duplicate sample for timestamp") == 0);
}

TEST_CASE("What differs is told with promtool's texts") {
  Bench bench;
  CHECK(bench.errors(kHead + R"(
tests:
  - name: wrong
    interval: 1m
    input_series: [{series: 'up{job="shop"}', values: "0x5"}, {series: x, values: "1 2"}]
    alert_rule_test:
      - eval_time: 3m
        alertname: ShopDown
        exp_alerts: [{exp_labels: {job: shop}}]
    promql_expr_test:
      - {expr: x, eval_time: 1m, exp_samples: [{labels: x, value: 3}]}
      - {expr: 'x +', eval_time: 90s}
      - {expr: '"text"'}
      - {expr: x, exp_samples: [{labels: 'x{', value: 3}]}
      - {expr: x, exp_samples: [{histogram: '7'}]}
)") ==
        R"(    name: wrong,
    alertname: ShopDown, time: 3m, )"
        R"(
        exp:[
            0:
              Labels:{alertname="ShopDown", job="shop"}
              Annotations:{}
            ], )"
        R"(
        got:[
            0:
              Labels:{alertname="ShopDown", job="shop", severity="critical"}
              Annotations:{empty="", summary=" is down in "}
            ]
    expr: "x", time: 1m,
        exp: {__name__="x"} 3E+00
        got: {__name__="x"} 2E+00
    expr: "x +", time: 1m30s, err: 1:4: parse error: unexpected end of input
    expr: "\"text\"", time: 0s, err: rule result is not a vector or scalar
    expr: "x", time: 0s, err: labels "x{": 1:3: parse error: unexpected end of input inside braces
    expr: "x", time: 0s, err: labels "": expected histogram, got 7)");
}

TEST_CASE("Series come into the store with the clock of the test: later samples are not seen") {
  Bench bench;
  CHECK(bench
            .errors(kHead + R"(
tests:
  - interval: 30s
    input_series: [{series: x, values: "0+1x10 _ _ stale"}]
    promql_expr_test:
      - {expr: x offset -1m, eval_time: 1m, exp_samples: [{labels: x, value: 4}]}
      - {expr: x offset -10m, eval_time: 1m, exp_samples: []}
      - {expr: 'max_over_time(x[10m] offset -5m)', eval_time: 2m, exp_samples: [{value: 8}]}
      - {expr: x, eval_time: 4m, exp_samples: [{labels: x, value: 8}]}
)")
            .empty());
}

TEST_CASE("A test may last as long as times go") {
  Bench bench;
  CHECK(bench
            .errors(R"(
evaluation_interval: 10000d
rule_files: ['*.rules.yml']
tests:
  - input_series: [{series: x, values: "0+1x10"}]
    promql_expr_test:
      - {expr: timestamp(x), eval_time: 100000d, exp_samples: [{value: 8640000000}]}
)")
            .empty());
}

TEST_CASE("A start timestamp moves samples, evaluations and questions") {
  Bench bench;
  for (const std::string start : {"2024-05-01T00:00:00Z", "1714521600"}) {
    CHECK(bench
              .errors(kHead + "tests:\n  - interval: 1m\n    start_timestamp: " + start + R"(
    input_series: [{series: x, values: "1 2 3"}]
    promql_expr_test:
      - {expr: timestamp(x), eval_time: 2m, exp_samples: [{value: 1714521720}]}
      - {expr: x @ 1714521600, eval_time: 2m, exp_samples: [{labels: x, value: 1}]}
      - {expr: day_of_month(), eval_time: 2m, exp_samples: [{value: 1}]}
)")
              .empty());
  }
}

TEST_CASE("Native histograms are compared in the notation of scripts") {
  Bench bench;
  const std::string found = bench.errors(R"(
tests:
  - interval: 1m
    input_series: [{series: h, values: "{{schema:1 sum:4 count:3 buckets:[1 0 2]}}x3"}]
    promql_expr_test:
      - expr: h
        exp_samples: [{labels: h, histogram: "{{schema:1 sum:4 count:3 buckets:[1 0 2]}}"}]
      - expr: h * 2
        exp_samples: [{labels: '{}', histogram: "{{schema:1 sum:8 count:6 buckets:[2 0 4]}}"}]
      - {expr: 'h + h', exp_samples: [{histogram: "{{schema:1 count:3}}"}]}
)");
  CHECK(found ==
        "    expr: \"h + h\", time: 0s,\n"
        "        exp: {} {{schema:1 count:3}}\n"
        "        got: {} {{schema:1 count:6 sum:8 buckets:[2 0 4]}}");
}

TEST_CASE("Floats are equal to the last bit, or to its neighbour with fuzzy_compare; NaN equals nothing") {
  Bench bench;
  const std::string tests = R"(
tests:
  - input_series: [{series: x, values: 0.30000000000000004}, {series: n, values: NaN}]
    promql_expr_test:
      - {expr: x, exp_samples: [{labels: x, value: 0.3}]}
)";
  CHECK(bench.errors(tests).find("got: {__name__=\"x\"} 3.0000000000000004E-01") != std::string::npos);
  CHECK(bench.errors(tests + "fuzzy_compare: true\n").empty());
  CHECK(bench.errors(tests + "      - {expr: n, exp_samples: [{labels: n, value: .nan}]}\nfuzzy_compare: true\n")
            .starts_with("    expr: \"n\""));
}

TEST_CASE("Groups are evaluated in the order that is asked for") {
  Bench bench(R"(
groups:
  - name: last
    rules: [{record: c, expr: b + 1}]
  - name: first
    rules: [{record: a, expr: x + 1}]
  - name: middle
    rules: [{record: b, expr: a + 1}]
)");
  const std::string tests = R"(
tests:
  - input_series: [{series: x, values: 1}]
    promql_expr_test: [{expr: c, exp_samples: [{labels: c, value: 4}]}]
)";
  CHECK(bench.errors(kHead + "group_eval_order: [first, middle, last]\n" + tests).empty());
  CHECK(bench.errors(kHead + tests) ==
        "    expr: \"c\", time: 0s,\n        exp: {__name__=\"c\"} 4E+00\n        got: nil");
  CHECK(bench.errors(kHead + "group_eval_order: [first, first]\n" + tests) ==
        "/t/test.yml:3:19: group name repeated in evaluation order: first");
}

TEST_CASE("A rule that fails ends its test with its error and the time") {
  Bench bench("groups: [{name: g, rules: [{record: r, expr: 'a * on() b'}, {record: fine, expr: '1'}]}]");
  CHECK(bench
            .errors(kHead + R"(
tests:
  - interval: 1m
    input_series:
      - {series: 'a', values: "1x5"}
      - {series: 'b{i="1"}', values: "1x5"}
      - {series: 'b{i="2"}', values: "_ _ 1"}
    promql_expr_test: [{expr: r, eval_time: 5m}]
)")
            .starts_with(
                "    rule: r, time: 2m0s, err: found duplicate series for the match group {} on the right hand-side"));
}

TEST_CASE("What is wrong with files is told with its place") {
  Bench bench("groups: [{name: g, rules: [{record: r, expr: 'a +'}]}]");
  CHECK(bench.errors(kHead + "tests: [{}]").starts_with("/t/shop.rules.yml:1:"));
  CHECK(bench.errors(kHead).empty());  // no test, no rules
  Bench good;
  CHECK(good.errors("tests: [{promql_expr_test: [{exp: x}]}]") ==
        "/t/test.yml:1:30: field exp not found in type main.promqlTestCase");
  CHECK(good.errors("tests: [{alert_rule_test: [{eval_time: 3m}]}]") ==
        "an item under alert_rule_test misses required attribute alertname at eval_time 3m");
  CHECK(good.errors("tests: [{input_series: [{series: x, values: 1}, {series: 'y{', values: 1}]}]")
            .starts_with("input_series \"y{\": "));
  CHECK(good.errors("tests: [{start_timestamp: noon}]") ==
        "/t/test.yml:1:27: cannot parse \"noon\" to a valid timestamp");
  CHECK(ruletest::run_test_file(good.fs, "/t/none.yml", good.options)->errors.size() == 1);
  std::string warning;
  good.options.warn = [&warning](const std::string& text) { warning = text; };
  CHECK(good.errors("rule_files: ['nothing*.yml']\ntests: [{}]").empty());
  CHECK(warning == "no file match pattern /t/nothing*.yml");
}

TEST_CASE("Tests are picked by name, and unknown fields of rules pass only when they may") {
  Bench bench("groups: [{name: g, owner: me, rules: [{record: r, expr: '1'}]}]");
  CHECK(bench.errors(kHead + "tests: [{}]").find("field owner not found in type rulefmt.RuleGroup") !=
        std::string::npos);
  bench.options.ignore_unknown_fields = true;
  const std::string tests = kHead + R"(
tests:
  - {name: one good, promql_expr_test: [{expr: r, exp_samples: [{labels: r, value: 1}]}]}
  - {name: one bad, promql_expr_test: [{expr: r}]}
)";
  CHECK(bench.report(tests).errors.size() == 1);
  bench.options.run = {"nothing", "^one g"};
  CHECK(bench.report(tests).errors.empty());
  bench.options.run = {"("};
  CHECK_FALSE(ruletest::run_test_file(bench.fs, "/t/test.yml", bench.options).has_value());
}

TEST_CASE("Results are JUnit's XML, differences can be shown in colours") {
  Bench bench;
  bench.options.diff = true;
  std::vector<std::string> lines;
  bench.options.debug = [&lines](const std::string& line) { lines.push_back(line); };
  const auto report = bench.report(kHead + R"(
tests:
  - {promql_expr_test: [{expr: '1 < 2'}]}
  - input_series: [{series: 'up{job="shop"}', values: "0x5"}]
    alert_rule_test:
      - {eval_time: 3m, alertname: ShopDown, exp_alerts: [{exp_labels: {job: "a<b"}, exp_annotations: {runbook: x}}]}
)");
  REQUIRE(report.errors.size() == 2);
  CHECK(report.errors[1].find("\"job\": \033[0;33m\"a<b\" => \"shop\"\033[0m") != std::string::npos);
  CHECK(report.errors[1].find("\033[0;32m\"severity\": \"critical\"\033[0m") != std::string::npos);
  CHECK(report.errors[1].find("\033[0;31m\"runbook\": \"x\"\033[0m") != std::string::npos);
  ruletest::JunitSuite broken;
  broken.name = "b";
  broken.error = "cannot \"read\"";
  auto suite = report.junit;
  suite.timestamp = "2026-01-02T03:04:05";
  const std::string xml = ruletest::junit_xml({suite, broken});
  CHECK(xml.starts_with(
      R"(<testsuites><testsuite name="/t/test.yml" tests="2" failures="2" errors="0" skipped="0" )"
      R"(timestamp="2026-01-02T03:04:05"><testcase name="unnamed#0"><failure>    expr: &#34;1 &lt; 2)"));
  CHECK(xml.ends_with(R"(<testsuite name="b" tests="1" failures="0" errors="1" skipped="0" timestamp=""><testcase )"
                      R"(name="unknown"><error>cannot &#34;read&#34;</error></testcase></testsuite></testsuites>)"));
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "Starting test unnamed#0");
  CHECK(lines[4].find("ALERTS{alertname=\"ShopDown\", alertstate=\"firing\", job=\"shop\", severity=\"critical\"} =>\n"
                      "1 @[120000]\n1 @[180000]") != std::string::npos);
}
