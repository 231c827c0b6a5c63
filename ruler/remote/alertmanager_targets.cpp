#include "remote/alertmanager_targets.hpp"

#include <string_view>

#include "base/strings.hpp"

namespace tocsin::remote {
namespace {

constexpr const char* kScheme = "__scheme__";
constexpr const char* kPath = "__alerts_path__";
constexpr const char* kAddress = "__address__";
constexpr std::string_view kAlertsPath = "/api/v2/alerts";

/// The prefix without empty elements, and the path of the API.
std::string alerts_path(std::string_view prefix) {
  std::string out;
  for (const std::string_view element : split(prefix, '/')) {
    if (!element.empty()) out.append("/").append(element);
  }
  return out.append(kAlertsPath);
}

model::Labels discovered(const discovery::TargetGroup& group, const model::Labels& target,
                         const config::AlertmanagerTarget& config) {
  model::LabelsBuilder labels(target);
  labels.set(kScheme, config.scheme);
  labels.set(kPath, alerts_path(config.path_prefix));
  for (const auto& [name, value] : group.labels) {
    if (!target.has(name)) labels.set(name, value);
  }
  return labels.build();
}

std::string url_of(const model::Labels& labels) {
  const std::string_view path = labels.get(kPath);
  return fmt::format("{}://{}{}{}", labels.get(kScheme), labels.get(kAddress), path.starts_with('/') ? "" : "/", path);
}

}  // namespace

Result<AlertmanagerUrls> alertmanagers_of(const discovery::TargetGroup& group,
                                          const config::AlertmanagerTarget& config) {
  AlertmanagerUrls out;
  for (const model::Labels& target : group.targets) {
    const model::Labels labels = discovered(group, target, config);
    const auto kept = config::relabel(labels, config.relabel_configs);
    if (!kept) {
      out.dropped.push_back(url_of(labels));
      continue;
    }
    if (kept->get(kAddress).find('/') != std::string_view::npos) {
      return fail(Errc::kInvalid, "{} is not a valid hostname", go_quote(kept->get(kAddress)));
    }
    out.active.push_back(url_of(*kept));
  }
  return out;
}

}  // namespace tocsin::remote
