#pragma once
// From operators to values.

#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/operator.hpp"
#include "promql/range_call.hpp"
#include "promql/value.hpp"

namespace tocsin::promql {

/// The samples of the only step, in the order of the stream.
Result<Vector> collect_vector(QueryContext& context, const Grid& grid, VectorOperator& source);
/// Series in order of labels.
Result<Matrix> collect_matrix(QueryContext& context, const Grid& grid, VectorOperator& source);
/// The samples in (last reference − range, last reference], series in order of labels.
Result<Matrix> collect_range(QueryContext& context, const Grid& grid, const RangeArgument& range);

}  // namespace tocsin::promql
