#include "discovery/kubernetes_seen_pods.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

void add_flag(LabelSet& target, std::string_view name, const std::optional<bool>& flag) {
  if (flag) target.add(meta("endpointslice_endpoint_conditions_").append(name), *flag ? "true" : "false");
}

void add_port(LabelSet& target, const std::string& address, const SlicePort& port) {
  target.add("__address__", port.number ? join_host_port(address, *port.number) : address);
  target.add(meta("endpointslice_port_name"), port.name.value_or(""));
  target.add(meta("endpointslice_port_protocol"), port.protocol.value_or(""));
  if (port.number) target.add(meta("endpointslice_port"), std::to_string(*port.number));
  target.add(meta("endpointslice_port_app_protocol"), port.app_protocol.value_or(""));
}

void add_endpoint(LabelSet& target, const SliceEndpoint& endpoint) {
  add_flag(target, "ready", endpoint.ready);
  add_flag(target, "serving", endpoint.serving);
  add_flag(target, "terminating", endpoint.terminating);
  target.add(meta("endpointslice_endpoint_hostname"), endpoint.hostname.value_or(""));
  if (endpoint.target) {
    target.add(meta("endpointslice_address_target_kind"), endpoint.target->kind);
    target.add(meta("endpointslice_address_target_name"), endpoint.target->name);
  }
  target.add(meta("endpointslice_endpoint_node_name"), endpoint.node_name.value_or(""));
  target.add(meta("endpointslice_endpoint_zone"), endpoint.zone.value_or(""));
  endpoint.topology.for_each([&](std::string_view key, std::string_view value) {
    const std::string name = sanitize_label_name(key);
    target.add(meta("endpointslice_endpoint_topology_") + name, value);
    target.add(meta("endpointslice_endpoint_topology_present_") + name, "true");
  });
}

void add_node_of(LabelSet& target, const SliceEndpoint& endpoint, const Related& related) {
  if (endpoint.target && endpoint.target->kind == "Node") {
    add_node(target, endpoint.target->name, related);
  } else if (endpoint.node_name) {
    add_node(target, *endpoint.node_name, related);
  }
}

const Object* service_of(const Object& slice, const Related& related) {
  bool has_service = false;
  const std::string_view name = slice.labels.get(kServiceNameLabel, &has_service);
  return has_service ? related.find(Kind::kService, slice.namespace_ + "/" + std::string(name)) : nullptr;
}

/// A dual-stack service has slices of both families; the second one would repeat the targets of the first.
bool is_secondary(const Object* service, const EndpointSlice& slice) {
  if (service == nullptr) return false;
  const std::string& primary = std::get<Service>(service->spec).primary_address_type;
  return !primary.empty() && primary != slice.address_type;
}

}  // namespace

/// One target for each address and port; with the labels of the service and of the pods behind it.
TargetGroup make_endpoint_slice_group(const Object& object, const Attach& attach, const Related& related) {
  const auto& slice = std::get<EndpointSlice>(object.spec);
  TargetGroup group{source_of(Kind::kEndpointSlice, object.key()), {}, {}};
  LabelSet common;
  common.add(meta("namespace"), object.namespace_).add(meta("endpointslice_address_type"), slice.address_type);
  add_object(common, object, "endpointslice");
  const Object* service = service_of(object, related);
  if (service != nullptr) add_service(common, *service);
  add_namespace(common, object, attach, related);
  group.labels = common.build();
  if (is_secondary(service, slice)) return group;

  SeenPods pods(attach, related);
  for (const SliceEndpoint& endpoint : slice.endpoints) {
    for (const SlicePort& port : slice.ports) {
      for (const std::string& address : endpoint.addresses) {
        LabelSet target;
        add_port(target, address, port);
        add_endpoint(target, endpoint);
        if (attach.node) add_node_of(target, endpoint, related);
        pods.add(target, endpoint.target, port.number ? &*port.number : nullptr, nullptr);
        group.targets.push_back(target.build());
      }
    }
  }
  pods.add_other_ports(group);
  return group;
}

}  // namespace tocsin::discovery::kubernetes
