#include "rules/rule_file.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "rules/check.hpp"

using namespace tocsin;
using namespace std::chrono_literals;

TEST_CASE("A rule file is read with all its fields") {
  const auto file = rules::parse_rule_file(R"(
groups:
  - name: one
    interval: 30s
    query_offset: 1m
    limit: 10
    labels: {team: a, tier: 1}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {team: b}
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 1m30s
        labels:
          severity: page
        annotations:
          summary: '{{ $labels.instance }} is down'
  - name: two
    rules: []
)",
                                           "r.yml");
  REQUIRE(file.errors.empty());
  REQUIRE(file.groups.size() == 2);
  const auto& group = file.groups[0];
  CHECK(group.file == "r.yml");
  CHECK(group.name == "one");
  CHECK(group.interval == 30s);
  CHECK(group.query_offset == Duration(1min));
  CHECK(group.limit == 10);
  CHECK(group.labels == rules::Texts{{"team", "a"}, {"tier", "1"}});
  REQUIRE(group.rules.size() == 2);
  CHECK(group.rules[0].record == "job:up:sum");
  CHECK(promql::parser::to_string(*group.rules[0].expr) == "sum by (job) (up)");
  CHECK(group.rules[1].alert == "Down");
  CHECK(group.rules[1].hold == 5min);
  CHECK(group.rules[1].keep_firing_for == 90s);
  CHECK(group.rules[1].annotations[0].second == "{{ $labels.instance }} is down");
  CHECK_FALSE(file.groups[1].query_offset.has_value());
}

TEST_CASE("Every mistake of a file is reported with its place") {
  const auto file = rules::parse_rule_file(R"(groups:
  - name: a
    partial_response_strategy: warn
    rules:
      - alert: x
        record: y
        expr: "up ="
      - expr: 5
      - alert: t
        expr: up
        labels:
          a: "{{ $labels.x"
          __name__: b
        annotations:
          s: "{{ foo }}"
      - record: "a{b}"
        expr: up
        for: 1m
        keep_firing_for: 1m
        annotations: {x: y}
      - alert: z
        for: 1q
  - name: a
  - rules: 7
)",
                                           "r.yml");
  const std::vector<std::string> expected{
      "r.yml:3:5: field partial_response_strategy not found in type rulefmt.RuleGroup",
      "r.yml:6:17: group \"a\", rule 1, \"x\": only one of 'record' and 'alert' must be set",
      "r.yml:7:15: group \"a\", rule 1, \"x\": could not parse expression: 1:4: parse error: unexpected \"=\"",
      "r.yml:8:9: group \"a\", rule 2, \"\": one of 'record' or 'alert' must be set",
      "r.yml:13:11: group \"a\", rule 3, \"t\": invalid label name: __name__",
      "r.yml:12:14: group \"a\", rule 3, \"t\": label \"a\": template: __alert_t:1: unclosed action",
      "r.yml:15:14: group \"a\", rule 3, \"t\": annotation \"s\": template: __alert_t:1: function \"foo\" not defined",
      "r.yml:16:17: group \"a\", rule 4, \"a{b}\": invalid field 'annotations' in recording rule",
      "r.yml:16:17: group \"a\", rule 4, \"a{b}\": invalid field 'for' in recording rule",
      "r.yml:16:17: group \"a\", rule 4, \"a{b}\": invalid field 'keep_firing_for' in recording rule",
      "r.yml:16:17: group \"a\", rule 4, \"a{b}\": braces present in the recording rule name; should it be in expr?: "
      "a{b}",
      "r.yml:22:14: unknown unit \"q\" in duration \"1q\"",
      "r.yml:21:9: group \"a\", rule 5, \"z\": field 'expr' must be set in rule",
      "r.yml:23:5: groupname: \"a\" is repeated in the same file",
      "r.yml:24:5: Groupname must not be empty",
      "r.yml:24:12: cannot unmarshal !!int `7` into []rulefmt.Rule",
  };
  CHECK(file.errors == expected);
}

TEST_CASE("A file that is not a rule file is told apart from an empty one") {
  const auto errors = [](const char* text) { return rules::parse_rule_file(text, "f").errors; };
  CHECK(errors("").empty());
  CHECK(errors("groups:").empty());
  CHECK(errors("groups: []").empty());
  CHECK(errors("group: []") == std::vector<std::string>{"f:1:1: field group not found in type rulefmt.RuleGroups"});
  CHECK(errors("- a").size() == 1);
  CHECK(errors("groups: {a: b}").size() == 1);
  CHECK(errors("groups: [7]").size() == 1);
  CHECK(errors("groups: [{name: a, rules: [x]}]").size() == 1);
  CHECK(errors("groups: [{name: a, labels: [x]}]").size() == 1);
  CHECK(errors("groups: [{name: a").size() == 1);
  CHECK(rules::parse_rule_file("groups: []\n---\ngroups: [x]", "f").warnings.size() == 1);
}

TEST_CASE("A group or a rule that is nothing is none") {
  const rules::RuleFile file =
      rules::parse_rule_file("groups:\n- ~\n- name: g\n  rules:\n  -\n  - {record: a, expr: b}\n  - null\n", "r.yml");
  CHECK(file.errors.empty());
  REQUIRE(file.groups.size() == 1);
  REQUIRE(file.groups[0].rules.size() == 1);
  CHECK(file.groups[0].rules[0].record == "a");
  const rules::RuleFile wrong = rules::parse_rule_file("groups:\n- name: g\n  rules:\n  -\n  - {record: a}\n", "r.yml");
  REQUIRE(wrong.errors.size() == 1);
  CHECK(wrong.errors[0].find("rule 1, \"a\"") != std::string::npos);
}

TEST_CASE("A file with a thousand mistakes tells the first hundred") {
  std::string text = "groups:\n- name: g\n  rules:\n";
  for (int i = 0; i < 1000; ++i) text += "  - record: x\n";
  const auto errors = rules::parse_rule_file(text, "f").errors;
  REQUIRE(errors.size() == rules::kMaxErrors);
  CHECK(errors.back() == "f: there are more than 99 errors");
}

TEST_CASE("Legacy names are asked for by the option") {
  const char* const text =
      "groups: [{name: g, rules: [{alert: a, expr: up, labels: {'a.b': c}}, {record: 'x.y', expr: up}]}]";
  CHECK(rules::parse_rule_file(text, "f").errors.empty());
  rules::RuleFileOptions options;
  options.legacy_names = true;
  const auto errors = rules::parse_rule_file(text, "f", options).errors;
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].ends_with("invalid label name: a.b"));
  CHECK(errors[1].ends_with("invalid recording rule name: x.y"));
}

TEST_CASE("Patterns load the groups of all files, or tell all errors of all") {
  MemFs fs;
  REQUIRE(fs.create_directories("/r").has_value());
  REQUIRE(fs.write_file_atomic("/r/a.yml", "groups: [{name: g}]").has_value());
  REQUIRE(fs.write_file_atomic("/r/b.yml", "groups: [{name: g}, {name: h}]").has_value());
  const auto groups = rules::load_rule_files(fs, {"/r/*.yml", "/r/a.yml", "/none/*.yml"});
  REQUIRE(groups.has_value());
  REQUIRE(groups->size() == 3);
  CHECK((*groups)[0].file == "/r/a.yml");
  CHECK((*groups)[2].name == "h");

  REQUIRE(fs.write_file_atomic("/r/c.yml", "x: 1").has_value());
  REQUIRE(fs.write_file_atomic("/r/d.yml", "groups: [{name: ''}]").has_value());
  const auto failed = rules::load_rule_files(fs, {"/r/*.yml"});
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message ==
        "/r/c.yml:1:1: field x not found in type rulefmt.RuleGroups\n/r/d.yml:1:10: Groupname must not be empty");
}

TEST_CASE("Rules that may write the same series are named by the check") {
  const auto report = rules::check_text(R"(groups:
  - name: a
    labels: {x: y}
    rules: [{record: r, expr: up}, {record: r, expr: down, labels: {x: z}}]
  - name: b
    rules: [{record: r, expr: up, labels: {x: y}}, {record: r, expr: up, labels: {x: y}}]
)",
                                        "f");
  CHECK(report.ok());
  CHECK(report.rules == 4);
  REQUIRE(report.duplicates.size() == 1);
  CHECK(report.duplicates[0].text() == "f: rule r{x=\"y\"} occurs more than once");
}

TEST_CASE("A file that cannot be read is an error of the check") {
  MemFs fs;
  const auto report = rules::check_file(fs, "/none.yml");
  CHECK_FALSE(report.ok());
  CHECK(report.errors.size() == 1);
}
