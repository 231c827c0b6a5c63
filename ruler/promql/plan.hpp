#pragma once
// From a preprocessed tree to operators.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/operator.hpp"
#include "promql/parser/ast.hpp"
#include "promql/parser/functions.hpp"
#include "promql/range_call.hpp"
#include "promql/range_call_group.hpp"
#include "promql/sample_account.hpp"
#include "promql/shared_result.hpp"

namespace tocsin::promql {

/// First and last time that the selectors of a plan look at; nothing if it has none.
struct TimeBounds {
  std::optional<Timestamp> start, end;
  void add(Timestamp from, Timestamp to);
};

/// Builds operators; they read nothing before they are asked for their first series. The tree outlives them.
/// Equal subtrees become one result that is found once (shared_result.hpp).
/// Errors: kExecution where Prometheus fails at run time.
class PlanBuilder {
 public:
  /// @param per_step  whether samples are also counted for each step.
  PlanBuilder(QueryContext& context, const parser::Expr& root, bool per_step);

  Result<VectorOperatorPtr> vector(const parser::Expr& expr, const Grid& grid) { return vector(expr, grid, {}); }
  Result<ScalarOperatorPtr> scalar(const parser::Expr& expr, const Grid& grid);
  /// Of a matrix selector or a subquery.
  /// @param needs  of a function that can do with digests of its windows.
  Result<RangeArgument> range(const parser::Expr& expr, const Grid& grid, std::string_view around,
                              const std::optional<DigestNeeds>& needs = std::nullopt);
  const TimeBounds& bounds() const { return bounds_; }
  /// What the operators count while they run. The builder outlives them.
  const SampleAccounts& accounts() const { return accounts_; }

 private:
  Result<VectorOperatorPtr> vector(const parser::Expr& expr, const Grid& grid, std::string_view around);
  /// Builds a part of the query with an account of its own, below that of the part around it.
  template <typename Build>
  auto accounted(SampleAccount::Kind kind, const Grid& grid, Build build) {
    SampleAccount& own = accounts_.open(kind, grid.count, read_steps_);
    if (account_ != nullptr) account_->add_child(own);
    SampleAccount* const outer = std::exchange(account_, &own);
    auto built = build(own);
    account_ = outer;
    return built;
  }
  template <typename Build>
  auto within(const parser::Expr& expr, Build build) {
    const Scope outer = std::exchange(scope_, scope_.within(expr));
    auto built = build();
    scope_ = outer;
    return built;
  }
  Result<VectorOperatorPtr> build(const parser::Expr& expr, const Grid& grid, std::string_view around);
  Result<VectorOperatorPtr> selector(const parser::VectorSelector& selector, const Grid& grid, std::string_view around,
                                     Take take);
  Result<VectorOperatorPtr> unary(const parser::UnaryExpr& unary, const Grid& grid, std::string_view around);
  Result<VectorOperatorPtr> binary(const parser::BinaryExpr& binary, const Grid& grid);
  Result<VectorOperatorPtr> aggregate(const parser::AggregateExpr& aggregate, const Grid& grid);
  Result<VectorOperatorPtr> call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> range_call(const parser::Call& call, std::size_t range_argument, const Grid& grid);
  Result<VectorOperatorPtr> vector_call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> label_call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> clamp_call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> histogram_call(const parser::Call& call, const Grid& grid);
  RangeCallPlace range_call_place(const parser::Call& call);
  static Result<MakeRangeFunction> range_function(const parser::Call& call, std::size_t range_argument);
  Result<VectorOperatorPtr> info_call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> start_timestamp_call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> sort_call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> timestamp_call(const parser::Call& call, const Grid& grid);
  Result<VectorOperatorPtr> argument(const parser::Call& call, std::size_t index, const Grid& grid);
  Result<VectorOperatorPtr> step_invariant(const parser::StepInvariantExpr& expr, const Grid& grid,
                                           std::string_view around);
  Result<RangeArgument> subquery(const parser::SubqueryExpr& subquery, const Grid& grid, std::string_view around);
  Result<ScalarOperatorPtr> build_scalar(const parser::Expr& expr, const Grid& grid);
  Result<ScalarOperatorPtr> scalar_call(const parser::Call& call, const Grid& grid);

  QueryContext& context_;
  TimeBounds bounds_;
  SharedResults shared_;
  std::unordered_map<std::string, std::shared_ptr<RangeCallGroup>> groups_;  // by selector
  Scope scope_;  // of what is built
  SampleAccounts accounts_;
  SampleAccount* account_ = nullptr;  // of what is built
  ReadSteps read_steps_;
};

}  // namespace tocsin::promql
