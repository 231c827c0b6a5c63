#include "promql/parser/parser.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace tocsin::promql::parser;

namespace {

std::string error_of(std::string_view query, const ParserOptions& options = {}) {
  const auto parsed = parse_expr(query, options);
  return parsed ? "parsed as " + to_string(**parsed) : parsed.error().message;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string_view at(std::string_view query, PositionRange pos) {
  return query.substr(pos.start, pos.end - pos.start);
}

}  // namespace

TEST_CASE("What is experimental is refused by name until its switch is on") {
  struct Case {
    std::string_view query, error;
    bool ParserOptions::* option;
  };
  const Case cases[] = {
      {"sort_by_label(foo, \"a\")", "1:1: parse error: function \"sort_by_label\" is not enabled",
       &ParserOptions::experimental_functions},
      {"limitk(1, foo)",
       "1:1: parse error: limitk() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions",
       &ParserOptions::experimental_functions},
      {"foo + fill(1) bar", "1:1: parse error: binop fill modifiers are experimental and not enabled",
       &ParserOptions::binop_fill_modifiers},
      {"foo[5m] anchored", "1:1: parse error: anchored modifier is experimental and not enabled",
       &ParserOptions::extended_range_selectors},
      {"1 + foo smoothed", "1:5: parse error: smoothed modifier is experimental and not enabled",
       &ParserOptions::extended_range_selectors},
  };
  for (const Case& entry : cases) {
    CHECK(error_of(entry.query) == entry.error);
    ParserOptions options;
    options.*entry.option = true;
    CAPTURE(entry.query);
    CHECK(parse_expr(entry.query, options).has_value());
  }
}

TEST_CASE("Every node knows where it stands in the text") {
  const std::string query = "  sum by (a) (rate(foo{b=\"c\"}[5m] offset 1m)) / (bar @ 5 - -2)[1h:] ";
  const auto parsed = parse_expr("  sum by (a) (rate(foo{b=\"c\"}[5m] offset 1m)) / (bar @ 5 - -2) ");
  REQUIRE(parsed.has_value());
  const auto& division = static_cast<const BinaryExpr&>(**parsed);
  CHECK(at(query, division.pos) == "sum by (a) (rate(foo{b=\"c\"}[5m] offset 1m)) / (bar @ 5 - -2)");
  const auto& sum = static_cast<const AggregateExpr&>(*division.left);
  CHECK(at(query, sum.pos) == "sum by (a) (rate(foo{b=\"c\"}[5m] offset 1m))");
  const auto& rate = static_cast<const Call&>(*sum.expr);
  CHECK(at(query, rate.pos) == "rate(foo{b=\"c\"}[5m] offset 1m)");
  const auto& matrix = static_cast<const MatrixSelector&>(*rate.args[0]);
  CHECK(at(query, matrix.pos) == "foo{b=\"c\"}[5m] offset 1m");
  CHECK(at(query, matrix.vector->pos) == "foo{b=\"c\"}");
  const auto& paren = static_cast<const ParenExpr&>(*division.right);
  const auto& difference = static_cast<const BinaryExpr&>(*paren.expr);
  CHECK(at(query, difference.left->pos) == "bar @ 5");
  CHECK(at(query, difference.right->pos) == "-2");

  const auto after = parse_expr("sum(foo) by (x)");
  CHECK(at("sum(foo) by (x)", (*after)->pos) == "sum(foo) by (x)");
  const auto subquery = parse_expr(query.substr(query.find('(', 45)));
  CHECK(at(query.substr(query.find('(', 45)), (*subquery)->pos) == "(bar @ 5 - -2)[1h:]");
}

TEST_CASE("Lines and columns count from one, in bytes") {
  CHECK(line_column("foo", 0) == "1:1");
  CHECK(line_column("foo", 3) == "1:4");
  CHECK(line_column("foo", 4) == "invalid position");
  CHECK(line_column("", 0) == "unknown position");
  CHECK(line_column("a\nbc\nd", 3) == "2:2");
  CHECK(line_column("a\nbc\nd", 5) == "3:1");
  CHECK(line_column("é +", 3) == "1:4");
}

TEST_CASE("The tree can be walked") {
  const auto parsed = parse_expr("topk(scalar(a), b + rate(c[5m])) unless max_over_time((d - e)[1h:])");
  REQUIRE(parsed.has_value());
  std::string names;
  for (const VectorSelector* selector : selectors(**parsed)) names += selector->name;
  CHECK(names == "abcde");
  CHECK(children(**parsed).size() == 2);
}

TEST_CASE("Types are known once a query is parsed") {
  const auto type_of = [](std::string_view query) { return (*parse_expr(query))->type(); };
  CHECK(type_of("1 + 2") == ValueType::kScalar);
  CHECK(type_of("1 + foo") == ValueType::kVector);
  CHECK(type_of("(-scalar(foo))") == ValueType::kScalar);
  CHECK(type_of("foo[5m]") == ValueType::kMatrix);
  CHECK(type_of("foo[5m:]") == ValueType::kMatrix);
  CHECK(type_of("\"x\"") == ValueType::kString);
  CHECK(type_of("sum(foo)") == ValueType::kVector);
}

TEST_CASE("Matching is set exactly where both sides are vectors") {
  const auto matching_of = [](std::string_view query) {
    const auto parsed = parse_expr(query);
    return static_cast<const BinaryExpr&>(**parsed).matching;
  };
  CHECK_FALSE(matching_of("1 + foo"));
  CHECK_FALSE(matching_of("foo > on() 1"));
  CHECK(matching_of("foo + bar")->card == Cardinality::kOneToOne);
  CHECK(matching_of("foo and bar")->card == Cardinality::kManyToMany);
  CHECK(matching_of("foo + on(a) group_left(b) bar")->card == Cardinality::kManyToOne);
  CHECK(matching_of("foo + on(a) group_right(b) bar")->include == std::vector<std::string>{"b"});
}

TEST_CASE("A series selector alone is parsed for match[]") {
  const auto good = parse_metric_selector("foo{a=\"b\"}");
  REQUIRE(good.has_value());
  REQUIRE(good->size() == 2);
  CHECK(model::match_all(*good, model::Labels{{"__name__", "foo"}, {"a", "b"}}));
  CHECK(parse_metric_selector("{\"foo\"}").has_value());
  CHECK(parse_metric_selector("  sum # x").has_value());

  const auto message = [](std::string_view text) { return parse_metric_selector(text).error().message; };
  CHECK(message("{a=~\".*\"}") == "match[] must contain at least one non-empty matcher");
  CHECK(message("foo[5m]") == "1:4: parse error: unexpected \"[\"");
  CHECK(message("sum(foo)") == "1:4: parse error: unexpected \"(\"");
  CHECK(message("1") == "1:1: parse error: unexpected number \"1\"");
  CHECK(message("") == "unknown position: parse error: unexpected end of input");
}

TEST_CASE("Every function of the language is in the table once") {
  CHECK(all_functions().size() == 90);
  std::size_t experimental = 0;
  for (const Function& function : all_functions()) {
    CHECK(find_function(function.name) == &function);
    experimental += function.experimental ? 1 : 0;
  }
  CHECK(experimental == 17);
  CHECK(find_function("nope") == nullptr);
  CHECK(find_function("") == nullptr);
}

TEST_CASE("Nesting has a limit with a position") {
  CHECK(parse_expr(repeat("(", 500) + "1" + repeat(")", 500)).has_value());
  CHECK(error_of(repeat("(", 600) + "1" + repeat(")", 600)) ==
        "1:513: parse error: the expression is nested deeper than 512 levels");
  CHECK(error_of(repeat("-", 600) + "1") == "1:513: parse error: the expression is nested deeper than 512 levels");
  CHECK(error_of("1" + repeat("^1", 600)) == "1:1027: parse error: the expression is nested deeper than 512 levels");
  CHECK(error_of("foo[" + repeat("(", 600)) == "1:517: parse error: the expression is nested deeper than 512 levels");
  CHECK(error_of("foo[1" + repeat("+1", 600) + "]") == "1:1030: parse error: the duration has more than 512 operators");
}

TEST_CASE("Chains of operators have a limit with a position") {
  CHECK(parse_expr("1" + repeat("+1", 1999)).has_value());
  CHECK(error_of("1" + repeat("+1", 2000)) ==
        "1:4000: parse error: the expression has more than 2000 levels of operators");
  CHECK(error_of("foo" + repeat("[1m:]", 2000)) ==
        "1:1: parse error: the expression has more than 2000 levels of operators");
}

TEST_CASE("A query longer than the limit is refused before it is read") {
  ParserOptions options;
  options.max_length = 10;
  CHECK(error_of("12345678901", options) == "the query has 11 bytes, more than the limit of 10");
}

TEST_CASE("A million bytes of anything end soon") {
  const std::size_t length = 1U << 20U;
  for (const std::string_view unit :
       {"(",  "-",  "1+",         "foo[",           "{a=\"b\",", "a", "1",     "\"", "#",  "\n",  "sum(",
        "a^", "1h", "sum by (a)", "foo offset 5m ", "a,",        "[", "fill ", "0x", "\\", "\xff"}) {
    CAPTURE(unit);
    (void)parse_expr(repeat(unit, length / unit.size()));
  }
  CHECK(parse_expr("foo{" + repeat("a=\"b\",", 150'000) + "}").has_value());
  CHECK(parse_expr("sum by (" + repeat("abc,", 200'000) + ") (foo)").has_value());
  CHECK(parse_expr("label_join(foo, \"x\", \"y\"" + repeat(",\"z\"", 200'000) + ")").has_value());
}
