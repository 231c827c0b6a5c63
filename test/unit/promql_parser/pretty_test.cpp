// Long expressions over several lines. Source: Prometheus promql/parser/prettier.go.

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "promql/parser/parser.hpp"

using namespace tocsin;
using namespace tocsin::promql::parser;

namespace {

/// `$a`, `$b`, `$c` stand for names of 60 letters, so that any two of them do not fit a line.
std::string long_names(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$') {
      out.append(60, text[++i]);
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string pretty(std::string_view text) {
  const auto expr = parse_expr(long_names(text));
  INFO((expr ? std::string() : expr.error().message));
  REQUIRE(expr);
  return to_pretty_string(**expr);
}

}  // namespace

TEST_CASE("what fits 100 bytes stays on its line") {
  CHECK(pretty("sum( $a )by(job)") == long_names("sum by (job) ($a)"));
  CHECK(pretty("1") == "1");
  CHECK(pretty("$a{l=\"" + std::string(200, 'x') + "\"}") == long_names("$a{l=\"" + std::string(200, 'x') + "\"}"));
  CHECK(pretty(std::string(100, 'a')) == std::string(100, 'a'));
}

TEST_CASE("what does not is split at its operators and parentheses, two blanks a level") {
  struct Case {
    std::string_view text, pretty;
  };
  const Case cases[] = {
      {"$a+$b", "  $a\n+\n  $b"},
      {"$a + on(x) group_left(y) $b + $c", "    $a\n  + on (x) group_left (y)\n    $b\n+\n  $c"},
      {"$a > bool $b", "  $a\n> bool\n  $b"},
      {"sum without(job) ($a + $b)", "sum without (job) (\n    $a\n  +\n    $b\n)"},
      {"topk(3, $a + $b)", "topk(\n  3,\n    $a\n  +\n    $b\n)"},
      {"label_replace($a + $b, \"x\", \"$1\", \"y\", \"z\")",
       "label_replace(\n    $a\n  +\n    $b,\n  \"x\",\n  \"$1\",\n  \"y\",\n  \"z\"\n)"},
      {"($a + $b)", "(\n    $a\n  +\n    $b\n)"},
      {"-($a + $b)", "-(\n    $a\n  +\n    $b\n)"},
      {"max_over_time(($a + $b)[5m:1m] offset 1h)",
       "max_over_time(\n  (\n      $a\n    +\n      $b\n  )[5m:1m] offset 1h\n)"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(pretty(c.text) == long_names(c.pretty));
  }
}

TEST_CASE("what was split reads back as the same expression") {
  for (const std::string_view text : {"$a + on(x) group_left(y) $b * $c", "-sum(rate($a[5m])) by (x) / -($b + $c)",
                                      "topk(3, $a + $b) or quantile(0.9, $c @ end())"}) {
    const auto expr = parse_expr(long_names(text));
    REQUIRE(expr);
    const auto again = parse_expr(to_pretty_string(**expr));
    REQUIRE(again);
    CHECK(to_string(**again) == to_string(**expr));
  }
}
