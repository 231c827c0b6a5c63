#include <catch2/catch.hpp>

#include "yaml/node.hpp"

using namespace tocsin;
using yaml::Fields;
using yaml::Node;

namespace {

Node must_parse(const std::string& text) {
  auto parsed = yaml::parse(text, "f.yml");
  REQUIRE(parsed);
  return *parsed;
}

struct Target {
  std::string name = "default";
  bool flag = true;
  std::int64_t count = 7;
  std::uint64_t limit = 8;
  double ratio = 0.5;
  Duration wait = std::chrono::seconds(1);
  Secret secret;
  std::vector<std::string> list{"kept"};
  std::optional<bool> maybe;
  std::uint64_t size = 9;
};

Result<void> read(const Node& node, Target& t) {
  Fields fields(node, "test.Target");
  fields.read("name", t.name).read("flag", t.flag).read("count", t.count).read("limit", t.limit);
  fields.read("ratio", t.ratio).read("wait", t.wait).read("secret", t.secret).read("list", t.list);
  fields.read("maybe", t.maybe).bytes("size", t.size);
  return fields.finish();
}

std::string error_of(const std::string& text) {
  Target target;
  const auto result = read(must_parse(text), target);
  return result ? "" : result.error().message;
}

}  // namespace

TEST_CASE("fields are read by their types") {
  Target t;
  REQUIRE(read(must_parse("{name: n, flag: no, count: -3, limit: 4, ratio: 2, wait: 5m, secret: s, list: [a, b], "
                          "maybe: true, size: 2KB}"),
               t));
  CHECK(t.name == "n");
  CHECK_FALSE(t.flag);
  CHECK(t.count == -3);
  CHECK(t.limit == 4);
  CHECK(t.ratio == 2);
  CHECK(t.wait == std::chrono::minutes(5));
  CHECK(t.secret.reveal() == "s");
  CHECK(t.list == std::vector<std::string>{"a", "b"});
  CHECK(t.maybe == true);
  CHECK(t.size == 2048);
}

TEST_CASE("null and absence keep the defaults") {
  for (const char* text : {"", "{}", "{name: , flag: ~, count: null, wait: , list: , maybe: , size: , secret: }"}) {
    INFO(text);
    Target t;
    REQUIRE(read(must_parse(text), t));
    CHECK(t.name == "default");
    CHECK(t.flag);
    CHECK(t.count == 7);
    CHECK(t.list.size() == 1);
    CHECK_FALSE(t.maybe.has_value());
    CHECK(t.size == 9);
  }
}

TEST_CASE("wrong keys and types are named with their position") {
  CHECK(error_of("name: x\nnmae: y\n") == "f.yml:2:1: field nmae not found in type test.Target");
  CHECK(error_of("limit: -1\n") == "f.yml:1:8: cannot unmarshal !!int `-1` into uint");
  CHECK(error_of("limit: \"1\"\n") == "f.yml:1:8: cannot unmarshal !!str `1` into uint");
  CHECK(error_of("- a\n") == "f.yml:1:1: cannot unmarshal !!seq into test.Target");
  CHECK(error_of("5\n") == "f.yml:1:1: cannot unmarshal !!int `5` into test.Target");
  CHECK(error_of("maybe: 3\n") == "f.yml:1:8: cannot unmarshal !!int `3` into bool");
  CHECK(error_of("wrong: 1\nflag: 2\n") == "f.yml:2:7: cannot unmarshal !!int `2` into bool");
}

TEST_CASE("children and lists are handed to their own readers") {
  const Node root = must_parse("child: {a: 1}\nlist: [x, ~, y]\nnothing: \n");
  Fields fields(root, "t");
  int children = 0;
  std::vector<bool> nulls;
  const auto count = [&](const Node&) -> Result<void> {
    ++children;
    return {};
  };
  fields.child("child", count).child("nothing", count).child("absent", count);
  fields.each("list", [&](const Node& n) -> Result<void> {
    nulls.push_back(n.is_null());
    return {};
  });
  REQUIRE(fields.finish());
  CHECK(children == 1);
  CHECK(nulls == std::vector<bool>{false, true, false});
}

TEST_CASE("a known field that is not built warns once with its position") {
  std::vector<std::string> warnings;
  Fields fields(must_parse("a: 1\n\nlater: {deep: [1, 2]}\n"), "test.Target");
  std::string a;
  fields.read("a", a).unsupported({"later", "never"}, warnings);
  REQUIRE(fields.finish());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "f.yml:3:1: field later of test.Target is not supported by this build and is ignored");
}

TEST_CASE("a repeated key that is left to the reader is named with the type, or by the last check") {
  const auto parse = [](const char* text) { return *yaml::parse(text, "f.yml", yaml::RepeatedKeys::kLeft); };
  CHECK_FALSE(yaml::parse("a: 1\na: 2", "f.yml"));

  const yaml::Node node = parse("a: 1\nb: 2\na: 3");
  std::int64_t a = 0;
  std::int64_t b = 0;
  yaml::Fields fields(node, "config.plain");
  fields.read("a", a).read("b", b);
  const auto read = fields.finish();
  REQUIRE_FALSE(read);
  CHECK(read.error().message == "f.yml:3:1: field a already set in type config.plain");

  const auto checked = yaml::check_repeated(parse("m: {x: 1, x: 2}"));
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message == "f.yml:1:11: key \"x\" already set in map");
  CHECK(yaml::check_repeated(parse("m: {x: 1, y: 2}")));
  CHECK(yaml::check_repeated(parse("")));
}
