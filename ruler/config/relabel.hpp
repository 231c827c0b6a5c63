#pragma once
// Relabelling. Source: Prometheus model/relabel/relabel.go.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/labels.hpp"
#include "model/matcher.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {

enum class RelabelAction {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

/// "replace", "labelmap" ...
std::string_view action_text(RelabelAction action);

struct RelabelConfig {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::optional<model::AnchoredRegex> regex;  // none: the default (.*), which matches all
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  RelabelAction action = RelabelAction::kReplace;
  bool legacy_names = false;  // metric_name_validation_scheme: a target must be [a-zA-Z_][a-zA-Z0-9_]*
  bool operator==(const RelabelConfig& other) const;
};

/// Errors have Prometheus' words. A null regex, replacement or action is an empty one, as there.
Result<RelabelConfig> parse_relabel_config(const yaml::Node& node);
/// What parse_relabel_config() cannot know yet: whether the names of a rule are right where only legacy ones are.
Result<void> use_legacy_names(const yaml::Node& node, RelabelConfig& config);

/// Applies the configurations in order. Thread: any.
/// @return nothing if the target or series is to be dropped.
std::optional<model::Labels> relabel(const model::Labels& labels, const std::vector<RelabelConfig>& configs);

/// What one rule made of the labels.
struct RelabelStep {
  const RelabelConfig* rule = nullptr;  // of the configurations given
  model::Labels output;                 // empty once they were dropped
  bool keep = true;                     // false from the rule on that dropped them
};
/// relabel(), rule by rule; one step for each. Source: Prometheus web/api/v1/api.go, targetRelabelSteps.
std::vector<RelabelStep> relabel_steps(const model::Labels& labels, const std::vector<RelabelConfig>& configs);

}  // namespace tocsin::config
