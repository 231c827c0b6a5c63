#pragma once
// Equal parts of a query are evaluated once: sum(x) / count(x) reads x once.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/operator.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql {

/// Knows which subtrees occur more than once, by text and by the subqueries around them (which make their grid).
/// If the first evaluation had something to say (annotations carry positions), the others are evaluated too, so that
/// every position is right.
class SharedResults {
 public:
  explicit SharedResults(const parser::Expr& root);
  /// The operator itself, or one that shares its result with its equals.
  VectorOperatorPtr share(QueryContext& context, const Grid& grid, const std::string& scope, const parser::Expr& expr,
                          VectorOperatorPtr own);
  bool any() const { return !results_.empty(); }
  /// The scope inside of `expr`: another one if its parts have a grid of their own.
  static std::string scope_within(const std::string& scope, const parser::Expr& expr);

  struct State;

 private:
  std::unordered_map<std::string, std::shared_ptr<State>> results_;  // of what occurs more than once
};

}  // namespace tocsin::promql
