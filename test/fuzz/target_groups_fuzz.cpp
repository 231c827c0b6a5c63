// Any bytes as what sources of targets send: lists of groups in JSON and YAML, answers of the Docker API. Nothing may
// crash, and what a list gives has addresses and valid labels.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "discovery/docker_targets.hpp"
#include "discovery/target_groups.hpp"

namespace {

using tocsin::discovery::TargetGroup;

void check_groups(const tocsin::Result<std::vector<TargetGroup>>& groups) {
  if (!groups) return;
  for (const TargetGroup& group : *groups) {
    for (const auto& [name, value] : group.labels) {
      if (!tocsin::model::is_valid_name(name) || value.empty()) std::abort();
    }
    for (const auto& target : group.targets) {
      if (target.size() > 1) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16'384) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_groups(tocsin::discovery::parse_groups_json(text));
  check_groups(tocsin::discovery::parse_groups_yaml(text, "f.yml"));
  // A zero byte parts the two answers.
  const std::string_view view(text);
  const std::size_t cut = std::min(view.find('\0'), view.size());
  const std::string_view networks = view.substr(std::min(cut + 1, view.size()));
  (void)tocsin::discovery::docker_targets({}, view.substr(0, cut), networks.empty() ? "[]" : networks);
  return 0;
}
