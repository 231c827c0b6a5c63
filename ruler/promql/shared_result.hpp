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
#include "promql/sample_account.hpp"

namespace tocsin::promql {

/// Where an expression stands, as far as its result depends on it.
struct Scope {
  std::string text;      // differs if the result may
  bool counts = false;   // within histogram_count, histogram_sum or histogram_avg
  bool buckets = false;  // within a subquery, or within what needs buckets

  /// Inside of `expr`.
  Scope within(const parser::Expr& expr) const;
  /// Whether buckets of histograms do not matter. Then Prometheus reads count and sum alone, and finds resets as it
  /// reads: hints are known where they would not be otherwise.
  bool counts_only() const { return counts && !buckets; }
};

/// Knows which subtrees occur more than once, by text and by the subqueries around them (which make their grid).
/// If the first evaluation had something to say (annotations carry positions), the others are evaluated too, so that
/// every position is right.
class SharedResults {
 public:
  explicit SharedResults(const parser::Expr& root);
  /// The operator itself, or one that shares its result with its equals.
  VectorOperatorPtr share(QueryContext& context, const Grid& grid, const Scope& scope, const parser::Expr& expr,
                          SampleAccount& account, VectorOperatorPtr own);
  bool any() const { return !results_.empty(); }
  /// And a text that is not too long to be made for parts of it.
  bool has_several_selectors() const { return several_selectors_; }

  struct State;

 private:
  bool several_selectors_ = false;
  std::unordered_map<std::string, std::shared_ptr<State>> results_;  // of what occurs more than once
};

}  // namespace tocsin::promql
