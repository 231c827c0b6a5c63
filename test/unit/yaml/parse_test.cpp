#include <catch2/catch.hpp>

#include "yaml/node.hpp"

using namespace tocsin;
using yaml::Node;

namespace {

std::string error_of(const std::string& text) {
  const auto parsed = yaml::parse(text, "f.yml");
  return parsed ? "" : parsed.error().message;
}

Node must_parse(const std::string& text) {
  auto parsed = yaml::parse(text, "f.yml");
  INFO((parsed ? "" : parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("maps and sequences keep the order and the positions of the document") {
  const Node root = must_parse("b: 1\na:\n  - x\n  - {y: z}\n");
  REQUIRE(root.is_map());
  CHECK(root.size() == 2);
  CHECK(root.entries()[0].key.text() == "b");
  CHECK(root["a"].at(0).text() == "x");
  CHECK(root["a"].at(0).where() == "f.yml:3:5");
  CHECK(root["a"].at(1)["y"].where() == "f.yml:4:9");
  CHECK(root["a"].at(2).kind() == Node::Kind::kMissing);
  CHECK(root["none"].kind() == Node::Kind::kMissing);
}

TEST_CASE("an empty text is one null document") {
  for (const char* text : {"", "# nothing\n", "---\n", "~", "null\n", "a: b\n---\n", "\xef\xbb\xbf"}) {
    INFO(text);
    const Node root = must_parse(text);
    CHECK((root.is_null() || root.is_map()));
  }
  CHECK(must_parse("").where() == "f.yml:1:1");
}

TEST_CASE("mistakes are reported with file, line and column") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"a: 1\nb: 2\na: 3\n", "f.yml:3:1: key \"a\" already set in map"},
      {"x:\n  - {k: 1, k: 2}\n", "f.yml:2:12: key \"k\" already set in map"},
      {"x: *nowhere\n", "f.yml:1:4: "},
      {"x: &a [*a]\n", "f.yml:1:8: anchor's value contains itself"},
      {"x: [1, 2\n", "f.yml:2:1: "},
      {"x: \"open\n", "f.yml:2:1: unexpected end of the document"},
      {"x: 'open\ny: 1\n  ", "f.yml:3:1: unexpected end of the document"},
      {"x: \"open", "f.yml:1:1: unexpected end of the document"},
      {"x: [a,,b]\n", "f.yml:1:7: did not find expected node content"},
      {"x: [,]\n", "f.yml:1:5: did not find expected node content"},
      {"x: {,}\n", "f.yml:1:5: a key must be a scalar"},
      {": x\n", "f.yml:1:1: a key must be a scalar"},
      {"a: b\n---\nc: d\n", "f.yml:3:1: more than one document; only the first would be read"},
      {"a: \x01\n", "f.yml:1:4: control characters are not allowed"},
      {"a: b\nc: \xff\n", "f.yml:2:4: invalid UTF-8"},
      {"- a\nb: c\n", "f.yml:2:1: did not find expected <document start>"},
      {"#\n,   ", "f.yml:2:1: did not find expected <document start>"},
      {"{a: b}: c\n", "f.yml:1:1: a key must be a scalar"},
      {"a:\n\tb: c\n", "f.yml:2:"},
      {"a: b: c\n", "f.yml:1:5: "},
      {"<<: 5\n", "f.yml:1:5: map merge requires map or sequence of maps as the value"},
      {"a: !!binary \"%%\"\n", "f.yml:1:4: !!binary value contains invalid base64 data"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(error_of(c.text), Catch::StartsWith(c.error));
  }
}

TEST_CASE("nesting and aliases have limits") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(error_of(nested(100)).empty());
  CHECK_THAT(error_of(nested(101)), Catch::Contains("f.yml:1:101: nested deeper than 100 levels"));
  CHECK_FALSE(error_of(nested(100'000)).empty());

  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  CHECK_THAT(error_of(bomb), Catch::Contains("document contains excessive aliasing"));

  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 120; ++i) deep += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  CHECK_THAT(error_of(deep), Catch::Contains("nested deeper than 100 levels"));

  std::string wide = "list:\n";
  for (int i = 0; i < 150'000; ++i) wide += "- x\n";
  CHECK(error_of(wide).empty());
}

TEST_CASE("aliases share values and merges fill what is not set") {
  const Node root = must_parse(
      "base: &base {a: 1, b: 2}\n"
      "other: &other {b: 3, c: 4}\n"
      "one: {<<: *base, b: 9}\n"
      "two:\n"
      "  <<: [*base, *other]\n"
      "  d: *base\n");
  CHECK(root["one"]["a"].text() == "1");
  CHECK(root["one"]["b"].text() == "9");
  CHECK(root["two"]["b"].text() == "2");
  CHECK(root["two"]["c"].text() == "4");
  CHECK(root["two"]["d"]["b"].text() == "2");
  CHECK(root["two"]["d"].where() == "f.yml:6:6");
  CHECK(root["two"]["<<"].kind() == Node::Kind::kMissing);
}

TEST_CASE("the end of the text does not change block scalars") {
  CHECK(must_parse("a: |\n  x\n")["a"].text() == "x\n");
  CHECK(must_parse("a: |-\n  x\n")["a"].text() == "x");
  CHECK(must_parse("a: |+\n  x\n\n")["a"].text() == "x\n\n");
  CHECK(must_parse("a: >\n  x\n  y\n")["a"].text() == "x y\n");
  CHECK(must_parse("a: [x, ~, ]\n")["a"].size() == 2);
}

TEST_CASE("lines may end as on other systems") {
  const Node root = must_parse("a: x\r\nb: |\r\n  y\r\nc: z\rd: e");
  CHECK(root["a"].text() == "x");
  CHECK(root["b"].text() == "y\n");
  CHECK(root["d"].where() == "f.yml:5:4");
}

TEST_CASE("escapes are characters, also beside those of two bytes") {
  const auto node = yaml::parse("t: \"\\N\\_\\L\\P\\xe9\\u00e0\u00c5\u00a0\\_\u00e9\\N\"\n", "file");
  REQUIRE(node);
  CHECK((*node)["t"].as_string() == "\u0085\u00a0\u2028\u2029\u00e9\u00e0\u00c5\u00a0\u00a0\u00e9\u0085");
}

TEST_CASE("a node keeps its document alive") {
  Node inner;
  {
    const Node root = must_parse("a: {b: text}\n");
    inner = root["a"]["b"];
  }
  CHECK(inner.text() == "text");
  CHECK(inner.where() == "f.yml:1:8");
}

TEST_CASE("all documents of a stream are read") {
  const auto parsed = yaml::parse_all("a: 1\n---\nb: 2\n---\n- 3\n", "f.yml");
  REQUIRE(parsed);
  REQUIRE(parsed->size() == 3);
  CHECK((*parsed)[1]["b"].where() == "f.yml:3:4");
  CHECK((*parsed)[2].at(0).text() == "3");
}
