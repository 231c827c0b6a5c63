// Calls of functions: which name is which operator.

#include <algorithm>
#include <numbers>
#include <utility>

#include "base/check.hpp"
#include "promql/binary.hpp"
#include "promql/functions.hpp"
#include "promql/parser/functions.hpp"
#include "promql/plan.hpp"

namespace tocsin::promql {
namespace {

using parser::NodeKind;
using parser::ValueType;

std::unexpected<Error> unsupported_function(std::string_view name) {
  return fail(Errc::kUnsupported, "the function {}() is not supported yet", name);
}

/// Type checking saw to it that it is one, maybe in parentheses.
const std::string& text_of(const parser::Expr& expr) {
  const parser::Expr* inner = &expr;
  while (inner->kind == NodeKind::kParen) inner = static_cast<const parser::ParenExpr&>(*inner).expr.get();
  check(inner->kind == NodeKind::kString, "BUG: a string literal was expected as argument of a function");
  return static_cast<const parser::StringLiteral&>(*inner).value;
}

model::Labels absent_labels(const parser::Expr& argument) {
  if (argument.kind == NodeKind::kVectorSelector) {
    return labels_of_absent(static_cast<const parser::VectorSelector&>(argument).matchers);
  }
  if (argument.kind == NodeKind::kMatrixSelector) {
    return labels_of_absent(static_cast<const parser::MatrixSelector&>(argument).vector->matchers);
  }
  return {};
}

}  // namespace

Result<VectorOperatorPtr> PlanBuilder::call(const parser::Call& call, const Grid& grid) {
  const auto range = std::find_if(call.args.begin(), call.args.end(), [](const parser::ExprPtr& argument) {
    return argument->type() == ValueType::kMatrix;
  });
  if (range != call.args.end()) {
    return range_call(call, static_cast<std::size_t>(range - call.args.begin()), grid);
  }
  return vector_call(call, grid);
}

Result<VectorOperatorPtr> PlanBuilder::range_call(const parser::Call& call, std::size_t range_argument,
                                                  const Grid& grid) {
  const std::string_view name = call.function->name;
  const bool absent = name == "absent_over_time";
  RangeFunctionPtr function = absent ? nullptr : make_range_function(name);
  if (!absent && function == nullptr) return unsupported_function(name);
  std::vector<ScalarOperatorPtr> scalars;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (i == range_argument) continue;
    TOCSIN_TRY(ScalarOperatorPtr value, scalar(*call.args[i], grid));
    scalars.push_back(std::move(value));
  }
  std::optional<DigestNeeds> needs = absent ? DigestNeeds() : function->digest_needs();
  if (context_.settings().use_start_timestamps && uses_start_timestamps(name)) needs.reset();
  TOCSIN_TRY(RangeArgument argument, range(*call.args[range_argument], grid, name, needs));
  if (absent) {
    return make_absent_over_time(context_, grid, std::move(argument), absent_labels(*call.args.front()));
  }
  return make_range_call(context_, grid, name, std::move(function), std::move(argument), std::move(scalars),
                         call.args.front()->pos);
}

Result<VectorOperatorPtr> PlanBuilder::argument(const parser::Call& call, std::size_t index, const Grid& grid) {
  return vector(*call.args[index], grid, call.function->name);
}

Result<VectorOperatorPtr> PlanBuilder::vector_call(const parser::Call& call, const Grid& grid) {
  const std::string_view name = call.function->name;
  if (name == "timestamp") return timestamp_call(call, grid);
  if (name == "label_replace" || name == "label_join") return label_call(call, grid);
  if (name.starts_with("clamp") || name == "round") return clamp_call(call, grid);
  if (name == "histogram_quantile" || name == "histogram_fraction") return histogram_call(call, grid);
  if (name == "vector") {
    TOCSIN_TRY(ScalarOperatorPtr value, scalar(*call.args.front(), grid));
    return make_vector(grid, std::move(value));
  }
  if (name == "absent") {
    TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
    return make_absent(context_, grid, std::move(input), absent_labels(*call.args.front()));
  }
  if (name == "sort" || name == "sort_desc") {
    TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
    if (!grid.single()) context_.annotations().sort_in_range_query(call.pos);
    return make_sort(context_, grid, std::move(input), name == "sort_desc");
  }
  VectorOperatorPtr input;
  if (!call.args.empty() && call.args.front()->type() == ValueType::kVector) {
    TOCSIN_TRY(input, argument(call, 0, grid));
  }
  if (VectorOperatorPtr date = make_date_function(context_, grid, name, input)) return date;
  if (input == nullptr) return unsupported_function(name);
  if (VectorOperatorPtr statistic = make_histogram_statistic(context_, name, input)) return statistic;
  if (VectorOperatorPtr math = make_math_function(context_, name, input)) return math;
  return unsupported_function(name);
}

Result<VectorOperatorPtr> PlanBuilder::timestamp_call(const parser::Call& call, const Grid& grid) {
  const parser::Expr& input = *call.args.front();
  if (input.kind == NodeKind::kVectorSelector) {
    TOCSIN_TRY(VectorOperatorPtr times,
               selector(static_cast<const parser::VectorSelector&>(input), grid, call.function->name, true));
    return make_unnamed(context_, std::move(times));
  }
  TOCSIN_TRY(VectorOperatorPtr values, argument(call, 0, grid));
  return make_step_timestamp(context_, grid, std::move(values));
}

Result<VectorOperatorPtr> PlanBuilder::label_call(const parser::Call& call, const Grid& grid) {
  TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
  if (call.function->name == "label_replace") {
    return make_label_replace(context_, std::move(input), text_of(*call.args[1]), text_of(*call.args[2]),
                              text_of(*call.args[3]), text_of(*call.args[4]));
  }
  std::vector<std::string> sources;
  for (std::size_t i = 3; i < call.args.size(); ++i) sources.push_back(text_of(*call.args[i]));
  return make_label_join(context_, std::move(input), text_of(*call.args[1]), text_of(*call.args[2]),
                         std::move(sources));
}

Result<VectorOperatorPtr> PlanBuilder::clamp_call(const parser::Call& call, const Grid& grid) {
  const std::string_view name = call.function->name;
  TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
  std::vector<ScalarOperatorPtr> scalars;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    TOCSIN_TRY(ScalarOperatorPtr value, scalar(*call.args[i], grid));
    scalars.push_back(std::move(value));
  }
  if (name == "round") {
    return make_round(context_, std::move(input), scalars.empty() ? nullptr : std::move(scalars.front()));
  }
  if (name == "clamp_min") return make_clamp(context_, std::move(input), std::move(scalars.front()), nullptr);
  if (name == "clamp_max") return make_clamp(context_, std::move(input), nullptr, std::move(scalars.front()));
  if (name == "clamp") return make_clamp(context_, std::move(input), std::move(scalars[0]), std::move(scalars[1]));
  return unsupported_function(name);
}

Result<VectorOperatorPtr> PlanBuilder::histogram_call(const parser::Call& call, const Grid& grid) {
  TOCSIN_TRY(ScalarOperatorPtr first, scalar(*call.args[0], grid));
  if (call.function->name == "histogram_quantile") {
    TOCSIN_TRY(VectorOperatorPtr input, argument(call, 1, grid));
    return make_histogram_quantile(context_, grid, std::move(first), std::move(input), call.args[0]->pos,
                                   call.args[1]->pos);
  }
  TOCSIN_TRY(ScalarOperatorPtr second, scalar(*call.args[1], grid));
  TOCSIN_TRY(VectorOperatorPtr input, argument(call, 2, grid));
  return make_histogram_fraction(context_, grid, std::move(first), std::move(second), std::move(input),
                                 call.args[2]->pos);
}

Result<ScalarOperatorPtr> PlanBuilder::scalar_call(const parser::Call& call, const Grid& grid) {
  const std::string_view name = call.function->name;
  if (name == "time") return make_time(grid);
  if (name == "pi") return make_constant(grid, std::numbers::pi);
  if (name == "scalar") {
    TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
    return make_scalar(context_, grid, std::move(input));
  }
  if (name == "min_of" || name == "max_of") {
    TOCSIN_TRY(ScalarOperatorPtr left, scalar(*call.args[0], grid));
    TOCSIN_TRY(ScalarOperatorPtr right, scalar(*call.args[1], grid));
    return make_scalar_extreme(std::move(left), std::move(right), name == "max_of");
  }
  return unsupported_function(name);
}

}  // namespace tocsin::promql
