#pragma once
// The discoverers of one place in the configuration, over its reloads, and all that they have found.
//
// A discoverer whose configuration stays runs on, wherever it stands in the list. One that is new takes the place of
// one of its kind that goes, if there is any: what that one had found stays until the new one has spoken, so that a
// source that cannot be reached just then costs no target. What the others had found goes with them.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

/// Thread: the loop's.
class DiscovererSet {
 public:
  using GroupPtr = std::shared_ptr<const TargetGroup>;

  /// @param changed  called when groups() is another, but not by apply(), whose caller knows.
  DiscovererSet(Services services, std::function<void()> changed);
  ~DiscovererSet();
  DiscovererSet(const DiscovererSet&) = delete;
  DiscovererSet& operator=(const DiscovererSet&) = delete;

  void apply(const config::DiscoveryConfigs& configs);
  /// Of all discoverers, each with targets.
  std::vector<GroupPtr> groups() const;

 private:
  /// One discoverer.
  struct Place {
    int kind = 0;
    config::DiscoveryConfigs config;  // with its own alone
    std::uint64_t id = 0;
    std::unique_ptr<Discoverer> discoverer;
    bool has_spoken = false;
    std::map<std::string, GroupPtr> groups;  // by source; until it has spoken those of the one before it
  };
  static std::vector<Place> split(const config::DiscoveryConfigs& configs);
  void start(Place& place);
  void take(std::uint64_t id, std::vector<TargetGroup> groups);

  const Services services_;
  const std::function<void()> changed_;
  std::vector<Place> places_;
  std::uint64_t last_id_ = 0;
  bool applying_ = false;
};

}  // namespace tocsin::discovery
