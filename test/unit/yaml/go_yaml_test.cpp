#include "yaml/go_yaml.hpp"

#include <catch2/catch.hpp>

#include "yaml/node.hpp"

namespace tocsin::yaml {
namespace {

std::string written(std::string text) {
  return write_go_yaml(GoYaml::map({{"k", GoYaml::text(std::move(text))}}));
}

}  // namespace

TEST_CASE("Texts are quoted where Go's YAML quotes them") {
  const std::string words = "a long text with many words that goes on and on and on until it is much longer";
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {"two words", "two words"},
      {"http://h/x?a=b", "http://h/x?a=b"},
      {"a:b", "a:b"},
      {"a: b", "'a: b'"},
      {"a:", "'a:'"},
      {"a #b", "'a #b'"},
      {"a#b", "a#b"},
      {"#x", "'#x'"},
      {"{{ .X }}", "'{{ .X }}'"},
      {"it's", "it's"},
      {"'it's'", "'''it''s'''"},
      {"- x", "'- x'"},
      {"-x", "-x"},
      {" x", "' x'"},
      {"x ", "'x '"},
      {"...", "'...'"},
      {"", "\"\""},
      {"5", "\"5\""},
      {"0x1f", "\"0x1f\""},
      {"1.5", "\"1.5\""},
      {"1.5s", "1.5s"},
      {"09:00", "\"09:00\""},
      {"1:99", "1:99"},
      {"2026-01-02", "\"2026-01-02\""},
      {"yes", "\"yes\""},
      {"N", "\"N\""},
      {"~", "\"~\""},
      {"null", "\"null\""},
      {"true", "\"true\""},
      {"tab\there", "\"tab\\there\""},
      {"\xc3\xbc \xe2\x98\x83", "\xc3\xbc \xe2\x98\x83"},
      {"fire \xf0\x9f\x94\xa5", "\"fire \\U0001F525\""},
      {"a\xe2\x80\xa8"
       "b",
       "\"a\\Lb\""},
      {"one\ntwo", "|-\n  one\n  two"},
      {"one\n\ntwo\n", "|\n  one\n\n  two"},
      {"one \ntwo", "\"one \\ntwo\""},
      {words + " than eighty and more", words + "\n  than eighty and more"},
  };
  for (const auto& [text, yaml] : cases) {
    INFO(text);
    CHECK(written(text) == "k: " + yaml + "\n");
    const auto read = parse(written(text), "again");
    if (!read) FAIL(read.error().message);
    CHECK((*read)["k"].text() == text);
  }
}

TEST_CASE("Lists stand below their key, and maps in lists beside the dash") {
  GoYaml map = GoYaml::map();
  map.add("none", GoYaml::list());
  map.add("nothing", GoYaml::map());
  map.add("list", GoYaml::list({GoYaml::map({{"a", GoYaml::plain("1")}, {"b", GoYaml::texts({"x", "y"})}}),
                                GoYaml::map({{"c", GoYaml::map({{"d", GoYaml::flag(true)}})}})}));
  map.add("flow", GoYaml::texts({"a:b", "5", "c,d", "e"}, GoYaml::Kind::kFlowList));
  CHECK(write_go_yaml(map) ==
        "none: []\nnothing: {}\nlist:\n- a: 1\n  b:\n  - x\n  - \"y\"\n- c:\n    d: true\n"
        "flow: ['a:b', \"5\", 'c,d', e]\n");
}

}  // namespace tocsin::yaml
