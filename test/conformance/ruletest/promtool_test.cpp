// Prometheus' own unit tests of rules: promtool's verdict on each, and its words where the test files of Prometheus
// tell them.

#include <map>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/ranges.h>

#include "base/fs.hpp"
#include "conformance/promql_parser/corpora.hpp"
#include "ruletest/rule_tests.hpp"

using namespace tocsin;

namespace {

struct Case {
  std::string file;
  bool passes = false;
  std::vector<std::string> run;
  bool ignore_unknown_fields = false;
  std::string says;  // a part of what is wrong
};

}  // namespace

TEST_CASE("promtool's verdict on Prometheus' unit tests of rules") {
  const auto corpora = test::corpora();
  if (!corpora) return;
  // Source of the verdicts: cmd/promtool/unittest_test.go.
  const std::vector<Case> cases{
      {"unittest.yml", true, {}, false, ""},
      {"at-modifier-test.yml", true, {}, false, ""},
      {"no-test-group-interval.yml", true, {}, false, ""},
      {"failing.yml", false, {}, false, "    name: Failing test,\n    alertname: Test, time: 0s, \n        exp:[\n"},
      {"bad-input-series.yml", false, {}, false, "1:48: parse error: unexpected character inside braces: '0'"},
      {"bad-promql.yml", false, {}, false, "err: found duplicate series for the match group {a=\"1\"} on the right"},
      {"bad-rules-error-test.yml", false, {}, false, "    rule: joined, time: 0s, err: found duplicate series"},
      {"bad-rules-syntax-test.yml", false, {}, false, "rule 1, \"x\": could not parse expression: 1:7: parse error"},
      {"rules_run.yml",
       false,
       {},
       false,
       "        exp: {__name__=\"test\"} 1E+00\n        got: {__name__=\"test\"} 0E"},
      {"rules_run.yml", false, {"correct", "wrong"}, false, ""},
      {"rules_run.yml", true, {"correct"}, false, ""},
      {"rules_run.yml", false, {"wrong"}, false, ""},
      {"rules_run_extrafields.yml", true, {}, true, ""},
      {"rules_run_extrafields.yml", false, {}, false, "field namespace not found in type rulefmt.RuleGroup"},
      {"rules_run_no_fuzzy.yml", false, {}, false, "got: {__name__=\"test_low\"} 2.9999999999999996E+00"},
  };
  for (const Case& test : cases) {
    ruletest::RunOptions options;
    options.run = test.run;
    options.ignore_unknown_fields = test.ignore_unknown_fields;
    const auto report = ruletest::run_test_file(posix_fs(), *corpora + "/rules/promtool/" + test.file, options);
    REQUIRE(report.has_value());
    const std::string errors = fmt::format("{}", fmt::join(report->errors, "\n"));
    CAPTURE(test.file, test.run, errors);
    CHECK(report->errors.empty() == test.passes);
    CHECK(errors.find(test.says) != std::string::npos);
  }
}
