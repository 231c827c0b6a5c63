#pragma once
// Binary operators.

#include <string>
#include <string_view>
#include <vector>

#include "model/histogram.hpp"
#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/label_ops.hpp"
#include "promql/operator.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql {

/// What an operator makes of two floats. A comparison keeps the left one if `keep`.
struct BinaryResult {
  double value = 0;
  bool keep = true;
};
BinaryResult apply_binary(parser::BinaryOp op, double left, double right);

/// + - * / % ^ atan2: the result is no longer the metric it was.
bool changes_metric(parser::BinaryOp op);

ScalarOperatorPtr make_scalar_binary(const parser::BinaryExpr& expr, ScalarOperatorPtr left, ScalarOperatorPtr right);

/// @param scalar_left  the scalar stands on the left.
VectorOperatorPtr make_vector_scalar_binary(QueryContext& context, const parser::BinaryExpr& expr,
                                            VectorOperatorPtr vector, ScalarOperatorPtr scalar, bool scalar_left);

/// Arithmetic and comparisons of two vectors. `expr` outlives the operator.
VectorOperatorPtr make_matched_binary(QueryContext& context, const Grid& grid, const parser::BinaryExpr& expr,
                                      VectorOperatorPtr left, VectorOperatorPtr right);

/// and, or, unless.
VectorOperatorPtr make_set_operator(QueryContext& context, const Grid& grid, const parser::BinaryExpr& expr,
                                    VectorOperatorPtr left, VectorOperatorPtr right);

/// -v, with the metric's name gone.
VectorOperatorPtr make_vector_negation(QueryContext& context, VectorOperatorPtr input);

Grouping match_grouping(const parser::VectorMatching& matching);

/// A float, or a histogram if `histogram`.
struct Operand {
  double value = 0;
  const model::FloatHistogram* histogram = nullptr;
};

/// What an operator makes of operands of which at least one is a histogram.
struct MixedResult {
  bool defined = false;           // they go together
  bool keep = false;              // of a comparison: its result
  model::HistogramPtr histogram;  // of arithmetic
};
/// What does not go together gets Prometheus' note and no result.
MixedResult apply_binary(QueryContext& context, const parser::BinaryExpr& expr, const Operand& left,
                         const Operand& right);

}  // namespace tocsin::promql
