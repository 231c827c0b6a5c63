#pragma once
// Who finds out what there is to scrape. A discoverer gives groups of targets; what becomes of them is its listener's.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/prometheus_config.hpp"
#include "model/labels.hpp"

namespace tocsin::discovery {

/// Targets with what they have in common. Source: Prometheus discovery/targetgroup/targetgroup.go.
struct TargetGroup {
  std::string source;                  // unique within a discoverer: a later group of the same source replaces it
  std::vector<model::Labels> targets;  // each with __address__ and what is known of it (__meta_*)
  model::Labels labels;                // of all targets; a target's own come first
  bool operator==(const TargetGroup&) const = default;
};

/// Groups that are new or changed; a group without targets is gone.
using GroupsListener = std::function<void(std::vector<TargetGroup>)>;

/// Thread: the loop's. Calls its listener on the loop from start() on, first with all that it knows; no more once it is
/// destroyed. A source that cannot be reached keeps its last groups: silence is not absence.
class Discoverer {
 public:
  virtual ~Discoverer() = default;
  /// Called once. The listener may be called before it returns.
  virtual void start(GroupsListener listener) = 0;
};

/// static_configs: one group each, sources "0", "1", ...
std::unique_ptr<Discoverer> make_static_discoverer(std::vector<config::StaticConfig> configs);

/// The discoverers of a scrape configuration, in a fixed order: the n-th replaces the n-th of the last configuration.
std::vector<std::unique_ptr<Discoverer>> make_discoverers(const config::ScrapeConfig& config);

}  // namespace tocsin::discovery
