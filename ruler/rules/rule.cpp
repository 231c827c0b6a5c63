#include "rules/rule.hpp"

#include <map>
#include <utility>

#include "base/strings.hpp"
#include "model/annotations.hpp"

namespace tocsin::rules {

Rule::Rule(const RuleSpec& spec, Texts label_texts)
    : name_(spec.name()),
      label_texts_(std::move(label_texts)),
      labels_(to_labels(label_texts_)),
      expr_(spec.expr),
      query_text_(promql::parser::to_string(*spec.expr)) {}

std::string Rule::identity() const {
  std::string out = go_quote(name_) + " {";
  for (const auto& [name, text] : label_texts_) out += fmt::format("{}={},", go_quote(name), go_quote(text));
  return out + "}";
}

Result<promql::Vector> query_vector(const Evaluation& evaluation, const promql::parser::Expr& expr,
                                    std::string_view text, Timestamp t) {
  TOCSIN_TRY(auto result, evaluation.query(evaluation.store, {expr, t, text, evaluation.file, evaluation.group}));
  if (auto* vector = std::get_if<promql::Vector>(&result.value)) return std::move(*vector);
  if (const auto* scalar = std::get_if<promql::Scalar>(&result.value)) {
    promql::Vector vector(1);
    vector.front().t = scalar->t;
    vector.front().v = scalar->v;
    return vector;
  }
  return fail(Errc::kExecution, "rule result is not a vector or scalar");
}

Texts merge_labels(const Texts& group, const Texts& rule) {
  std::map<std::string, std::string> merged;
  for (const Texts* texts : {&group, &rule}) {
    for (const auto& [name, text] : *texts) merged[name] = text;
  }
  return {merged.begin(), merged.end()};
}

model::Labels to_labels(const Texts& texts) {
  model::LabelsBuilder builder;
  for (const auto& [name, value] : texts) builder.set(name, value);
  return builder.build();
}

model::Labels to_annotations(const Texts& texts) {
  std::vector<model::LabelView> views;
  for (const auto& [name, text] : texts) views.push_back({name, text});
  return model::make_annotations(views);
}

}  // namespace tocsin::rules
