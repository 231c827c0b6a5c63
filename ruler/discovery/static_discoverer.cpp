#include <utility>

#include "discovery/discoverer.hpp"

namespace tocsin::discovery {
namespace {

class StaticDiscoverer final : public Discoverer {
 public:
  explicit StaticDiscoverer(std::vector<config::StaticConfig> configs) : configs_(std::move(configs)) {}

  void start(GroupsListener listener) override {
    std::vector<TargetGroup> groups;
    for (const auto& config : configs_) {
      TargetGroup group{std::to_string(groups.size()), {}, config.labels};
      for (const auto& address : config.targets) group.targets.push_back({{"__address__", address}});
      groups.push_back(std::move(group));
    }
    listener(std::move(groups));
  }

 private:
  std::vector<config::StaticConfig> configs_;
};

}  // namespace

std::unique_ptr<Discoverer> make_static_discoverer(std::vector<config::StaticConfig> configs) {
  return std::make_unique<StaticDiscoverer>(std::move(configs));
}

}  // namespace tocsin::discovery
