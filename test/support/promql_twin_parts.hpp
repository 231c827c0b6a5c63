#pragma once
// What the files of the naive twin share: small things about labels, samples and trees.

#include <string>
#include <utility>
#include <vector>

#include "support/promql_twin.hpp"

namespace tocsin::test::twin {

/// Adds a result; throws TwinError if there is one with these labels.
void put(TwinVector& vector, const model::Labels& labels, TwinPoint value);
/// Without the metric's name, type and unit.
model::Labels nameless(const model::Labels& labels);
/// What these names keep (`keep`) or leave.
model::Labels group_of(const model::Labels& labels, const std::vector<std::string>& names, bool keep);

/// Is it a staleness marker?
bool is_end(const TwinPoint& point);
/// Count and sum alone.
TwinPoint without_buckets(const TwinPoint& point);
/// Counts and sums alone; says of each histogram but the first whether there was a reset before it, if that is not
/// known.
TwinWindow without_buckets(const TwinWindow& samples);

/// The expression within parentheses.
const promql::parser::Expr& strip(const promql::parser::Expr& expr);
/// That of a literal.
std::string text_of(const promql::parser::Expr& expr);

/// Sets a flag as long as it lives.
class While {
 public:
  explicit While(bool& flag, bool on = true) : flag_(flag), before_(std::exchange(flag, flag || on)) {}
  ~While() { flag_ = before_; }
  While(const While&) = delete;
  While& operator=(const While&) = delete;

 private:
  bool& flag_;
  bool before_;
};

}  // namespace tocsin::test::twin
