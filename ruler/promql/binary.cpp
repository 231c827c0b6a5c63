#include "promql/binary.hpp"

#include <cmath>
#include <optional>
#include <utility>

#include "model/histogram_compact.hpp"
#include "model/histogram_math.hpp"
#include "promql/functions.hpp"
#include "promql/materialize.hpp"

namespace tocsin::promql {
namespace {

using parser::BinaryOp;

model::HistogramPtr share(model::FloatHistogram histogram) {
  histogram.integer = false;
  model::compact(histogram, 0);
  return std::make_shared<const model::FloatHistogram>(std::move(histogram));
}

model::HistogramPtr scaled(model::FloatHistogram histogram, double factor) {
  model::multiply(histogram, factor);
  return share(std::move(histogram));
}

/// Sum or difference; null, with a warning, if exponential and custom buckets meet, or if one side says that there was
/// a reset before it and the other that there was none.
model::HistogramPtr combined(QueryContext& context, const parser::BinaryExpr& expr, const model::FloatHistogram& left,
                             const model::FloatHistogram& right) {
  const bool sum = expr.op == BinaryOp::kAdd;
  if (!model::are_compatible(left, right)) {
    context.annotations().incompatible_bucket_layout(parser::binary_op_text(expr.op), expr.pos);
    return nullptr;
  }
  model::FloatHistogram result = left;
  const model::HistogramNotes notes = sum ? model::add(result, right) : model::subtract(result, right);
  if (!sum) result.reset_hint = model::CounterReset::kGauge;
  const std::string_view name = sum ? "addition" : "subtraction";
  if (notes.reset_collision) {
    context.annotations().counter_reset_collision(name, expr.pos);
    return nullptr;
  }
  if (notes.bounds_reconciled) context.annotations().mismatched_custom_buckets(name, expr.pos);
  return share(std::move(result));
}

/// The histogram in the middle of `histogram op number`; null if they do not go together.
model::HistogramPtr with_number(BinaryOp op, const model::FloatHistogram& histogram, double number) {
  model::FloatHistogram result = histogram;
  switch (op) {
    case BinaryOp::kMul:
      model::multiply(result, number);
      break;
    case BinaryOp::kDiv:
      model::divide(result, number);
      break;
    case BinaryOp::kTrimUpper:
      model::trim_above(result, number);
      break;
    case BinaryOp::kTrimLower:
      model::trim_below(result, number);
      break;
    default:
      return nullptr;
  }
  return share(std::move(result));
}

class ScalarBinary final : public ScalarOperator {
 public:
  ScalarBinary(BinaryOp op, ScalarOperatorPtr left, ScalarOperatorPtr right)
      : op_(op), left_(std::move(left)), right_(std::move(right)) {}

  Result<std::vector<double>> values() override {
    TOCSIN_TRY(std::vector<double> out, left_->values());
    TOCSIN_TRY(const std::vector<double> right, right_->values());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const BinaryResult result = apply_binary(op_, out[i], right[i]);
      out[i] = parser::is_comparison(op_) ? (result.keep ? 1 : 0) : result.value;
    }
    return out;
  }

 private:
  BinaryOp op_;
  ScalarOperatorPtr left_, right_;
};

class VectorScalarBinary final : public VectorOperator {
 public:
  VectorScalarBinary(QueryContext& context, const parser::BinaryExpr& expr, VectorOperatorPtr vector,
                     ScalarOperatorPtr scalar, bool scalar_left)
      : context_(context),
        expr_(expr),
        vector_(std::move(vector)),
        scalar_(std::move(scalar)),
        scalar_left_(scalar_left) {}

  Result<bool> next(Column& out) override {
    if (!scalars_) {
      TOCSIN_TRY(scalars_, scalar_->values());
    }
    for (;;) {
      TOCSIN_TRY(const bool more, vector_->next(out));
      if (!more) return false;
      TOCSIN_OK(context_.spend(out.span()));
      apply(out);
      if (!out.trim()) continue;
      if (changes_metric(expr_.op) || expr_.return_bool) {
        drop_metadata(context_, out);
        TOCSIN_OK(guard_.admit(out));
      }
      return true;
    }
  }
  bool whole() const override { return !changes_metric(expr_.op) && !expr_.return_bool && vector_->whole(); }

 private:
  void apply(Column& column) {
    const bool comparison = parser::is_comparison(expr_.op);
    const std::vector<double>& scalars = *scalars_;
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0) continue;
      if (column.is_histogram(i)) {
        apply_to_histogram(column, i);
        continue;
      }
      const double value = column.values[i];
      const BinaryResult result =
          scalar_left_ ? apply_binary(expr_.op, scalars[i], value) : apply_binary(expr_.op, value, scalars[i]);
      if (!comparison && !result.keep) {
        column.present[i] = 0;
        context_.annotations().incompatible_types("float", parser::binary_op_text(expr_.op), "float", expr_.pos);
      } else if (!comparison) {
        column.values[i] = result.value;
      } else if (expr_.return_bool) {
        column.values[i] = result.keep ? 1 : 0;
      } else if (!result.keep) {
        column.present[i] = 0;  // what is kept is the vector's value, on whichever side it stands
      }
    }
  }

  void apply_to_histogram(Column& column, std::size_t i) {
    const Operand histogram{0, column.histograms[i].get()};
    const Operand scalar{(*scalars_)[i], nullptr};
    MixedResult result = scalar_left_ ? apply_binary(context_, expr_, scalar, histogram)
                                      : apply_binary(context_, expr_, histogram, scalar);
    if (result.defined) {
      column.histograms[i] = std::move(result.histogram);
    } else {
      column.present[i] = 0;
    }
  }

  QueryContext& context_;
  const parser::BinaryExpr& expr_;
  VectorOperatorPtr vector_;
  ScalarOperatorPtr scalar_;
  bool scalar_left_;
  std::optional<std::vector<double>> scalars_;
  DuplicateGuard guard_;
};

class VectorNegation final : public VectorOperator {
 public:
  VectorNegation(QueryContext& context, VectorOperatorPtr input) : context_(context), input_(std::move(input)) {}

  Result<bool> next(Column& out) override {
    TOCSIN_TRY(const bool more, input_->next(out));
    if (!more) return false;
    TOCSIN_OK(context_.spend(out.span()));
    for (std::size_t i = out.begin; i < out.end; ++i) {
      out.values[i] = -out.values[i];
      if (out.is_histogram(i)) out.histograms[i] = scaled(*out.histograms[i], -1);
    }
    drop_metadata(context_, out);
    TOCSIN_OK(guard_.admit(out));
    return true;
  }

 private:
  QueryContext& context_;
  VectorOperatorPtr input_;
  DuplicateGuard guard_;
};

}  // namespace

BinaryResult apply_binary(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::kAdd:
      return {left + right};
    case BinaryOp::kSub:
      return {left - right};
    case BinaryOp::kMul:
      return {left * right};
    case BinaryOp::kDiv:
      return {left / right};
    case BinaryOp::kMod:
      return {std::fmod(left, right)};
    case BinaryOp::kPow:
      return {std::pow(left, right)};
    case BinaryOp::kAtan2:
      return {std::atan2(left, right)};
    case BinaryOp::kEq:
      return {left, left == right};
    case BinaryOp::kNe:
      return {left, left != right};
    case BinaryOp::kLt:
      return {left, left < right};
    case BinaryOp::kGt:
      return {left, left > right};
    case BinaryOp::kLe:
      return {left, left <= right};
    case BinaryOp::kGe:
      return {left, left >= right};
    default:
      return {0, false};  // trims work on histograms; set operators are not here
  }
}

MixedResult apply_binary(QueryContext& context, const parser::BinaryExpr& expr, const Operand& left,
                         const Operand& right) {
  const BinaryOp op = expr.op;
  model::HistogramPtr result;
  if (left.histogram && right.histogram) {
    if (op == BinaryOp::kEq || op == BinaryOp::kNe) {
      return {true, model::equal_values(*left.histogram, *right.histogram) == (op == BinaryOp::kEq), nullptr};
    }
    if (op == BinaryOp::kAdd || op == BinaryOp::kSub) {
      result = combined(context, expr, *left.histogram, *right.histogram);
      return {result != nullptr, true, result};
    }
  } else if (left.histogram) {
    result = with_number(op, *left.histogram, right.value);
  } else if (op == BinaryOp::kMul) {
    result = scaled(*right.histogram, left.value);
  }
  if (result == nullptr) {
    context.annotations().incompatible_types(left.histogram ? "histogram" : "float", parser::binary_op_text(op),
                                             right.histogram ? "histogram" : "float", expr.pos);
  }
  return {result != nullptr, true, result};
}

bool changes_metric(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
    case BinaryOp::kPow:
    case BinaryOp::kAtan2:
      return true;
    default:
      return false;
  }
}

Grouping match_grouping(const parser::VectorMatching& matching) {
  return {matching.labels, !matching.on};
}

ScalarOperatorPtr make_scalar_binary(const parser::BinaryExpr& expr, ScalarOperatorPtr left, ScalarOperatorPtr right) {
  return std::make_unique<ScalarBinary>(expr.op, std::move(left), std::move(right));
}

VectorOperatorPtr make_vector_scalar_binary(QueryContext& context, const parser::BinaryExpr& expr,
                                            VectorOperatorPtr vector, ScalarOperatorPtr scalar, bool scalar_left) {
  return std::make_unique<VectorScalarBinary>(context, expr, std::move(vector), std::move(scalar), scalar_left);
}

VectorOperatorPtr make_vector_negation(QueryContext& context, VectorOperatorPtr input) {
  return std::make_unique<VectorNegation>(context, std::move(input));
}

}  // namespace tocsin::promql
