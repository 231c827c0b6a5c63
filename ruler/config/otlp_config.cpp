#include <algorithm>
#include <set>

#include "base/strings.hpp"
#include "config/other_sections.hpp"

// Source of rules and words: Prometheus config/config.go, OTLPConfig and Load.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// All that is wrong with the list, one a line. @param kind  "promoted" or "ignored"
Result<void> check_attributes(const Node& node, std::string_view kind) {
  std::string problems;
  std::set<std::string_view> seen;
  const std::vector<Node> elements = node.elements();
  for (const Node& element : elements) {
    const std::string_view attribute = trim(element.text());
    std::string problem;
    if (attribute.empty()) {
      problem = fmt::format("empty {} OTel resource attribute", kind);
    } else if (!seen.insert(attribute).second) {
      problem = fmt::format("duplicated {} OTel resource attribute {}", kind, go_quote(attribute));
    }
    if (!problem.empty()) problems += (problems.empty() ? "" : "\n") + problem;
  }
  if (problems.empty()) return {};
  return fail(Errc::kInvalid, "{}", problems);
}

Result<void> check_list(const Node& map, std::string_view key, std::string_view kind) {
  const auto checked = check_attributes(map[key], kind);
  if (!checked) return map[key].error("invalid '{}': {}", key, checked.error().message);
  return {};
}

Result<void> check_strategy(const Node& node, bool legacy_names) {
  const std::string& name = node.text();
  if (name.empty() || name == "UnderscoreEscapingWithSuffixes" || name == "UnderscoreEscapingWithoutSuffixes")
    return {};
  if (name != "NoTranslation" && name != "NoUTF8EscapingWithSuffixes") {
    return node.error("unsupported OTLP translation strategy {}", go_quote(name));
  }
  if (!legacy_names) return {};
  return node.error("OTLP translation strategy {} is not allowed when UTF8 is disabled", go_quote(name));
}

}  // namespace

Result<void> check_otlp(const Node& node, bool legacy_names) {
  Fields fields(node, "config.plain");
  bool promote_all = false;
  bool ignored_switch = false;
  std::string strategy;
  std::vector<std::string> promoted;
  std::vector<std::string> ignored;
  fields.read("promote_all_resource_attributes", promote_all).read("promote_resource_attributes", promoted);
  fields.read("ignore_resource_attributes", ignored).read("translation_strategy", strategy);
  for (const std::string_view key :
       {"keep_identifying_resource_attributes", "convert_histograms_to_nhcb", "promote_scope_metadata",
        "label_name_underscore_sanitization", "label_name_preserve_multiple_underscores"}) {
    fields.read(key, ignored_switch);
  }
  TOCSIN_OK(fields.finish());
  if (promote_all && !promoted.empty()) {
    return node.error(
        "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously");
  }
  if (!promote_all && !ignored.empty()) {
    return node["ignore_resource_attributes"].error(
        "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true");
  }
  TOCSIN_OK(promote_all ? check_list(node, "ignore_resource_attributes", "ignored")
                        : check_list(node, "promote_resource_attributes", "promoted"));
  return check_strategy(node["translation_strategy"], legacy_names);
}

}  // namespace tocsin::config
