#include <array>

#include "discovery/kubernetes_labels.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

/// The address that the kubelet is asked at, by the order of trust; false if there is none.
bool find_address(const Node& node, std::string_view& out) {
  static constexpr std::array<std::string_view, 6> kOrder = {"InternalIP",  "InternalDNS",  "ExternalIP",
                                                             "ExternalDNS", "LegacyHostIP", "Hostname"};
  for (const std::string_view wanted : kOrder) {
    bool found = false;
    node.addresses.for_each([&](std::string_view type, std::string_view address) {
      if (found || type != wanted) return;
      out = address;
      found = true;
    });
    if (found) return true;
  }
  return false;
}

}  // namespace

/// One target: the kubelet. Without targets if the node has no address.
TargetGroup make_node_group(const Object& object) {
  const auto& node = std::get<Node>(object.spec);
  TargetGroup group{source_of(Kind::kNode, object.key()), {}, {}};
  std::string_view address;
  if (!find_address(node, address)) return group;

  LabelSet common;
  common.add(meta("node_provider_id"), node.provider_id);
  node.conditions.for_each([&](std::string_view type, std::string_view status) {
    common.add(meta("node_condition_") + sanitize_label_name(type), status);
  });
  add_object(common, object, "node");
  group.labels = common.build();

  LabelSet target;
  target.add("__address__", join_host_port(address, node.kubelet_port)).add("instance", object.name);
  TextPairs seen;
  node.addresses.for_each([&](std::string_view type, std::string_view value) {
    bool known = false;
    seen.get(type, &known);
    if (known) return;
    seen.add(type, value);
    target.add(meta("node_address_") + sanitize_label_name(type), value);
  });
  group.targets.push_back(target.build());
  return group;
}

}  // namespace tocsin::discovery::kubernetes
