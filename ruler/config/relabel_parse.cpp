#include "base/strings.hpp"
#include "config/relabel.hpp"

// Source of rules and words: Prometheus model/relabel/relabel.go, Config.Validate.

namespace tocsin::config {
namespace {

using yaml::Node;

struct ActionName {
  std::string_view name;
  RelabelAction action;
};

constexpr ActionName kActions[] = {
    {"replace", RelabelAction::kReplace},     {"keep", RelabelAction::kKeep},
    {"drop", RelabelAction::kDrop},           {"keepequal", RelabelAction::kKeepEqual},
    {"dropequal", RelabelAction::kDropEqual}, {"hashmod", RelabelAction::kHashMod},
    {"labelmap", RelabelAction::kLabelMap},   {"labeldrop", RelabelAction::kLabelDrop},
    {"labelkeep", RelabelAction::kLabelKeep}, {"lowercase", RelabelAction::kLowercase},
    {"uppercase", RelabelAction::kUppercase},
};

bool is_one_of(RelabelAction action, std::initializer_list<RelabelAction> actions) {
  for (const RelabelAction candidate : actions) {
    if (candidate == action) return true;
  }
  return false;
}

Result<void> read_action(const Node& node, RelabelAction& out) {
  TOCSIN_TRY(const std::string text, node.as_string());
  if (text.empty()) return node.error("relabel action cannot be empty");
  for (const ActionName& known : kActions) {
    if (equal_ignoring_case(known.name, text)) {
      out = known.action;
      return {};
    }
  }
  return node.error("unknown relabel action {}", go_quote(text));
}

Result<void> read_regex(const Node& node, std::optional<model::AnchoredRegex>& out) {
  TOCSIN_TRY(const std::string text, node.as_string());
  auto regex = model::AnchoredRegex::make(text);
  if (!regex) return node.error("{}", regex.error().message);
  out = std::move(*regex);
  return {};
}

Result<void> read_source_labels(const Node& node, std::vector<std::string>& out) {
  TOCSIN_TRY(out, node.as_strings());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!model::is_valid_name(out[i])) return node.at(i).error("{} is not a valid label name", go_quote(out[i]));
  }
  return {};
}

Result<void> check_target(const Node& node, const RelabelConfig& config) {
  using enum RelabelAction;
  if (!is_one_of(config.action, {kReplace, kHashMod, kLowercase, kUppercase, kKeepEqual, kDropEqual})) return {};
  const std::string_view action = action_text(config.action);
  if (config.target_label.empty()) {
    return node.error("relabel configuration for {} action requires 'target_label' value", action);
  }
  if (!model::is_valid_name(config.target_label)) {
    return node["target_label"].error("{} is invalid 'target_label' for {} action", go_quote(config.target_label),
                                      action);
  }
  return {};
}

/// Fields that some actions do not take.
Result<void> check_unused(const Node& node, const RelabelConfig& config) {
  using enum RelabelAction;
  const RelabelConfig defaults;
  const std::string_view action = action_text(config.action);
  const bool plain =
      config.modulus == 0 && config.separator == defaults.separator && config.replacement == defaults.replacement;
  if (is_one_of(config.action, {kLowercase, kUppercase, kKeepEqual, kDropEqual}) &&
      config.replacement != defaults.replacement) {
    return node["replacement"].error("'replacement' can not be set for {} action", action);
  }
  if (is_one_of(config.action, {kKeepEqual, kDropEqual}) && (!plain || config.regex)) {
    return node.error("{} action requires only 'source_labels' and `target_label`, and no other fields", action);
  }
  if (is_one_of(config.action, {kLabelDrop, kLabelKeep}) &&
      (!plain || !config.source_labels.empty() || !config.target_label.empty())) {
    return node.error("{} action requires only 'regex', and no other fields", action);
  }
  return {};
}

/// [a-zA-Z_][a-zA-Z0-9_]* with $1, $name or ${name} anywhere.
bool is_legacy_template(std::string_view text) {
  static const model::AnchoredRegex names = *model::AnchoredRegex::make(R"((?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+)");
  return names.matches(text);
}

}  // namespace

std::string_view action_text(RelabelAction action) {
  for (const ActionName& known : kActions) {
    if (known.action == action) return known.name;
  }
  return "";
}

Result<void> use_legacy_names(const Node& node, RelabelConfig& config) {
  using enum RelabelAction;
  config.legacy_names = true;
  const std::string_view action = action_text(config.action);
  if (is_one_of(config.action, {kReplace, kHashMod, kLowercase, kUppercase, kKeepEqual, kDropEqual})) {
    const bool is_template = config.action == kReplace && config.target_label.contains('$');
    if (!(is_template ? is_legacy_template(config.target_label) : model::is_legacy_label_name(config.target_label))) {
      return node["target_label"].error("{} is invalid 'target_label' for {} action", go_quote(config.target_label),
                                        action);
    }
  }
  if (config.action == kLabelMap && !is_legacy_template(config.replacement)) {
    return node.error("{} is invalid 'replacement' for labelmap action", go_quote(config.replacement));
  }
  return {};
}

Result<RelabelConfig> parse_relabel_config(const Node& node) {
  RelabelConfig config;
  yaml::Fields fields(node, "relabel.plain");
  fields.child("source_labels", [&](const Node& n) { return read_source_labels(n, config.source_labels); });
  fields.read("separator", config.separator).read("modulus", config.modulus);
  fields.read("target_label", config.target_label);
  // Null is not absence here: an empty expression, an empty replacement, no action.
  const Node regex = fields.take("regex");
  const Node replacement = fields.take("replacement");
  const Node action = fields.take("action");
  TOCSIN_OK(fields.finish());
  if (regex) TOCSIN_OK(read_regex(regex, config.regex));
  if (replacement) {
    TOCSIN_TRY(config.replacement, replacement.as_string());
  }
  if (action) TOCSIN_OK(read_action(action, config.action));

  if (config.action == RelabelAction::kHashMod && config.modulus == 0) {
    return node.error("relabel configuration for hashmod requires non-zero modulus");
  }
  TOCSIN_OK(check_target(node, config));
  TOCSIN_OK(check_unused(node, config));
  if (config.action == RelabelAction::kLabelMap && !model::is_valid_name(config.replacement)) {
    return node.error("{} is invalid 'replacement' for labelmap action", go_quote(config.replacement));
  }
  return config;
}

}  // namespace tocsin::config
