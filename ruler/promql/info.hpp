#pragma once
// info(v, {selector}): series get labels of the info series (target_info, ...) that have their job and instance.
// Source: Prometheus promql/info.go.

#include <vector>

#include "model/matcher.hpp"
#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/operator.hpp"
#include "promql/parser/ast.hpp"
#include "promql/selector.hpp"

namespace tocsin::promql {

/// When info series are looked at: as the first selector in `expr` looks, by its `@` and offsets and those of the
/// subqueries around it.
Reference info_reference(const parser::Expr& expr);

/// @param matchers  of the second argument: names of info metrics, and labels that are taken (all if there are none).
/// @param chosen    there is a second argument.
VectorOperatorPtr make_info(QueryContext& context, const Grid& grid, VectorOperatorPtr base, Reference reference,
                            std::vector<model::Matcher> matchers, bool chosen);

}  // namespace tocsin::promql
