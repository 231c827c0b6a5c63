#pragma once
// The parts of a plan. A vector operator hands out its series one after the other, each with its values at all steps,
// so that a plan holds in memory only what its nature demands.
//
// Fragments: a stream may hand out the same labels more than once, as long as no step has two samples of them (`a or
// b`, or a name that was dropped). Operators that need whole series put them together (materialize.hpp).

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "promql/column.hpp"

namespace tocsin::promql {

/// Thread: one. Made for one grid, used once.
class VectorOperator {
 public:
  VectorOperator() = default;
  VectorOperator(const VectorOperator&) = delete;
  VectorOperator& operator=(const VectorOperator&) = delete;
  virtual ~VectorOperator() = default;
  /// Replaces `out` by the next series that has a sample; false at the end. `out` may be the same at each call.
  virtual Result<bool> next(Column& out) = 0;
  /// True if it never hands out fragments.
  virtual bool whole() const { return false; }
};
using VectorOperatorPtr = std::unique_ptr<VectorOperator>;

/// A scalar has a value at each step.
class ScalarOperator {
 public:
  ScalarOperator() = default;
  ScalarOperator(const ScalarOperator&) = delete;
  ScalarOperator& operator=(const ScalarOperator&) = delete;
  virtual ~ScalarOperator() = default;
  /// Called once.
  virtual Result<std::vector<double>> values() = 0;
};
using ScalarOperatorPtr = std::unique_ptr<ScalarOperator>;

}  // namespace tocsin::promql
