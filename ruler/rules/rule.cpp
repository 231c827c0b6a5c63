#include "rules/rule.hpp"

#include <utility>

namespace tocsin::rules {

Rule::Rule(const RuleSpec& spec, model::Labels labels)
    : name_(spec.name()),
      labels_(std::move(labels)),
      expr_(spec.expr),
      query_text_(promql::parser::to_string(*spec.expr)) {}

Result<promql::Vector> query_vector(const Evaluation& evaluation, const promql::parser::Expr& expr, Timestamp t) {
  TOCSIN_TRY(auto result, evaluation.query(evaluation.store, expr, t));
  if (auto* vector = std::get_if<promql::Vector>(&result.value)) return std::move(*vector);
  if (const auto* scalar = std::get_if<promql::Scalar>(&result.value)) {
    promql::Vector vector(1);
    vector.front().t = scalar->t;
    vector.front().v = scalar->v;
    return vector;
  }
  return fail(Errc::kExecution, "rule result is not a vector or scalar");
}

model::Labels to_labels(const Texts& texts) {
  model::LabelsBuilder builder;
  for (const auto& [name, value] : texts) builder.set(name, value);
  return builder.build();
}

}  // namespace tocsin::rules
