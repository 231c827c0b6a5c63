#include "discovery/kubernetes_labels.hpp"

namespace tocsin::discovery::kubernetes {

/// One target for each port, by the service's name in the cluster's DNS.
TargetGroup make_service_group(const Object& object, const Attach& attach, const Related& related) {
  const auto& service = std::get<Service>(object.spec);
  TargetGroup group{source_of(Kind::kService, object.key()), {}, {}};
  LabelSet common;
  add_service(common, object);
  add_namespace(common, object, attach, related);
  group.labels = common.build();

  for (const Port& port : service.ports) {
    LabelSet target;
    target.add("__address__", join_host_port(object.name + "." + object.namespace_ + ".svc", port.number));
    target.add(meta("service_port_name"), port.name).add(meta("service_port_number"), std::to_string(port.number));
    target.add(meta("service_port_protocol"), port.protocol).add(meta("service_type"), service.type);
    if (service.type == "ExternalName") {
      target.add(meta("service_external_name"), service.external_name);
    } else {
      target.add(meta("service_cluster_ip"), service.cluster_ip);
    }
    target.add(meta("service_loadbalancer_ip"), service.load_balancer_ips);
    group.targets.push_back(target.build());
  }
  return group;
}

}  // namespace tocsin::discovery::kubernetes
