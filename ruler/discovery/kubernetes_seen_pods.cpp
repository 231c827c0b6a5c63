#include "discovery/kubernetes_seen_pods.hpp"

#include <algorithm>

namespace tocsin::discovery::kubernetes {

void SeenPods::add(LabelSet& target, const std::optional<ObjectRef>& ref, const std::int64_t* port,
                   const std::string* protocol) {
  const std::string key = pod_key(ref);
  const Object* pod = key.empty() ? nullptr : related_.find(Kind::kPod, key);
  if (pod == nullptr) return;
  add_pod(target, *pod, attach_, related_);
  Seen& seen = pods_[key];
  seen.pod = pod;
  if (port == nullptr) return;
  seen.ports.insert(*port);
  for (const Container& container : std::get<Pod>(pod->spec).containers) {
    const auto found =
        std::find_if(container.ports.begin(), container.ports.end(), [&](const Port& p) { return p.number == *port; });
    if (found == container.ports.end()) continue;
    add_container_port(target, container, *found, protocol != nullptr ? *protocol : found->protocol);
  }
}

void SeenPods::add_other_ports(TargetGroup& group) const {
  for (const auto& [key, seen] : pods_) {
    const auto& pod = std::get<Pod>(seen.pod->spec);
    if (pod.ip.empty()) continue;  // it starts, or was evicted
    for (const Container& container : pod.containers) {
      for (const Port& port : container.ports) {
        if (seen.ports.contains(port.number)) continue;
        LabelSet target;
        target.add("__address__", join_host_port(pod.ip, port.number));
        add_container_port(target, container, port, port.protocol);
        add_pod(target, *seen.pod, attach_, related_);
        group.targets.push_back(target.build());
      }
    }
  }
}

}  // namespace tocsin::discovery::kubernetes
