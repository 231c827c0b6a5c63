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

TEST_CASE("names may be any UTF-8, in rules as in labels") {
  const Labels dots{{"a.b", "x y"}, {"\u00fc", "1"}};
  CHECK(
      config::relabel(dots, rules_of("- {source_labels: ['a.b'], regex: '(x) (y)', target_label: 'n.$1', replacement: "
                                     "$2}")) == Labels{{"a.b", "x y"}, {"n.x", "y"}, {"\u00fc", "1"}});
  CHECK(config::relabel(dots, rules_of("- {source_labels: ['\u00fc'], target_label: 'm/n'}")) ==
        Labels{{"a.b", "x y"}, {"m/n", "1"}, {"\u00fc", "1"}});
  CHECK(config::relabel(dots, rules_of("- {regex: 'a\\.(.)', replacement: 'c.$1', action: labelmap}")) ==
        Labels{{"a.b", "x y"}, {"c.b", "x y"}, {"\u00fc", "1"}});
  CHECK(config::relabel(dots, rules_of("- {regex: '\u00fc', action: labeldrop}")) == Labels{{"a.b", "x y"}});
  CHECK(config::relabel(dots, rules_of("- {source_labels: [none], target_label: '$1', replacement: x, regex: (.*)}")) ==
        dots);  // an empty name is none
}

TEST_CASE("groups are named as Go names them") {
  const Labels labels{{"a", "12-34"}};
  const Labels after{{"a", "12-34"}, {"b", "34/12"}};
  CHECK(config::relabel(labels, rules_of("- {source_labels: [a], regex: '(?<x>\\d+)-(?P<y>\\d+)', target_label: b, "
                                         "replacement: '${y}/$x'}")) == after);
  const Labels odd{{"a", "(?<x>"}};
  CHECK(config::relabel(odd, rules_of("- {source_labels: [a], regex: '\\Q(?<x>\\E', action: drop}")) == std::nullopt);
  CHECK(config::relabel(odd, rules_of("- {source_labels: [a], regex: '[(?<]{3}x[^]>]?>', action: drop}")) ==
        std::nullopt);
  CHECK(config::relabel(odd, rules_of("- {source_labels: [a], regex: '\\(\\?<x>', action: drop}")) == std::nullopt);
}

TEST_CASE("a rule may look at what an earlier one made, and drop what the page calls by no name") {
  const Labels pod{{"__meta_port_name", "web"}, {"__meta_port", "9091"}};
  CHECK(config::relabel(pod, rules_of("- {regex: __meta_port_name, action: labeldrop}\n"
                                      "- {source_labels: [__meta_port], regex: (.+), target_label: __meta_port_name, "
                                      "replacement: metrics}\n"
                                      "- {source_labels: [__meta_port_name], regex: ^metrics$, action: keep}")) ==
        Labels{{"__meta_port", "9091"}, {"__meta_port_name", "metrics"}});
  const Labels series{{"__name__", "x_total"}, {"a", "1"}};
  CHECK(config::relabel(series, rules_of("- {regex: __name__, action: labeldrop}")) == Labels{{"a", "1"}});
  CHECK(config::relabel(series, rules_of("- {regex: .*, action: labeldrop}")) == Labels{});
}

TEST_CASE("with legacy names a rule's targets are legacy, whatever its values are") {
  const auto legacy = [](const std::string& text) {
    const auto root = yaml::parse(text, "f.yml");
    REQUIRE(root);
    auto rule = config::parse_relabel_config(*root);
    REQUIRE(rule);
    const auto used = config::use_legacy_names(*root, *rule);
    return used ? std::pair(std::string(), *rule) : std::pair(used.error().message, *rule);
  };
  CHECK(legacy("{target_label: a.b}").first == "f.yml:1:16: \"a.b\" is invalid 'target_label' for replace action");
  CHECK(legacy("{target_label: 'a.${1}'}").first ==
        "f.yml:1:16: \"a.${1}\" is invalid 'target_label' for replace action");
  CHECK(legacy("{target_label: '${1}_x$name'}").first.empty());
  CHECK(legacy("{action: hashmod, modulus: 2, target_label: a-b}").first ==
        "f.yml:1:45: \"a-b\" is invalid 'target_label' for hashmod action");
  CHECK(legacy("{action: labelmap, replacement: 'x-$1'}").first ==
        "f.yml:1:1: \"x-$1\" is invalid 'replacement' for labelmap action");
  CHECK(legacy("{action: labelmap, replacement: 'x_$1'}").first.empty());
  CHECK(legacy("{action: labeldrop, regex: 'a.b'}").first.empty());
  const auto rule = legacy("{source_labels: [a], target_label: '$1'}").second;
  CHECK(config::relabel(Labels{{"a", "b.c"}}, {rule}) == Labels{{"a", "b.c"}});
  CHECK(config::relabel(Labels{{"a", "b_c"}}, {rule}) == Labels{{"a", "b_c"}, {"b_c", "b_c"}});
}

TEST_CASE("each step of relabelling can be looked at") {
  const auto rules = rules_of(
      "- {target_label: b, replacement: x}\n- {source_labels: [b], regex: x, action: drop}\n- {target_label: c, "
      "replacement: y}");
  const auto steps = config::relabel_steps(Labels{{"a", "1"}}, rules);
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].rule == &rules[0]);
  CHECK(steps[0].output == Labels{{"a", "1"}, {"b", "x"}});
  CHECK(steps[0].keep);
  CHECK(steps[1].output.empty());
  CHECK_FALSE(steps[1].keep);
  CHECK(steps[2].output.empty());
  CHECK_FALSE(steps[2].keep);
  CHECK(config::action_text(rules[1].action) == "drop");
}

TEST_CASE("rules are equal if they do the same") {
  const auto one = [](const char* text) { return rules_of(text).at(0); };
  CHECK(one("- {target_label: a, regex: b}") == one("- {target_label: a, regex: b}"));
  CHECK_FALSE(one("- {target_label: a, regex: b}") == one("- {target_label: a, regex: c}"));
  CHECK_FALSE(one("- {target_label: a, regex: b}") == one("- {target_label: a}"));
  CHECK_FALSE(one("- {target_label: a, separator: b}") == one("- {target_label: a}"));
  CHECK_FALSE(one("- {target_label: a, action: lowercase}") == one("- {target_label: a, action: uppercase}"));
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
       "f.yml:1:1: dropequal action requires only 'source_labels' and `target_label`, and no other fields"},
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
