#include "rules/recording_rule.hpp"

#include <unordered_set>

namespace tocsin::rules {

Result<promql::Vector> RecordingRule::evaluate(const Evaluation& evaluation) {
  TOCSIN_TRY(promql::Vector vector, query_vector(evaluation, expr(), query_text(), evaluation.query_time));
  std::unordered_set<model::Labels, model::LabelsHash> seen;
  seen.reserve(vector.size());
  for (promql::VectorSample& sample : vector) {
    model::LabelsBuilder builder(sample.labels);
    builder.set(model::kMetricName, name());
    for (const auto& [label, text] : label_texts()) builder.set(label, text);
    sample.labels = builder.build();
    if (!seen.insert(sample.labels).second) {
      return fail(Errc::kExecution, "vector contains metrics with the same labelset after applying rule labels");
    }
  }
  if (evaluation.limit > 0 && vector.size() > static_cast<std::size_t>(evaluation.limit)) {
    return fail(Errc::kLimit, "exceeded limit of {} with {} series", evaluation.limit, vector.size());
  }
  return vector;
}

}  // namespace tocsin::rules
