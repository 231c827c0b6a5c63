#pragma once
// What rules need from the outside: somebody who answers queries, and somebody who takes alerts.

#include <functional>
#include <vector>

#include "base/result.hpp"
#include "model/alert.hpp"
#include "promql/engine.hpp"
#include "promql/parser/ast.hpp"
#include "storage/storage.hpp"

namespace tocsin::rules {

/// Evaluates an expression at a time over a view of the data. Thread: a worker.
using QueryFn = std::function<Result<promql::QueryResult>(storage::Queryable&, const promql::parser::Expr&, Timestamp)>;

/// Takes alerts, firing and resolved. Thread: any; must not block.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual void post(std::vector<model::AlertPtr> alerts) = 0;
};

}  // namespace tocsin::rules
