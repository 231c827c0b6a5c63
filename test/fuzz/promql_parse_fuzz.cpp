// Any bytes as a query: a tree whose canonical text is the same tree, or an error with its position. The first byte
// chooses the feature switches.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "promql/parser/parser.hpp"
#include "support/promql_tree.hpp"

namespace {

using namespace tocsin;
namespace parser = promql::parser;

void require(bool condition, const char* what, std::string_view text) {
  if (condition) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

/// Times that a double cannot tell apart do not survive printing; Prometheus prints them as doubles too.
bool is_exact(std::int64_t value) {
  return std::llabs(value / 1000) < (1LL << 40);
}

bool has_inexact_times(const parser::Expr& expr) {
  for (const parser::Expr* child : parser::children(expr)) {
    if (has_inexact_times(*child)) return true;
  }
  const auto inexact = [](const parser::DurationValue& d, const parser::AtModifier& at) {
    return !is_exact(d.value.count() / 1000) || !is_exact(at.t);
  };
  if (expr.kind == parser::NodeKind::kVectorSelector) {
    const auto& node = static_cast<const parser::VectorSelector&>(expr);
    return inexact(node.offset, node.at);
  }
  if (expr.kind == parser::NodeKind::kMatrixSelector) {
    return inexact(static_cast<const parser::MatrixSelector&>(expr).range, {});
  }
  if (expr.kind == parser::NodeKind::kSubquery) {
    const auto& node = static_cast<const parser::SubqueryExpr&>(expr);
    return inexact(node.offset, node.at) || inexact(node.range, {}) || inexact(node.step, {});
  }
  return false;
}

void check_error(const Error& error) {
  require(error.code == Errc::kInvalid, "wrong code", error.message);
  const bool placed =
      error.message.find(": parse error: ") != std::string::npos && !error.message.starts_with("invalid position");
  require(placed || error.message.starts_with("the query has "), "no position", error.message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parser::ParserOptions options;
  const unsigned switches = size > 0 ? data[0] : 0;
  options.experimental_functions = (switches & 1U) != 0;
  options.binop_fill_modifiers = (switches & 2U) != 0;
  options.extended_range_selectors = (switches & 4U) != 0;
  // A copy of exactly this size, so that a read behind the query is seen.
  const std::string query(reinterpret_cast<const char*>(data) + (size > 0 ? 1 : 0), size > 0 ? size - 1 : 0);
  (void)parser::parse_metric_selector(query);
  const auto parsed = parser::parse_expr(query, options);
  if (!parsed) {
    check_error(parsed.error());
    return 0;
  }
  const std::string text = parser::to_string(**parsed);
  const auto again = parser::parse_expr(text, options);
  require(again.has_value(), "the canonical text does not parse", text);
  require(parser::to_string(*parser::clone(**parsed)) == text, "the clone differs", text);
  if (has_inexact_times(**parsed)) return 0;
  require(test::equal_trees(**parsed, **again), "the canonical text is another tree", text);
  require(parser::to_string(**again) == text, "the canonical text is not canonical", text);
  return 0;
}
