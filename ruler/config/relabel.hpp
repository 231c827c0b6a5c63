#pragma once
// Relabelling. Source: Prometheus model/relabel/relabel.go.

#include <cstdint>
#include <optional>
#include <string>
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

struct RelabelConfig {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::optional<model::AnchoredRegex> regex;  // none: the default (.*), which matches all
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  RelabelAction action = RelabelAction::kReplace;
};

/// Errors have Prometheus' words. A null regex, replacement or action is an empty one, as there.
Result<RelabelConfig> parse_relabel_config(const yaml::Node& node);

/// Applies the configurations in order. Thread: any.
/// @return nothing if the target or series is to be dropped.
std::optional<model::Labels> relabel(const model::Labels& labels, const std::vector<RelabelConfig>& configs);

}  // namespace tocsin::config
