#include "ruletest/test_file.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "yaml/node.hpp"

namespace tocsin::ruletest {
namespace {

constexpr double kMaxUnixSeconds = 1e12;

Result<LabelTexts> read_texts(const yaml::Node& node) {
  LabelTexts out;
  if (!node.is_map()) return node.wrong_type("map[string]string");
  for (const auto& [key, value] : node.entries()) {
    TOCSIN_TRY(out[key.text()], value.as_string());
  }
  return out;
}

Result<ExpectedAlert> read_expected_alert(const yaml::Node& node) {
  ExpectedAlert out;
  yaml::Fields fields(node, "main.alert");
  const auto texts = [&](std::string_view key, LabelTexts& to) {
    fields.child(key, [&to](const yaml::Node& map) -> Result<void> {
      TOCSIN_TRY(to, read_texts(map));
      return {};
    });
  };
  texts("exp_labels", out.labels);
  texts("exp_annotations", out.annotations);
  TOCSIN_OK(fields.finish());
  return out;
}

Result<AlertTest> read_alert_test(const yaml::Node& node) {
  AlertTest out;
  yaml::Fields fields(node, "main.alertTestCase");
  fields.read("eval_time", out.eval_time).read("alertname", out.alertname);
  fields.each("exp_alerts", [&out](const yaml::Node& alert) -> Result<void> {
    TOCSIN_TRY(out.expected.emplace_back(), read_expected_alert(alert));
    return {};
  });
  TOCSIN_OK(fields.finish());
  return out;
}

Result<ExprTest> read_expr_test(const yaml::Node& node) {
  ExprTest out;
  yaml::Fields fields(node, "main.promqlTestCase");
  fields.read("expr", out.expr).read("eval_time", out.eval_time);
  fields.each("exp_samples", [&out](const yaml::Node& sample) -> Result<void> {
    ExpectedSample& expected = out.expected.emplace_back();
    yaml::Fields of_sample(sample, "main.sample");
    of_sample.read("labels", expected.labels).read("value", expected.value).read("histogram", expected.histogram);
    return of_sample.finish();
  });
  TOCSIN_OK(fields.finish());
  return out;
}

/// Seconds since the epoch, or RFC 3339.
Result<Timestamp> read_time(const yaml::Node& node) {
  TOCSIN_TRY(const std::string text, node.as_string());
  double seconds = 0;
  if (parse_float(text, seconds) && std::abs(seconds) <= kMaxUnixSeconds) {
    return static_cast<Timestamp>(std::llround(seconds * 1000));
  }
  Timestamp t = 0;
  if (parse_rfc3339(text, t)) return t;
  return node.error("cannot parse {} to a valid timestamp", go_quote(text));
}

Result<TestGroup> read_group(const yaml::Node& node) {
  TestGroup out;
  yaml::Fields fields(node, "main.testGroup");
  fields.read("name", out.name).read("interval", out.interval).read("external_url", out.external_url);
  fields.each("input_series", [&out](const yaml::Node& series) {
    TestGroup::Series& input = out.input_series.emplace_back();
    yaml::Fields of_series(series, "main.series");
    of_series.read("series", input.series).read("values", input.values);
    return of_series.finish();
  });
  fields.each("alert_rule_test", [&out](const yaml::Node& test) -> Result<void> {
    TOCSIN_TRY(out.alert_tests.emplace_back(), read_alert_test(test));
    return {};
  });
  fields.each("promql_expr_test", [&out](const yaml::Node& test) -> Result<void> {
    TOCSIN_TRY(out.expr_tests.emplace_back(), read_expr_test(test));
    return {};
  });
  fields.child("external_labels", [&out](const yaml::Node& map) -> Result<void> {
    TOCSIN_TRY(const LabelTexts texts, read_texts(map));
    model::LabelsBuilder labels;
    for (const auto& [name, value] : texts) labels.set(name, value);
    out.external_labels = labels.build();
    return {};
  });
  fields.child("start_timestamp", [&out](const yaml::Node& time) -> Result<void> {
    TOCSIN_TRY(out.start, read_time(time));
    return {};
  });
  TOCSIN_OK(fields.finish());
  return out;
}

}  // namespace

Duration TestGroup::last_eval_time() const {
  Duration last{0};
  for (const AlertTest& test : alert_tests) last = std::max(last, test.eval_time);
  for (const ExprTest& test : expr_tests) last = std::max(last, test.eval_time);
  return last;
}

Result<TestFile> parse_test_file(std::string text, const std::string& name) {
  TestFile out;
  out.name = name;
  TOCSIN_TRY(const yaml::Node root, yaml::parse(std::move(text), name));
  if (root.is_null()) return out;
  yaml::Fields fields(root, "main.unitTestFile");
  fields.read("rule_files", out.rule_files).read("evaluation_interval", out.evaluation_interval);
  fields.read("group_eval_order", out.group_eval_order).read("fuzzy_compare", out.fuzzy_compare);
  fields.each("tests", [&out](const yaml::Node& group) -> Result<void> {
    TOCSIN_TRY(out.tests.emplace_back(), read_group(group));
    return {};
  });
  TOCSIN_OK(fields.finish());

  std::set<std::string> seen;
  for (const std::string& group : out.group_eval_order) {
    if (seen.insert(group).second) continue;
    return root["group_eval_order"].error("group name repeated in evaluation order: {}", group);
  }
  if (out.evaluation_interval == Duration{0}) out.evaluation_interval = std::chrono::minutes(1);
  for (TestGroup& test : out.tests) {
    if (test.interval == Duration{0}) test.interval = out.evaluation_interval;
  }
  return out;
}

}  // namespace tocsin::ruletest
