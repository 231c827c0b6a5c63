#pragma once
// What rules need from the outside: somebody who answers queries, and somebody who takes alerts.

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/alert.hpp"
#include "promql/engine.hpp"
#include "promql/parser/ast.hpp"
#include "storage/storage.hpp"

namespace tocsin::rules {

/// What a rule asks, or a template of one. Views are valid for the call.
struct RuleQuery {
  const promql::parser::Expr& expr;
  Timestamp at = 0;
  std::string_view text;         // of `expr`
  std::string_view file, group;  // who asks
};
/// Answers it over a view of the data. Thread: a worker.
using QueryFn = std::function<Result<promql::QueryResult>(storage::Queryable&, const RuleQuery&)>;

/// Takes alerts, firing and resolved. Thread: any; must not block.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual void post(std::vector<model::AlertPtr> alerts) = 0;
};

}  // namespace tocsin::rules
