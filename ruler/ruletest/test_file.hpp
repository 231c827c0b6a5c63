#pragma once
// Unit tests of rules as a file: promtool's format, strictly read.
// Source: Prometheus docs/configuration/unit_testing_rules.md and cmd/promtool/unittest.go.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/labels.hpp"

namespace tocsin::ruletest {

/// Labels as a test writes them: an empty value stays, and no alert has one.
using LabelTexts = std::map<std::string, std::string>;

struct ExpectedAlert {
  LabelTexts labels, annotations;
};

/// The firing alerts of a name at a time since the test's begin.
struct AlertTest {
  Duration eval_time{0};
  std::string alertname;
  std::vector<ExpectedAlert> expected;
};

struct ExpectedSample {
  std::string labels;  // a metric, "" for none
  double value = 0;
  std::string histogram;  // `{{...}}`, "" for a float
};

struct ExprTest {
  std::string expr;
  Duration eval_time{0};
  std::vector<ExpectedSample> expected;
};

struct TestGroup {
  struct Series {
    std::string series, values;  // the notation of promqltest scripts
  };
  std::string name;
  Duration interval{0};  // between the values of a series
  std::vector<Series> input_series;
  std::vector<AlertTest> alert_tests;
  std::vector<ExprTest> expr_tests;
  model::Labels external_labels;
  std::string external_url;
  std::optional<Timestamp> start;  // none: 1970-01-01

  Timestamp begin() const { return start.value_or(0); }
  /// The last time that a test asks for.
  Duration last_eval_time() const;
};

struct TestFile {
  std::string name;                     // as it was given to parse_test_file()
  std::vector<std::string> rule_files;  // patterns as written, seen from the file's folder
  Duration evaluation_interval = std::chrono::minutes(1);
  std::vector<std::string> group_eval_order;  // each once
  std::vector<TestGroup> tests;               // their intervals are set
  bool fuzzy_compare = false;                 // floats may be one apart in their last bit
};

/// @param name  of the file, for messages. @return kInvalid with file:line:column.
Result<TestFile> parse_test_file(std::string text, const std::string& name);

}  // namespace tocsin::ruletest
