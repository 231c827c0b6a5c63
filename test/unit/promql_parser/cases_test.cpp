// The cases of test/data/promql_parser/cases.txt.

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "base/strings.hpp"
#include "promql/parser/parser.hpp"
#include "support/promql_tree.hpp"

using namespace tocsin;
namespace parser = promql::parser;

namespace {

parser::ParserOptions everything() {
  parser::ParserOptions options;
  options.experimental_functions = true;
  options.binop_fill_modifiers = true;
  options.extended_range_selectors = true;
  return options;
}

/// "\n" stands for a line break where no string could hold it.
std::string with_line_breaks(const std::string& text) {
  return text.find_first_of("\"'`") == std::string::npos || text.find('#') != std::string::npos
             ? replace_all(text, "\\n", "\n")
             : text;
}

}  // namespace

TEST_CASE("A query has its canonical text, which is the same tree, or its error") {
  std::ifstream file(TOCSIN_TEST_DATA "/cases.txt");
  REQUIRE(file);
  int count = 0;
  std::string query;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    REQUIRE(line.size() >= 2);
    const std::string text = line.substr(2);
    if (line[0] == '>') {
      query = with_line_breaks(text);
      continue;
    }
    CAPTURE(query);
    ++count;
    const auto parsed = parser::parse_expr(query, everything());
    if (line[0] == '!') {
      if (parsed) {
        FAIL_CHECK("parsed as " << parser::to_string(**parsed));
      } else {
        CHECK(parsed.error().message == text);
      }
      continue;
    }
    if (!parsed) {
      FAIL_CHECK(parsed.error().message);
      continue;
    }
    CHECK(parser::to_string(**parsed) == text);
    const auto again = parser::parse_expr(text, everything());
    REQUIRE(again.has_value());
    CHECK(test::equal_trees(**parsed, **again));
    CHECK(test::equal_trees(**parsed, *parser::clone(**parsed)));
  }
  CHECK(count > 150);
}
