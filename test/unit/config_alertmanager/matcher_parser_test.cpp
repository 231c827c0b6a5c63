#include "config/matcher_parser.hpp"

#include <catch2/catch.hpp>

#include "config/utf8_text.hpp"

namespace tocsin::config {

using model::Matcher;
using model::MatchOp;

TEST_CASE("Where both grammars agree there is no warning") {
  const auto parsed = parse_matchers(R"({foo="bar", baz!~"qu.*x"})");
  REQUIRE(parsed);
  CHECK(parsed->warning.empty());
  REQUIRE(parsed->matchers.size() == 2);
  CHECK(parsed->matchers[0] == Matcher::equal("foo", "bar"));
  CHECK(parsed->matchers[1].op() == MatchOp::kNotRegex);
}

TEST_CASE("Where only the classic grammar reads a matcher it is used, with a warning that says how to write it") {
  const auto parsed = parse_matchers(R"(foo=~"a\.b")");
  REQUIRE(parsed);
  CHECK(parsed->matchers.at(0).value() == R"(a\.b)");
  CHECK(parsed->warning.find(R"(foo=~"a\\.b")") != std::string::npos);
}

TEST_CASE("Where the grammars disagree the classic one wins, with a warning") {
  const auto parsed = parse_matchers(R"(foo="\u00e9")");
  REQUIRE(parsed);
  CHECK(parsed->matchers.at(0).value() == R"(\u00e9)");
  CHECK_FALSE(parsed->warning.empty());
  CHECK(parse_matchers(R"(foo="\u00e9")", MatcherMode::kUtf8)->matchers.at(0).value() == "é");
}

TEST_CASE("Where only the UTF-8 grammar reads a matcher it is used silently") {
  const auto parsed = parse_matchers(R"("foo bar"="x")");
  REQUIRE(parsed);
  CHECK(parsed->warning.empty());
  CHECK(parsed->matchers.at(0).name() == "foo bar");
  CHECK_FALSE(parse_matchers(R"("foo bar"="x")", MatcherMode::kClassic));
}

TEST_CASE("A single matcher must not have braces") {
  CHECK_FALSE(parse_matcher("{foo=bar}"));
  CHECK_FALSE(parse_matcher("bad{filter"));
  REQUIRE(parse_matcher("foo=bar"));
  CHECK(parse_matcher("foo=bar,baz=qux")->matchers.size() == 1);  // classic: all of it is the value
}

TEST_CASE("The text of a matcher is Alertmanager's, escapes included") {
  CHECK(matcher_text(Matcher::equal("a", "b\n\"\\")) == R"(a="b\n\"\\")");
  CHECK(matcher_text(Matcher::equal("a b", "c")) == R"("a b"="c")");
  CHECK(matchers_text({}) == "{}");
  CHECK(matchers_text({Matcher::equal("a", "b"), *Matcher::make(MatchOp::kRegex, "c", "d|e")}) ==
        R"({a="b",c=~"d|e"})");
}

TEST_CASE("Matchers sort by name, value, operator") {
  std::vector<Matcher> list = {*Matcher::make(MatchOp::kRegex, "b", "x"), Matcher::equal("b", "x"),
                               Matcher::equal("b", "a"), Matcher::equal("a", "z")};
  sort_matchers(list);
  CHECK(matchers_text(list) == R"({a="z",b="a",b="x",b=~"x"})");
}

TEST_CASE("an empty name prints as something that parses") {
  const auto read = parse_matchers_utf8("\"\"=__");
  REQUIRE(read);
  CHECK(matchers_text(*read) == R"({""="__"})");
  CHECK(*parse_matchers_utf8(matchers_text(*read)) == *read);
}

TEST_CASE("Go strings unquote as in Go") {
  CHECK(*unquote_go(R"("a\x41\101\u00e9\U0001F642\n")") == "aAA\u00e9\U0001F642\n");
  for (const char* bad : {"", "\"", "x", R"("\q")", R"("\x4")", R"("\400")", R"("\ud800")", R"("\'")", R"("a"b")",
                          R"("\xff")", "\"a\nb\""}) {
    INFO(bad);
    CHECK_FALSE(unquote_go(bad));
  }
}

TEST_CASE(
    "Any bytes are parsed or refused, in both grammars, and what is parsed prints as something that parses alike") {
  std::uint64_t seed = 42;
  const std::string_view alphabet = "ab\"\\=!~{}, \xc3\xa9\xff\nn";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
      text += alphabet[(seed >> 33U) % alphabet.size()];
    }
    const auto utf8 = parse_matchers_utf8(text);
    if (utf8) {
      const auto again = parse_matchers_utf8(matchers_text(*utf8));
      INFO(text);
      REQUIRE(again);
      REQUIRE(*again == *utf8);
    }
    const auto classic = parse_matchers_classic(text);
    if (!classic) continue;
    const auto again = parse_matchers_classic(matchers_text(*classic));
    INFO(text);
    REQUIRE(again);
    REQUIRE(*again == *classic);
  }
}

}  // namespace tocsin::config
