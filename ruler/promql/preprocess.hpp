#pragma once
// What can be settled before a query runs, once its times are known.

#include <cstdint>

#include "base/result.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql {

struct QueryTimes {
  Timestamp start = 0;
  Timestamp end = 0;
  std::int64_t step_ms = 0;  // 0: instant query
};

/// A copy of the tree in which
/// * start(), end(), range() and step() are numbers, duration expressions have their value,
/// * `@ start()` and `@ end()` are times,
/// * arguments of functions and aggregations stand without parentheses,
/// * what has the same value at each step is a StepInvariantExpr (the topmost node of such a part).
/// Source: Prometheus promql/engine.go (PreprocessExpr), promql/durations.go.
/// @return kInvalid if a duration expression has no useful value.
Result<parser::ExprPtr> preprocess(const parser::Expr& expr, const QueryTimes& times);

}  // namespace tocsin::promql
