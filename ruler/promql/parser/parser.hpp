#pragma once
// Text to checked syntax tree.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "promql/parser/ast.hpp"
#include "promql/parser/functions.hpp"

namespace tocsin::promql::parser {

struct ParserOptions {
  bool experimental_functions = false;    // promql-experimental-functions
  bool binop_fill_modifiers = false;      // promql-binop-fill-modifiers
  bool extended_range_selectors = false;  // promql-extended-range-selectors
  std::size_t max_depth = 512;            // nesting: parentheses, calls, signs
  std::size_t max_height = 2000;          // of the tree: `a + b + c` is 3 high; walks of it recurse
  std::size_t max_length = 1U << 20U;     // bytes of the query
};

/// Parses and type-checks. Thread: any.
/// @return kInvalid with Prometheus' text: `1:5: parse error: unexpected ...` (line:column, both from 1; columns count
/// bytes).
Result<ExprPtr> parse_expr(std::string_view query, const ParserOptions& options = {});

/// `{a="b"}` or `name{a="b"}`: what match[] takes. At least one matcher must not match the empty string.
Result<std::vector<model::Matcher>> parse_metric_selector(std::string_view text);
/// The same, where all series may be meant: `{}`, `{__name__=~".*"}`.
Result<std::vector<model::Matcher>> parse_any_metric_selector(std::string_view text);

/// The canonical text; parse_expr() of it gives an equal tree.
std::string to_string(const Expr& expr);
/// The same over several indented lines where a part is longer than 100 bytes: what `promtool promql format` prints.
std::string to_pretty_string(const Expr& expr);

/// "line:column", from 1, of a byte offset.
std::string line_column(std::string_view query, std::uint32_t offset);

/// The children in order of evaluation; for walking.
std::vector<const Expr*> children(const Expr& expr);

/// All vector selectors of the tree, with the path of parents from the root.
std::vector<const VectorSelector*> selectors(const Expr& expr);

ExprPtr clone(const Expr& expr);

}  // namespace tocsin::promql::parser
