// Any bytes as the query of /api/v1/format_query and parse_query: what parses is printed over several lines so that it
// reads back as the same expression, and its tree is JSON.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "api/ast_json.hpp"
#include "promql/parser/parser.hpp"

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  promql::parser::ParserOptions options;
  options.experimental_functions = options.binop_fill_modifiers = options.extended_range_selectors = true;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expr = promql::parser::parse_expr(text, options);
  if (!expr) return 0;
  const auto again = promql::parser::parse_expr(promql::parser::to_pretty_string(**expr), options);
  require(again.has_value(), "what was printed over several lines does not parse");
  // Times that a double cannot tell apart change when they are printed, on one line as on several.
  const auto on_one_line = promql::parser::parse_expr(promql::parser::to_string(**expr), options);
  require(on_one_line.has_value(), "what was printed does not parse");
  require(promql::parser::to_string(**again) == promql::parser::to_string(**on_one_line), "it is another expression");

  std::string tree;
  api::JsonWriter json(tree);
  api::write_ast(json, **expr);
  boost::json::error_code wrong;
  boost::json::parse_options json_options;
  json_options.max_depth = 100'000;
  (void)boost::json::parse(tree, wrong, {}, json_options);
  require(!wrong, "the tree is no JSON");
  return 0;
}
