#pragma once
// The targets of a source, as its section lists them.

#include <memory>
#include <string>
#include <vector>

#include "exporters/collector/source.hpp"

namespace tocsin::exporters {

/// No two have the same name: it is the label that tells their series apart. Thread: the loop's.
class TargetList {
 public:
  /// kInvalid with the position of `node` if there is one of that name already.
  Result<void> add(const yaml::Node& node, std::string server, std::shared_ptr<Target> target);
  /// In the order of the configuration.
  const std::vector<Source::Named>& all() const { return targets_; }

 private:
  std::vector<Source::Named> targets_;
};

}  // namespace tocsin::exporters
