#pragma once
// What the grammar does not say: types of operands and arguments, matching, what a selector must contain.

#include <string_view>

#include "base/result.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql::parser {

/// Checks a tree as it comes from the parser and finishes it: set operators become many-to-many, matching is dropped
/// where a side is no vector. The error is the first that Prometheus would report. Source: promql/parser/parse.go
/// (checkAST).
Result<void> check_types(Expr& expr, std::string_view query);

}  // namespace tocsin::promql::parser
