#include "exporters/collector/target_list.hpp"

#include <algorithm>

namespace tocsin::exporters {

Result<void> TargetList::add(const yaml::Node& node, std::string server, std::shared_ptr<Target> target) {
  if (std::ranges::find(targets_, server, &Source::Named::server) != targets_.end()) {
    return node.error("two targets of the name {}: give one of them another `server`", server);
  }
  targets_.push_back({std::move(server), std::move(target)});
  return {};
}

}  // namespace tocsin::exporters
