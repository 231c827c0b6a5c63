#include "config/relabel.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using model::Labels;

namespace {

std::vector<config::RelabelConfig> rules_of(const std::string& text) {
  const auto root = yaml::parse(text, "f.yml");
  INFO((root ? "" : root.error().message));
  REQUIRE(root);
  std::vector<config::RelabelConfig> rules;
  for (const yaml::Node& node : root->elements()) {
    auto rule = config::parse_relabel_config(node);
    INFO((rule ? "" : rule.error().message));
    REQUIRE(rule);
    rules.push_back(std::move(*rule));
  }
  return rules;
}

std::string error_of(const std::string& rule) {
  const auto root = yaml::parse(rule, "f.yml");
  REQUIRE(root);
  const auto parsed = config::parse_relabel_config(*root);
  return parsed ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("relabelling does what Prometheus does") {
  const Labels abc{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  struct Case {
    const char* rules;
    Labels before;
    std::optional<Labels> after;
  };
  const Case cases[] = {
      {"- {source_labels: [a], regex: f(.*), target_label: d, separator: ;, replacement: 'ch${1}-ch${1}'}", abc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "choo-choo"}}},
      {"- {source_labels: [a, b], regex: f(.*);(.*)r, target_label: a, replacement: 'b${1}${2}m'}\n"
       "- {source_labels: [c, a], regex: (b).*b(.*)ba(.*), target_label: d, replacement: $1$2$2$3}",
       abc, Labels{{"a", "boobam"}, {"b", "bar"}, {"c", "baz"}, {"d", "boooom"}}},
      {"- {source_labels: [a], regex: .*o.*, action: drop}", abc, std::nullopt},
      {"- {source_labels: [a], regex: no-match, action: drop}", abc, abc},
      {"- {source_labels: [a], regex: f|o, action: drop}", abc, abc},  // anchored
      {"- {source_labels: [a], regex: no-match, action: keep}", abc, std::nullopt},
      {"- {source_labels: [a], regex: f.*, action: KEEP}", abc, abc},
      {"- {source_labels: [none], regex: .+, action: keep}", abc, std::nullopt},
      {"- {source_labels: [none], regex: .*, action: keep}", abc, abc},
      {"- {source_labels: [a], regex: f, target_label: b, replacement: bar}", abc, abc},  // no match: nothing happens
      {"- {source_labels: [a], regex: f.*, target_label: b, replacement: ''}", abc, Labels{{"a", "foo"}, {"c", "baz"}}},
      {"- {source_labels: [a], target_label: d}", abc, Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "foo"}}},
      {"- {target_label: d, replacement: static}", abc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "static"}}},
      {"- {source_labels: [a], regex: '', target_label: d, replacement: x}", abc, abc},
      {"- {source_labels: [none], regex: , target_label: d, replacement: x}", abc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "x"}}},
      {"- {source_labels: [a], regex: '(f)(.*)', target_label: '$1$2', replacement: '$2'}", abc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"foo", "oo"}}},
      {"- {source_labels: [none], regex: '(.*)', target_label: '$1', replacement: x}", abc, abc},  // no valid name
      {"- {source_labels: [a], regex: '(?P<x>f)oo', target_label: d, replacement: '$x-${x}-$x1-$$1-$1x-$'}", abc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "f-f--$1--$"}}},
      {"- {source_labels: [c], target_label: d, action: hashmod, modulus: 1000}", abc,
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "976"}}},
      {"- {source_labels: [c], target_label: d, action: hashmod, modulus: 1000}", Labels{{"c", "foo\nbar"}},
       Labels{{"c", "foo\nbar"}, {"d", "734"}}},
      {"- {regex: '(b.*)', replacement: 'bar_${1}', action: labelmap}",
       Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}},
       Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}, {"bar_b1", "bar"}, {"bar_b2", "baz"}}},
      {"- {regex: '__meta_(my.*)', replacement: '${1}', action: labelmap}",
       Labels{{"__meta_my_bar", "aaa"}, {"__meta_my_baz", "bbb"}, {"__meta_other", "ccc"}},
       Labels{{"__meta_my_bar", "aaa"},
              {"__meta_my_baz", "bbb"},
              {"__meta_other", "ccc"},
              {"my_bar", "aaa"},
              {"my_baz", "bbb"}}},
      {"- {regex: '(b.*)', action: labeldrop}", Labels{{"a", "foo"}, {"b1", "bar"}}, Labels{{"a", "foo"}}},
      {"- {regex: '(b.*)', action: labelkeep}", Labels{{"a", "foo"}, {"b1", "bar"}}, Labels{{"b1", "bar"}}},
      {"- {source_labels: [a], target_label: b, action: keepequal}", Labels{{"a", "x"}, {"b", "x"}},
       Labels{{"a", "x"}, {"b", "x"}}},
      {"- {source_labels: [a], target_label: b, action: keepequal}", Labels{{"a", "x"}, {"b", "y"}}, std::nullopt},
      {"- {source_labels: [a], target_label: b, action: dropequal}", Labels{{"a", "x"}, {"b", "x"}}, std::nullopt},
      {"- {source_labels: [a], target_label: b, action: dropequal}", Labels{{"a", "x"}, {"b", "y"}},
       Labels{{"a", "x"}, {"b", "y"}}},
      {"- {source_labels: [a], target_label: u, action: uppercase}\n"
       "- {source_labels: [a], target_label: l, action: lowercase}",
       Labels{{"a", "bAr123\u00c4\u00e9\u03a3"}},
       Labels{{"a", "bAr123\u00c4\u00e9\u03a3"}, {"l", "bar123\u00e4\u00e9\u03c3"}, {"u", "BAR123\u00c4\u00c9\u03a3"}}},
      {"- {source_labels: [a], separator: '', regex: foo, action: keep}", abc, abc},
      {"- {source_labels: [a, b], separator: '<>', regex: 'foo<>bar', action: keep}", abc, abc},
      {"- {source_labels: [a], regex: 'x(.*)\\s.*', target_label: d}", Labels{{"a", "xline\nnext"}},
       Labels{{"a", "xline\nnext"}, {"d", "line"}}},
  };
  for (const Case& c : cases) {
    INFO(c.rules);
    const auto after = config::relabel(c.before, rules_of(c.rules));
    INFO((after ? after->to_string() : "dropped"));
    CHECK(after == c.after);
  }
}

TEST_CASE("no rules leave labels alone") {
  const Labels labels{{"a", "b"}};
  CHECK(config::relabel(labels, {}) == labels);
}

TEST_CASE("wrong relabelling rules are refused in Prometheus' words") {
  struct Case {
    const char* rule;
    const char* error;
  };
  const Case cases[] = {
      {"{action: jump}", "f.yml:1:10: unknown relabel action \"jump\""},
      {"{action: null}", "f.yml:1:10: relabel action cannot be empty"},
      {"{action: hashmod, target_label: x}", "f.yml:1:1: relabel configuration for hashmod requires non-zero modulus"},
      {"{regex: a}", "f.yml:1:1: relabel configuration for replace action requires 'target_label' value"},
      {"{action: keepequal}", "f.yml:1:1: relabel configuration for keepequal action requires 'target_label' value"},
      {"{action: lowercase, target_label: x, replacement: y}",
       "f.yml:1:51: 'replacement' can not be set for lowercase action"},
      {"{action: dropequal, source_labels: [a], target_label: x, regex: y}",
       "f.yml:1:1: dropequal action requires only 'source_labels' and 'target_label', and no other fields"},
      {"{action: labeldrop, regex: x, separator: y}",
       "f.yml:1:1: labeldrop action requires only 'regex', and no other fields"},
      {"{action: labelmap, replacement: ''}", "f.yml:1:1: \"\" is invalid 'replacement' for labelmap action"},
      {"{target_label: x, regex: 'a('}", "f.yml:1:26: error parsing regexp: missing closing ): `^(?s:a()$`"},
      {"{target_label: x, regex: '*'}",
       "f.yml:1:26: error parsing regexp: missing argument to repetition operator: `*`"},
      {"{target_label: x, source_labels: ['']}", "f.yml:1:35: \"\" is not a valid label name"},
      {"{target_label: x, source_labels: a}", "f.yml:1:34: cannot unmarshal !!str `a` into []string"},
      {"{target_label: x, modulus: -1}", "f.yml:1:28: cannot unmarshal !!int `-1` into uint"},
      {"{target: x}", "f.yml:1:2: field target not found in type relabel.plain"},
  };
  for (const Case& c : cases) {
    INFO(c.rule);
    CHECK(error_of(c.rule) == c.error);
  }
}
