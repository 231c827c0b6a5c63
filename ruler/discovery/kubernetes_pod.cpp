#include "discovery/kubernetes_labels.hpp"

namespace tocsin::discovery::kubernetes {

/// One target for each port of each container; a container without ports is one target without a port.
TargetGroup make_pod_group(const Object& object, const Attach& attach, const Related& related) {
  const auto& pod = std::get<Pod>(object.spec);
  TargetGroup group{source_of(Kind::kPod, object.key()), {}, {}};
  // A pod that starts, or was evicted, has no address; of nodes that a selector leaves out nothing is known.
  if (pod.ip.empty()) return group;
  if (attach.node && related.find(Kind::kNode, pod.node_name) == nullptr) return group;

  LabelSet common;
  add_pod(common, object, attach, related);
  common.add(meta("namespace"), object.namespace_);
  if (attach.node) add_node(common, pod.node_name, related);
  add_namespace(common, object, attach, related);
  group.labels = common.build();

  for (const Container& container : pod.containers) {
    if (container.ports.empty()) {
      LabelSet target;
      target.add("__address__", pod.ip).add(meta("pod_container_name"), container.name);
      target.add(meta("pod_container_id"), container.id).add(meta("pod_container_image"), container.image);
      target.add(meta("pod_container_init"), container.is_init ? "true" : "false");
      group.targets.push_back(target.build());
    }
    for (const Port& port : container.ports) {
      LabelSet target;
      target.add("__address__", join_host_port(pod.ip, port.number)).add(meta("pod_container_id"), container.id);
      add_container_port(target, container, port, port.protocol);
      group.targets.push_back(target.build());
    }
  }
  return group;
}

}  // namespace tocsin::discovery::kubernetes
