#pragma once
// record: name. Source: Prometheus rules/recording.go.

#include "rules/rule.hpp"

namespace tocsin::rules {

/// Stores the result of its expression under its own name, with its labels on top.
class RecordingRule final : public Rule {
 public:
  using Rule::Rule;
  Result<promql::Vector> evaluate(const Evaluation& evaluation) override;
};

}  // namespace tocsin::rules
