#include "rules/check.hpp"

#include <map>
#include <utility>

#include "rules/rule.hpp"

namespace tocsin::rules {
namespace {

CheckReport report(RuleFile file) {
  CheckReport out;
  out.errors = std::move(file.errors);
  out.warnings = std::move(file.warnings);
  std::map<std::pair<std::string, model::Labels>, std::size_t> seen;
  for (const GroupSpec& group : file.groups) {
    out.rules += group.rules.size();
    for (const RuleSpec& rule : group.rules) {
      model::Labels labels = to_labels(merge_labels(group.labels, rule.labels));
      if (++seen[{rule.name(), labels}] == 2) out.duplicates.push_back({group.file, rule.name(), std::move(labels)});
    }
  }
  return out;
}

}  // namespace

std::string DuplicateRule::text() const {
  return fmt::format("{}: rule {}{} occurs more than once", file, name, labels.to_string());
}

CheckReport check_file(Fs& fs, const std::string& file, const RuleFileOptions& options) {
  return report(read_rule_file(fs, file, options));
}

CheckReport check_text(std::string text, const std::string& name, const RuleFileOptions& options) {
  return report(parse_rule_file(std::move(text), name, options));
}

}  // namespace tocsin::rules
