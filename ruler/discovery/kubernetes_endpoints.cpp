#include "discovery/kubernetes_seen_pods.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

LabelSet address_labels(const EndpointAddress& address, const Port& port) {
  LabelSet target;
  target.add("__address__", join_host_port(address.ip, port.number));
  target.add(meta("endpoint_port_name"), port.name).add(meta("endpoint_port_protocol"), port.protocol);
  target.add(meta("endpoint_ready"), address.is_ready ? "true" : "false");
  if (address.target) {
    target.add(meta("endpoint_address_target_kind"), address.target->kind);
    target.add(meta("endpoint_address_target_name"), address.target->name);
  }
  target.add(meta("endpoint_node_name"), address.node_name.value_or(""));
  target.add(meta("endpoint_hostname"), address.hostname);
  return target;
}

}  // namespace

/// One target for each address and port; with the labels of the service and of the pods behind it.
TargetGroup make_endpoints_group(const Object& object, const Attach& attach, const Related& related) {
  const auto& endpoints = std::get<Endpoints>(object.spec);
  TargetGroup group{source_of(Kind::kEndpoints, object.key()), {}, {}};
  LabelSet common;
  common.add(meta("namespace"), object.namespace_);
  if (const Object* service = related.find(Kind::kService, object.key())) add_service(common, *service);
  add_object(common, object, "endpoints");
  add_namespace(common, object, attach, related);
  group.labels = common.build();

  SeenPods pods(attach, related);
  for (const EndpointSubset& subset : endpoints.subsets) {
    for (const Port& port : subset.ports) {
      for (const EndpointAddress& address : subset.addresses) {
        LabelSet target = address_labels(address, port);
        if (attach.node && address.node_name) {
          add_node(target, *address.node_name, related);
        } else if (attach.node && address.target && address.target->kind == "Node") {
          add_node(target, address.target->name, related);
        }
        pods.add(target, address.target, &port.number, &port.protocol);
        group.targets.push_back(target.build());
      }
    }
  }
  pods.add_other_ports(group);
  return group;
}

}  // namespace tocsin::discovery::kubernetes
