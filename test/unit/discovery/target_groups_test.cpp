#include "discovery/target_groups.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using discovery::TargetGroup;

namespace {

struct Bad {
  const char* text;
  const char* words;
};

}  // namespace

TEST_CASE("a JSON list gives its groups in order") {
  const auto groups = discovery::parse_groups_json(
      R"([{"targets": ["a:1", "b:2"], "labels": {"env": "prod", "empty": "", "nothing": null, "a.b": "ü"}},
          {"Targets": ["c:3"]}, {}, {"targets": null, "labels": null}])");
  REQUIRE(groups);
  REQUIRE(groups->size() == 4);
  CHECK((*groups)[0] ==
        TargetGroup{"", {{{"__address__", "a:1"}}, {{"__address__", "b:2"}}}, {{"a.b", "ü"}, {"env", "prod"}}});
  CHECK((*groups)[1] == TargetGroup{"", {{{"__address__", "c:3"}}}, {}});
  CHECK((*groups)[2] == TargetGroup{});
  CHECK((*groups)[3] == TargetGroup{});
}

TEST_CASE("a YAML list gives its groups in order") {
  const auto groups = discovery::parse_groups_yaml(
      "- targets: ['a:1', b:2]\n  labels: {env: prod, number: 1, empty: ''}\n- targets: [c:3]\n- {}\n", "f.yml");
  REQUIRE(groups);
  REQUIRE(groups->size() == 3);
  CHECK((*groups)[0] ==
        TargetGroup{"", {{{"__address__", "a:1"}}, {{"__address__", "b:2"}}}, {{"env", "prod"}, {"number", "1"}}});
  CHECK((*groups)[2] == TargetGroup{});
}

TEST_CASE("nothing at all is an empty list where the format has a word for it") {
  CHECK(discovery::parse_groups_json("null")->empty());
  CHECK(discovery::parse_groups_json(" [] \n")->empty());
  CHECK(discovery::parse_groups_yaml("", "f")->empty());
  CHECK(discovery::parse_groups_yaml("# none\n", "f")->empty());
  CHECK(discovery::parse_groups_yaml("[]", "f")->empty());
}

TEST_CASE("a JSON list that is wrong anywhere is wrong as a whole") {
  const Bad bad = GENERATE(values<Bad>({
      {"", "unexpected end of JSON input"},
      {" \n", "unexpected end of JSON input"},
      {R"([{"targets": ["a:1"])", "unexpected end of JSON input"},
      {"[null]", "nil target group item found"},
      {R"([{"targets": ["a:1"]}, null])", "nil target group item found"},
      {R"([{"targets": ["a:1"], "foo": 1}])", "json: unknown field \"foo\""},
      {R"({"targets": ["a:1"]})", "json: cannot unmarshal object into Go value of type []*targetgroup.Group"},
      {"1", "json: cannot unmarshal number"},
      {R"(["a:1"])", "json: cannot unmarshal string"},
      {R"([{"targets": "a:1"}])", "json: cannot unmarshal string into field targets of type []string"},
      {R"([{"targets": [1]}])", "json: cannot unmarshal number into field targets of type string"},
      {R"([{"labels": {"a": 1}}])", "json: cannot unmarshal number into label \"a\""},
      {R"([{"labels": {"a": true}}])", "json: cannot unmarshal bool"},
      {R"([{"labels": {"a": {}}}])", "json: cannot unmarshal object"},
      {R"([{"labels": []}])", "json: cannot unmarshal array into field labels"},
      {R"([{"labels": {"": "x"}}])", "\"\" is not a valid label name"},
      {"[] []", "invalid character \"[\" after top-level value"},
      {"[{]", "invalid JSON at byte"},
      {"<html>", "invalid JSON at byte 0"},
      {"[\"\xff\"]", "invalid JSON"},
  }));
  INFO(bad.text);
  const auto groups = discovery::parse_groups_json(bad.text);
  REQUIRE(!groups);
  CHECK(groups.error().code == Errc::kInvalid);
  CHECK_THAT(groups.error().message, Catch::Contains(bad.words));
}

TEST_CASE("a YAML list that is wrong anywhere is wrong as a whole, with the place") {
  const Bad bad = GENERATE(values<Bad>({
      {"-\n- targets: [a]", ": nil target group item found"},
      {"- targets: [a]\n  foo: 1", "f.yml:2:3: field foo not found"},
      {"targets: [a]", "f.yml:1:1: cannot unmarshal !!map into []*targetgroup.Group"},
      {"- targets: {}", "f.yml:1:12: cannot unmarshal"},
      {"- labels: {'': x}", "f.yml:1:12: \"\" is not a valid label name"},
      {"- targets: [a]\n  targets: [b]", "f.yml:2:3"},
      {"- targets: [", "f.yml:"},
  }));
  INFO(bad.text);
  const auto groups = discovery::parse_groups_yaml(bad.text, "f.yml");
  REQUIRE(!groups);
  CHECK_THAT(groups.error().message, Catch::Contains(bad.words));
}

TEST_CASE("deep nesting is refused, not followed") {
  const std::string deep(100'000, '[');
  CHECK(!discovery::parse_groups_json(deep));
}

TEST_CASE("groups are named by their origin and their place in it") {
  std::vector<TargetGroup> groups(2);
  groups[1].labels = {{"__meta_url", "forged"}, {"a", "b"}};
  discovery::name_groups(groups, "__meta_url", "http://x/");
  CHECK(groups[0] == TargetGroup{"http://x/:0", {}, {{"__meta_url", "http://x/"}}});
  CHECK(groups[1] == TargetGroup{"http://x/:1", {}, {{"__meta_url", "http://x/"}, {"a", "b"}}});
}
