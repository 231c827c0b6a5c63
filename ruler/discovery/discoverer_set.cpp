#include "discovery/discoverer_set.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace tocsin::discovery {

DiscovererSet::DiscovererSet(Services services, std::function<void()> changed)
    : services_(std::move(services)), changed_(std::move(changed)) {}

DiscovererSet::~DiscovererSet() = default;

/// Static configurations are one discoverer, of the others each is one.
std::vector<DiscovererSet::Place> DiscovererSet::split(const config::DiscoveryConfigs& configs) {
  std::vector<Place> out;
  int kind = 0;
  out.push_back({.kind = kind, .config = {.statics = configs.statics}});
  const auto add = [&](auto member) {
    ++kind;
    for (const auto& config : configs.*member) {
      Place& place = out.emplace_back();
      place.kind = kind;
      (place.config.*member).push_back(config);
    }
  };
  add(&config::DiscoveryConfigs::files);
  add(&config::DiscoveryConfigs::https);
  add(&config::DiscoveryConfigs::dns);
  add(&config::DiscoveryConfigs::consul);
  add(&config::DiscoveryConfigs::docker);
  add(&config::DiscoveryConfigs::kubernetes);
  return out;
}

void DiscovererSet::apply(const config::DiscoveryConfigs& configs) {
  std::vector<Place> last = std::exchange(places_, split(configs));
  const auto take_last = [&last](auto matches) {
    const auto found = std::find_if(last.begin(), last.end(), matches);
    std::optional<Place> out;
    if (found == last.end()) return out;
    out = std::move(*found);
    last.erase(found);
    return out;
  };
  for (Place& place : places_) {
    if (auto same = take_last([&](const Place& old) { return old.config == place.config; })) place = std::move(*same);
  }
  for (Place& place : places_) {
    if (place.id != 0) continue;
    if (auto before = take_last([&](const Place& old) { return old.kind == place.kind; })) {
      place.groups = std::move(before->groups);
    }
  }
  last.clear();  // before the new ones begin: they may count and watch the same things
  applying_ = true;
  for (Place& place : places_) {
    if (place.id == 0) start(place);
  }
  applying_ = false;
}

void DiscovererSet::start(Place& place) {
  place.id = ++last_id_;
  place.discoverer = std::move(make_discoverers(place.config, services_).back());
  place.discoverer->start([this, id = place.id](std::vector<TargetGroup> groups) { take(id, std::move(groups)); });
}

void DiscovererSet::take(std::uint64_t id, std::vector<TargetGroup> groups) {
  const auto place = std::find_if(places_.begin(), places_.end(), [id](const Place& p) { return p.id == id; });
  if (place == places_.end()) return;
  if (!std::exchange(place->has_spoken, true)) place->groups.clear();
  for (TargetGroup& group : groups) {
    if (group.targets.empty()) {
      place->groups.erase(group.source);
    } else {
      std::string source = group.source;
      place->groups.insert_or_assign(std::move(source), std::make_shared<const TargetGroup>(std::move(group)));
    }
  }
  if (!applying_) changed_();
}

std::vector<DiscovererSet::GroupPtr> DiscovererSet::groups() const {
  std::vector<GroupPtr> out;
  for (const Place& place : places_) {
    for (const auto& [source, group] : place.groups) out.push_back(group);
  }
  return out;
}

}  // namespace tocsin::discovery
