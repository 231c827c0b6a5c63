// Any rules on any labels: they do what the obvious twin does, and step by step the same as at once.
//
// Input: lines of labels `name=value`, an empty line, then lines of rules `action|source,source|separator|regex|target|
// replacement|modulus`.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/strings.hpp"
#include "support/naive_relabel.hpp"

using namespace tocsin;

namespace {

/// Names of groups, and classes that are not ASCII, are what the twin leaves out.
bool is_for_twin(const config::RelabelConfig& rule) {
  for (const std::string* text : {&rule.target_label, &rule.replacement}) {
    for (const char c : *text) {
      if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
  }
  return !rule.regex || rule.regex->expression().find("(?") == std::string::npos;
}

std::optional<config::RelabelConfig> rule_of(std::string_view line) {
  const auto fields = split(line, '|');
  if (fields.size() != 7 || !is_valid_utf8(line)) return std::nullopt;  // YAML holds nothing else
  config::RelabelConfig rule;
  rule.action = static_cast<config::RelabelAction>((fields[0].empty() ? 0 : fields[0][0] - '0') % 11);
  if (static_cast<int>(rule.action) < 0) return std::nullopt;
  for (const std::string_view name : split(fields[1], ',')) rule.source_labels.emplace_back(name);
  rule.separator = fields[2];
  if (!fields[3].empty()) {
    auto regex = model::AnchoredRegex::make(std::string(fields[3]));
    if (!regex) return std::nullopt;
    rule.regex = std::move(*regex);
  }
  rule.target_label = fields[4];
  rule.replacement = fields[5];
  rule.modulus = fields[6].size() + 1;
  if (!model::is_valid_name(rule.target_label)) return std::nullopt;
  return rule;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  test::LabelMap labels;
  model::LabelsBuilder builder;
  std::vector<config::RelabelConfig> rules;
  bool in_rules = false;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) {
      in_rules = true;
    } else if (in_rules) {
      if (auto rule = rule_of(line); rule && rules.size() < 8) rules.push_back(std::move(*rule));
    } else if (const std::size_t equal = line.find('='); equal != std::string_view::npos && equal > 0) {
      if (!is_valid_utf8(line)) return 0;
      const std::string name(line.substr(0, equal)), value(line.substr(equal + 1));
      builder.set(name, value);
      labels.erase(name);
      if (!value.empty()) labels[name] = value;
    }
  }
  const model::Labels before = builder.build();
  const auto after = config::relabel(before, rules);
  const auto steps = config::relabel_steps(before, rules);
  if (!steps.empty() && steps.back().keep != after.has_value()) std::abort();
  if (!steps.empty() && after && steps.back().output != *after) std::abort();
  for (const auto& rule : rules) {
    if (!is_for_twin(rule)) return 0;
  }
  const auto twin = test::naive_relabel(labels, rules);
  if (twin.has_value() != after.has_value()) std::abort();
  if (!twin) return 0;
  model::LabelsBuilder expected;
  for (const auto& [name, value] : *twin) expected.set(name, value);
  if (expected.build() != *after) std::abort();
  return 0;
}
