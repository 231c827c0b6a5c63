#include "yaml/rewrite.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "yaml/write.hpp"

using namespace tocsin;

namespace {

yaml::Node parse(const char* text) {
  const auto node = yaml::parse(text, "f.yml", yaml::RepeatedKeys::kLeft);
  REQUIRE(node);
  return *node;
}

std::string text_of(const yaml::Node& node) {
  return yaml::write(node, [](std::string_view) { return false; });
}

}  // namespace

TEST_CASE("a document is rewritten value by value, its keys and places stay") {
  const yaml::Node node = parse("a: one\nlist: [two, {b: three}]\nnone:\nsame: &x {c: four}\nagain: *x\n");
  std::vector<std::string> seen;
  const auto rewritten = yaml::rewrite(node, [&](const yaml::Node& scalar, const yaml::KeyPath& path) {
    seen.push_back(fmt::format("{}={}", fmt::join(path, "."), scalar.text()));
    return Result<std::string>(scalar.text() + "!");
  });
  REQUIRE(rewritten);
  CHECK(seen == std::vector<std::string>{"a=one", "list=two", "list.b=three", "same.c=four", "again.c=four"});
  CHECK(text_of(*rewritten) ==
        "a: one!\nlist:\n- two!\n- b: three!\nnone: null\nsame:\n  c: four!\nagain:\n  c: four!\n");
  CHECK((*rewritten)["list"].at(1)["b"].where() == "f.yml:2:17");
  CHECK(node["a"].text() == "one");
}

TEST_CASE("a value is what its new text looks like, unless it is quoted") {
  const auto rewritten = yaml::rewrite(
      parse("a: x\nb: 'x'"), [](const yaml::Node&, const yaml::KeyPath&) { return Result<std::string>("7"); });
  REQUIRE(rewritten);
  CHECK((*rewritten)["a"].as_int() == 7);
  CHECK((*rewritten)["b"].as_int().error().message == "f.yml:2:4: cannot unmarshal !!str `7` into int");
}

TEST_CASE("the first error ends the rewriting") {
  const auto rewritten = yaml::rewrite(parse("a: x\nb: y"), [](const yaml::Node& node, const yaml::KeyPath&) {
    return Result<std::string>(node.error("no {}", node.text()));
  });
  REQUIRE_FALSE(rewritten);
  CHECK(rewritten.error().message == "f.yml:1:4: no x");
}

TEST_CASE("a repeated key is still one in the copy") {
  const auto rewritten = yaml::rewrite(parse("m: {a: 1, a: 2}"), [](const yaml::Node& node, const yaml::KeyPath&) {
    return Result<std::string>(node.text());
  });
  REQUIRE(rewritten);
  CHECK((*rewritten)["m"].repeated_key().text() == "a");
  CHECK_FALSE(yaml::check_repeated(*rewritten));
}

TEST_CASE("a text that would begin something on a line of its own is written in quotes") {
  for (const auto& [document, written] :
       {std::pair{"[-]", "- \"-\"\n"}, {"[\"- a\"]", "- \"- a\"\n"}, {"[-a]", "- -a\n"}}) {
    INFO(document);
    const std::string first = text_of(parse(document));
    CHECK(first == written);
    CHECK(text_of(parse(first.c_str())) == first);
  }
}
