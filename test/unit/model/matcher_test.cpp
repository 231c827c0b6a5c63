#include "model/matcher.hpp"

#include <catch2/catch.hpp>
#include <re2/re2.h>

#include "base/rng.hpp"

using namespace tocsin;
using namespace tocsin::model;

namespace {

Matcher regex(const std::string& expression) {
  auto matcher = Matcher::make(MatchOp::kRegex, "n", expression);
  INFO(expression);
  REQUIRE(matcher);
  return *matcher;
}

}  // namespace

TEST_CASE("each operator matches as it says") {
  struct Case {
    MatchOp op;
    const char* value;
    const char* text;
    bool matches;
  };
  const Case cases[] = {
      {MatchOp::kEqual, "a", "a", true},         {MatchOp::kEqual, "a", "b", false},
      {MatchOp::kEqual, "", "", true},           {MatchOp::kNotEqual, "a", "a", false},
      {MatchOp::kNotEqual, "a", "", true},       {MatchOp::kRegex, "a.c", "abc", true},
      {MatchOp::kRegex, "a.c", "xabcx", false},  {MatchOp::kRegex, "a.c", "a\nc", true},
      {MatchOp::kNotRegex, "a.c", "abc", false}, {MatchOp::kNotRegex, "a|b", "c", true},
      {MatchOp::kNotRegex, ".+", "", true},      {MatchOp::kRegex, "(?i)AB", "aB", true},
  };
  for (const Case& c : cases) {
    INFO(match_op_text(c.op) << c.value << " on " << c.text);
    const auto matcher = Matcher::make(c.op, "n", c.value);
    REQUIRE(matcher);
    CHECK(matcher->matches(c.text) == c.matches);
  }
}

TEST_CASE("an absent label is the empty text") {
  const Labels labels{{"a", "1"}};
  CHECK(Matcher::equal("b", "").matches(labels));
  CHECK_FALSE(Matcher::equal("a", "").matches(labels));
  CHECK(match_all({Matcher::equal("a", "1"), Matcher::equal("b", "")}, labels));
  CHECK_FALSE(match_all({Matcher::equal("a", "1"), Matcher::equal("b", "x")}, labels));
  CHECK(match_all({}, labels));
}

TEST_CASE("a finite set of values and the prefix of matches are known") {
  struct Case {
    const char* expression;
    std::vector<std::string> literals;
    const char* prefix;
  };
  const Case cases[] = {
      {"abc", {"abc"}, "abc"},
      {"b|a|c|a", {"a", "b", "c"}, ""},
      {"foo(bar|baz)", {"foobar", "foobaz"}, "fooba"},
      {"(?:x|)y", {"xy", "y"}, ""},
      {"a|", {"", "a"}, ""},
      {"", {""}, ""},
      {"a\\.b|a\\-c", {"a-c", "a.b"}, "a"},
      {"((a|b)(c|d))e", {"ace", "ade", "bce", "bde"}, ""},
      {"\u00e9|x", {"x", "\u00e9"}, ""},
      {"foo.*", {}, "foo"},
      {"foo.+", {}, "foo"},
      {"foo[0-9]", {}, "foo"},
      {"foox*", {}, "foo"},
      {"foox?y", {}, "foo"},
      {"foox{2}", {}, "foo"},
      {"foo(a|b).*", {}, ""},
      {".*", {}, ""},
      {"(?i)abc", {}, ""},
      {"a\\db", {}, "a"},
      {"^abc", {}, ""},
      {"a*|b", {}, ""},
  };
  for (const Case& c : cases) {
    INFO(c.expression);
    const Matcher matcher = regex(c.expression);
    CHECK(matcher.literals() == c.literals);
    CHECK(matcher.prefix() == c.prefix);
    const auto negated = Matcher::make(MatchOp::kNotRegex, "n", c.expression);
    CHECK(negated->literals().empty());
    CHECK(negated->prefix().empty());
  }
  CHECK(Matcher::equal("n", "v").literals() == std::vector<std::string>{"v"});
}

TEST_CASE("fast paths give RE2's answers") {
  Rng rng(21);
  constexpr std::string_view kPieces[] = {"a",  "b",  "ab", "|", "(a|b)", ".*",  ".+", "(", ")", "(?:ab|c)",
                                          "a*", "b+", "c?", ".", "[ab]",  "\\.", "\n", "^", "$", "(?i)"};
  int compiled = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string expression;
    for (std::uint64_t n = rng.next() % 6; n > 0; --n) expression += kPieces[rng.next() % std::size(kPieces)];
    const re2::RE2 slow("^(?s:" + expression + ")$", re2::RE2::Quiet);
    const re2::RE2 alone(expression, re2::RE2::Quiet);
    const auto fast = Matcher::make(MatchOp::kRegex, "n", expression);
    INFO(expression);
    REQUIRE(alone.ok() == fast.has_value());
    if (!fast) continue;
    ++compiled;
    for (int i = 0; i < 20; ++i) {
      std::string text;
      for (std::uint64_t n = rng.next() % 6; n > 0; --n) text += std::string_view("abc.\nAB")[rng.next() % 7];
      INFO(text);
      const bool expected = re2::RE2::PartialMatch(text, slow);
      REQUIRE(fast->matches(text) == expected);
      if (!expected) continue;
      REQUIRE(text.starts_with(fast->prefix()));
      const auto& literals = fast->literals();
      REQUIRE((literals.empty() || std::find(literals.begin(), literals.end(), text) != literals.end()));
    }
  }
  CHECK(compiled > 500);
}

TEST_CASE("hostile expressions are refused or bounded") {
  CHECK_FALSE(Matcher::make(MatchOp::kRegex, "n", "a{1000}{1000}"));
  std::string wide = "(a|b)";
  for (int i = 0; i < 6; ++i) wide += wide;
  CHECK(regex(wide).literals().empty());
  const std::string deep = std::string(500, '(') + "a" + std::string(500, ')');
  const auto matcher = Matcher::make(MatchOp::kRegex, "n", deep);
  if (matcher) CHECK(matcher->matches("a"));
}

TEST_CASE("what is wrong with an expression is said in Go's words") {
  const auto message = [](const char* expression) {
    const auto matcher = Matcher::make(MatchOp::kRegex, "n", expression);
    return matcher ? std::string() : matcher.error().message;
  };
  CHECK(message("a(") == "error parsing regexp: missing closing ): `a(`");
  CHECK(message("[a") == "error parsing regexp: missing closing ]: `[a`");
  CHECK(message("a)|(b") == "error parsing regexp: unexpected ): `a)|(b`");
  CHECK(message("*a") == "error parsing regexp: missing argument to repetition operator: `*`");
  CHECK(message("a**") == "error parsing regexp: invalid nested repetition operator: `**`");
  CHECK(message("[z-a]") == "error parsing regexp: invalid character class range: `z-a`");
}

TEST_CASE("matchers are printed as PromQL writes them") {
  CHECK(Matcher::equal("job", "a\"b").to_string() == R"(job="a\"b")");
  CHECK(Matcher::make(MatchOp::kNotRegex, "a.b", "x")->to_string() == R"("a.b"!~"x")");
  CHECK(Matcher::equal("a", "b") == Matcher::equal("a", "b"));
  CHECK_FALSE(Matcher::equal("a", "b") == *Matcher::make(MatchOp::kRegex, "a", "b"));
}

TEST_CASE("groups are expanded as Go expands them") {
  const auto regex = AnchoredRegex::make("(?P<host>[a-z]+):([0-9]+)(x)?");
  REQUIRE(regex);
  CHECK(regex->expression() == "(?P<host>[a-z]+):([0-9]+)(x)?");
  CHECK(regex->matches("ab:1"));
  CHECK_FALSE(regex->matches("ab:1 "));
  struct Case {
    const char* replacement;
    const char* out;
  };
  const Case cases[] = {
      {"$1", "ab"},          {"${1}${2}", "ab12"},
      {"$host-$2", "ab-12"}, {"${host}_x", "ab_x"},
      {"$host_x", ""},       {"$1x", ""},
      {"$0", "ab:12"},       {"$3|$4|$99", "||"},
      {"$$1", "$1"},         {"$", "$"},
      {"a$-b", "a$-b"},      {"${1", "${1"},
      {"${}", "${}"},        {"$01", ""},
      {"plain", "plain"},    {"${no-name}", "${no-name}"},
      {"$1\u00e9", ""},      {"$1\u00b0", "ab\u00b0"},
  };
  for (const Case& c : cases) {
    INFO(c.replacement);
    std::string out = "old";
    REQUIRE(regex->expand("ab:12", c.replacement, out));
    CHECK(out == c.out);
  }
  std::string out = "old";
  CHECK_FALSE(regex->expand("AB:12", "$1", out));
}
