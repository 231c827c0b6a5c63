// Expressions that people run: each parses, and its canonical text parses to an equal tree.

#include <functional>
#include <regex>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "base/strings.hpp"
#include "conformance/promql_parser/corpora.hpp"
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

/// True if the text parses and its canonical text is the same tree, and so is its clone.
bool survives_printing(std::string_view text, const parser::ParserOptions& options) {
  const auto parsed = parser::parse_expr(text, options);
  if (!parsed) {
    UNSCOPED_INFO(parsed.error().message);
    return false;
  }
  const std::string canonical = parser::to_string(**parsed);
  UNSCOPED_INFO("printed as " << canonical);
  const auto again = parser::parse_expr(canonical, options);
  if (!again) {
    UNSCOPED_INFO(again.error().message);
    return false;
  }
  return test::equal_trees(**parsed, **again) && test::equal_trees(**parsed, *parser::clone(**parsed)) &&
         parser::to_string(**again) == canonical;
}

}  // namespace

TEST_CASE("The expressions of public dashboards parse, and their canonical text is the same tree") {
  const auto folder = test::corpora();
  if (!folder) return;
  const std::string table = test::read(*folder + "/dashboards/exprs.tsv");
  int count = 0;
  bool header = true;
  for (const std::string_view line : split(table, '\n')) {
    if (header || line.empty()) {
      header = false;
      continue;
    }
    const auto columns = split(line, '\t');
    REQUIRE(columns.size() == 10);
    const std::string_view expr = columns[9];
    ++count;
    CAPTURE(expr);
    const bool is_selector = columns[2] == "series";
    if (is_selector) {
      CHECK(parser::parse_metric_selector(expr).has_value());
    } else {
      CHECK(survives_printing(expr, {}));
    }
  }
  CHECK(count == 1474);
}

TEST_CASE("The expressions of Prometheus' language tests parse, and their canonical text is the same tree") {
  const auto folder = test::corpora();
  if (!folder) return;
  const std::regex instant(R"(^eval(?:_fail|_warn|_ordered|_info)?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$)");
  const std::regex range(R"(^eval(?:_fail|_warn|_info)?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$)");
  int count = 0;
  for (const char* const name : {"aggregators",
                                 "at_modifier",
                                 "collision",
                                 "duration_expression",
                                 "extended_vectors",
                                 "fill-modifier",
                                 "functions",
                                 "histograms",
                                 "info",
                                 "limit",
                                 "literals",
                                 "name_label_dropping",
                                 "native_histograms",
                                 "operators",
                                 "range_queries",
                                 "selectors",
                                 "staleness",
                                 "start_timestamps",
                                 "subquery",
                                 "trig_functions",
                                 "type_and_unit"}) {
    const std::string text = test::read(*folder + "/promql/testdata/" + name + ".test");
    for (const std::string_view raw : split(text, '\n')) {
      const std::string line(trim(raw));
      std::smatch match;
      if (!std::regex_match(line, match, instant) && !std::regex_match(line, match, range)) continue;
      ++count;
      const std::string expr = match[match.size() - 1];
      CAPTURE(name, expr);
      CHECK(survives_printing(expr, everything()));
    }
  }
  CHECK(count == 1562);
}
