#pragma once
// Functions of instant vectors and scalars, by file. The plan (plan.cpp) knows which name means which.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/matcher.hpp"
#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/materialize.hpp"
#include "promql/operator.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql {

/// A function of floats, sample by sample: histograms are passed over, and what describes the metric goes.
class FloatOperator : public VectorOperator {
 public:
  FloatOperator(QueryContext& context, VectorOperatorPtr input) : context_(context), input_(std::move(input)) {}
  Result<bool> next(Column& out) final;

 protected:
  /// Called once, before the first transform().
  virtual Result<void> prepare() { return {}; }
  /// Changes the values in [begin, end); may clear present[].
  virtual void transform(Column& column) = 0;
  QueryContext& context() { return context_; }

 private:
  QueryContext& context_;
  VectorOperatorPtr input_;
  DuplicateGuard guard_;
  bool prepared_ = false;
};

/// Takes the metric's name from the labels now, or marks it to go at the end.
void drop_metadata(const QueryContext& context, Column& column);
/// Marks histograms as absent. False if nothing is left.
bool remove_histograms(Column& column);
/// There is a histogram at a step that is present: one that was dropped may still lie in the column.
bool shows_histograms(const Column& column);

// functions_math.cpp: abs ceil exp ln sgn sin deg ...; nullptr for other names.
VectorOperatorPtr make_math_function(QueryContext& context, std::string_view name, VectorOperatorPtr& input);

// functions_clamp.cpp: clamp, clamp_min, clamp_max (bounds; a missing one is infinite), round.
VectorOperatorPtr make_clamp(QueryContext& context, VectorOperatorPtr input, ScalarOperatorPtr low,
                             ScalarOperatorPtr high);
/// @param nearest  null: 1.
VectorOperatorPtr make_round(QueryContext& context, VectorOperatorPtr input, ScalarOperatorPtr nearest);
/// Go's math.Max and math.Min: NaN wins over all but the infinity in question.
double go_max(double a, double b);
double go_min(double a, double b);

// functions_date.cpp: minute hour day_of_week ...; nullptr for other names.
/// @param input  null: the time of the step.
VectorOperatorPtr make_date_function(QueryContext& context, const Grid& grid, std::string_view name,
                                     VectorOperatorPtr& input);
bool is_date_function(std::string_view name);

// functions_label.cpp. Errors: kExecution with Prometheus' text if a regular expression or label name is wrong.
Result<VectorOperatorPtr> make_label_replace(QueryContext& context, VectorOperatorPtr input, std::string target,
                                             std::string replacement, std::string source, const std::string& regex);
Result<VectorOperatorPtr> make_label_join(QueryContext& context, VectorOperatorPtr input, std::string target,
                                          std::string separator, std::vector<std::string> sources);

// functions_vector.cpp
/// 1 where `input` has no sample.
VectorOperatorPtr make_absent(QueryContext& context, const Grid& grid, VectorOperatorPtr input, model::Labels labels);
/// What absent() says of the series that are missing: the labels that its matchers fix.
model::Labels labels_of_absent(const std::vector<model::Matcher>& matchers);
VectorOperatorPtr make_vector(const Grid& grid, ScalarOperatorPtr input);
/// timestamp() of an expression: the time of each step.
VectorOperatorPtr make_step_timestamp(QueryContext& context, const Grid& grid, VectorOperatorPtr input);
/// The same with the metric's name gone.
VectorOperatorPtr make_unnamed(QueryContext& context, VectorOperatorPtr input);
VectorOperatorPtr make_sort(QueryContext& context, const Grid& grid, VectorOperatorPtr input, bool descending);
/// By the values of labels, numbers within them as numbers; then by all labels.
VectorOperatorPtr make_sort_by_label(QueryContext& context, const Grid& grid, VectorOperatorPtr input,
                                     std::vector<std::string> labels, bool descending);
/// No series.
VectorOperatorPtr make_nothing(VectorOperatorPtr input);
/// histogram_count, histogram_sum, histogram_avg; nullptr for other names.
VectorOperatorPtr make_histogram_statistic(QueryContext& context, std::string_view name, VectorOperatorPtr& input);
/// Repeats a value found once at every step of `grid`.
VectorOperatorPtr make_step_invariant(QueryContext& context, const Grid& grid, VectorOperatorPtr input);

// functions_scalar.cpp
ScalarOperatorPtr make_constant(const Grid& grid, double value);
ScalarOperatorPtr make_time(const Grid& grid);
/// scalar(v): the one float, else NaN.
ScalarOperatorPtr make_scalar(QueryContext& context, const Grid& grid, VectorOperatorPtr input);
ScalarOperatorPtr make_negation(ScalarOperatorPtr input);
ScalarOperatorPtr make_scalar_extreme(ScalarOperatorPtr left, ScalarOperatorPtr right, bool maximum);
ScalarOperatorPtr make_step_invariant(const Grid& grid, ScalarOperatorPtr input);

// histogram_call.cpp
/// The scalar is φ, or `low` of histogram_fraction with its `high`.
VectorOperatorPtr make_histogram_quantile(QueryContext& context, const Grid& grid, ScalarOperatorPtr quantile,
                                          VectorOperatorPtr input, parser::PositionRange quantile_pos,
                                          parser::PositionRange input_pos);
struct QuantileArgument {
  ScalarOperatorPtr values;
  parser::PositionRange pos;
};
VectorOperatorPtr make_histogram_quantiles(QueryContext& context, const Grid& grid, VectorOperatorPtr input,
                                           std::string label, std::vector<QuantileArgument> quantiles,
                                           parser::PositionRange input_pos);
VectorOperatorPtr make_histogram_fraction(QueryContext& context, const Grid& grid, ScalarOperatorPtr low,
                                          ScalarOperatorPtr high, VectorOperatorPtr input,
                                          parser::PositionRange input_pos);

}  // namespace tocsin::promql
