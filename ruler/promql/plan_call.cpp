// Calls of functions: which name is which operator.

#include <algorithm>
#include <numbers>
#include <utility>

#include "base/check.hpp"
#include "promql/binary.hpp"
#include "promql/functions.hpp"
#include "promql/info.hpp"
#include "promql/parser/functions.hpp"
#include "promql/plan.hpp"

namespace tocsin::promql {
namespace {

using parser::NodeKind;
using parser::ValueType;

/// Cannot be: every function of the parser's table is built, and a test goes through the table.
std::unexpected<Error> unknown_function(std::string_view name) {
  return fail(Errc::kInternal, "BUG: no plan for the function {}()", name);
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
  for (const parser::ExprPtr& argument : call.args) {
    if (argument->type() == ValueType::kScalar) context_.annotations().set_speaker(argument->pos, call.pos);
  }
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
  TOCSIN_TRY(MakeRangeFunction make_function, range_function(call, range_argument));
  const RangeFunctionPtr function = make_function();
  if (!absent && function == nullptr) return unknown_function(name);
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
    if (!argument.source) argument.source = argument.make_source(context_);
    return make_absent_over_time(context_, grid, std::move(argument), absent_labels(*call.args.front()));
  }
  RangeCallPlace place;
  if (argument.samples_only && scalars.empty() && shared_.has_several_selectors()) place = range_call_place(call);
  return make_range_call(context_, grid, name, std::move(make_function), std::move(argument), std::move(scalars),
                         call.args.front()->pos, std::move(place));
}

RangeCallPlace PlanBuilder::range_call_place(const parser::Call& call) {
  std::shared_ptr<RangeCallGroup>& group = groups_[scope_.text + parser::to_string(*call.args.front())];
  if (group == nullptr) group = std::make_shared<RangeCallGroup>();
  return {group, scope_.text + parser::to_string(call)};
}

/// One that makes nullptr if the function is not built.
Result<MakeRangeFunction> PlanBuilder::range_function(const parser::Call& call, std::size_t range_argument) {
  const std::string_view name = call.function->name;
  const parser::Expr& argument = *call.args[range_argument];
  const Extension extension = argument.kind == NodeKind::kMatrixSelector
                                  ? extension_of(*static_cast<const parser::MatrixSelector&>(argument).vector)
                                  : Extension::kNone;
  if (extension == Extension::kNone) return [name] { return make_range_function(name); };
  if (make_extended_function(name, extension)) {
    return [name, extension] { return make_extended_function(name, extension); };
  }
  return fail(Errc::kExecution, "{0} modifier can only be used with: {1} - not with {2}", extension_text(extension),
              functions_with(extension), name);
}

Result<VectorOperatorPtr> PlanBuilder::argument(const parser::Call& call, std::size_t index, const Grid& grid) {
  return vector(*call.args[index], grid, call.function->name);
}

Result<VectorOperatorPtr> PlanBuilder::vector_call(const parser::Call& call, const Grid& grid) {
  const std::string_view name = call.function->name;
  if (name == "timestamp") return timestamp_call(call, grid);
  if (name == "start_timestamp") return start_timestamp_call(call, grid);
  if (name == "label_replace" || name == "label_join") return label_call(call, grid);
  if (name.starts_with("clamp") || name == "round") return clamp_call(call, grid);
  if (name == "histogram_quantile" || name == "histogram_quantiles" || name == "histogram_fraction")
    return histogram_call(call, grid);
  if (name == "vector") {
    TOCSIN_TRY(ScalarOperatorPtr value, scalar(*call.args.front(), grid));
    return make_vector(grid, std::move(value));
  }
  if (name == "absent") {
    TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
    return make_absent(context_, grid, std::move(input), absent_labels(*call.args.front()));
  }
  if (name.starts_with("sort")) return sort_call(call, grid);
  if (name == "info") return info_call(call, grid);
  VectorOperatorPtr input;
  if (!call.args.empty() && call.args.front()->type() == ValueType::kVector) {
    TOCSIN_TRY(input, argument(call, 0, grid));
  }
  if (VectorOperatorPtr date = make_date_function(context_, grid, name, input)) return date;
  if (input == nullptr) return unknown_function(name);
  if (VectorOperatorPtr statistic = make_histogram_statistic(context_, name, input)) return statistic;
  if (VectorOperatorPtr math = make_math_function(context_, name, input)) return math;
  return unknown_function(name);
}

Result<VectorOperatorPtr> PlanBuilder::timestamp_call(const parser::Call& call, const Grid& grid) {
  const parser::Expr& input = *call.args.front();
  if (input.kind == NodeKind::kVectorSelector) {
    TOCSIN_TRY(VectorOperatorPtr times,
               selector(static_cast<const parser::VectorSelector&>(input), grid, call.function->name, Take::kTime));
    return make_unnamed(context_, std::move(times));
  }
  TOCSIN_TRY(VectorOperatorPtr values, argument(call, 0, grid));
  return make_step_timestamp(context_, grid, std::move(values));
}

/// Only of samples as they were stored, and only if start timestamps are used.
Result<VectorOperatorPtr> PlanBuilder::start_timestamp_call(const parser::Call& call, const Grid& grid) {
  const parser::Expr& input = *call.args.front();
  if (input.kind != NodeKind::kVectorSelector || !context_.settings().use_start_timestamps) {
    TOCSIN_TRY(VectorOperatorPtr values, argument(call, 0, grid));
    return make_nothing(std::move(values));
  }
  TOCSIN_TRY(VectorOperatorPtr times,
             selector(static_cast<const parser::VectorSelector&>(input), grid, call.function->name, Take::kStartTime));
  return make_unnamed(context_, std::move(times));
}

Result<VectorOperatorPtr> PlanBuilder::info_call(const parser::Call& call, const Grid& grid) {
  const Reference reference = info_reference(*call.args[0]);
  TOCSIN_TRY(VectorOperatorPtr base, argument(call, 0, grid));
  if (grid.count > 0) {
    bounds_.add(reference.first(grid) - context_.settings().lookback_ms + 1, reference.last(grid));
  }
  std::vector<model::Matcher> matchers;
  const bool chosen = call.args.size() > 1;
  if (chosen) matchers = static_cast<const parser::VectorSelector&>(*call.args[1]).matchers;
  return make_info(context_, grid, std::move(base), reference, std::move(matchers), chosen);
}

Result<VectorOperatorPtr> PlanBuilder::sort_call(const parser::Call& call, const Grid& grid) {
  const std::string_view name = call.function->name;
  TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
  if (!grid.single()) context_.annotations().sort_in_range_query(call.pos);
  const bool descending = name.ends_with("_desc");
  if (!name.starts_with("sort_by_label")) return make_sort(context_, grid, std::move(input), descending);
  std::vector<std::string> labels;
  for (std::size_t i = 1; i < call.args.size(); ++i) labels.push_back(text_of(*call.args[i]));
  return make_sort_by_label(context_, grid, std::move(input), std::move(labels), descending);
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
  return unknown_function(name);
}

Result<VectorOperatorPtr> PlanBuilder::histogram_call(const parser::Call& call, const Grid& grid) {
  if (call.function->name == "histogram_quantiles") {
    TOCSIN_TRY(VectorOperatorPtr input, argument(call, 0, grid));
    std::vector<QuantileArgument> quantiles;
    for (std::size_t i = 2; i < call.args.size(); ++i) {
      TOCSIN_TRY(ScalarOperatorPtr quantile, scalar(*call.args[i], grid));
      quantiles.push_back({std::move(quantile), call.args[i]->pos});
    }
    return make_histogram_quantiles(context_, grid, std::move(input), text_of(*call.args[1]), std::move(quantiles),
                                    call.args[0]->pos);
  }
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
  return unknown_function(name);
}

}  // namespace tocsin::promql
