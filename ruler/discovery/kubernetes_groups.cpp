#include "discovery/kubernetes_groups.hpp"

#include "discovery/kubernetes_labels.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

using Visit = std::function<void(Kind kind, const std::string& key)>;

void visit_controller(const Object& pod, const Attach& attach, const Visit& visit) {
  const std::string key = pod.namespace_ + "/" + pod.controller_name;
  if (attach.deployment && pod.controller_kind == "ReplicaSet") visit(Kind::kReplicaSet, key);
  if (attach.cronjob && pod.controller_kind == "Job") visit(Kind::kJob, key);
}

void visit_target(const std::optional<ObjectRef>& target, const std::optional<std::string>& node_name,
                  const Attach& attach, const Find& find, const Visit& visit) {
  if (attach.node && node_name) visit(Kind::kNode, *node_name);
  if (attach.node && target && target->kind == "Node") visit(Kind::kNode, target->name);
  const std::string key = pod_key(target);
  if (key.empty()) return;
  visit(Kind::kPod, key);
  if (!attach.deployment && !attach.cronjob) return;
  if (const ObjectPtr pod = find(Kind::kPod, key)) visit_controller(*pod, attach, visit);
}

}  // namespace

void visit_references(const Object& object, const Attach& attach, const Find& find, const Visit& visit) {
  if (attach.namespace_ && is_namespaced(object.kind)) visit(Kind::kNamespace, object.namespace_);
  if (const auto* pod = std::get_if<Pod>(&object.spec)) {
    if (attach.node) visit(Kind::kNode, pod->node_name);
    visit_controller(object, attach, visit);
  } else if (const auto* endpoints = std::get_if<Endpoints>(&object.spec)) {
    visit(Kind::kService, object.key());
    for (const EndpointSubset& subset : endpoints->subsets) {
      for (const EndpointAddress& address : subset.addresses) {
        visit_target(address.target, address.node_name, attach, find, visit);
      }
    }
  } else if (const auto* slice = std::get_if<EndpointSlice>(&object.spec)) {
    bool has_service = false;
    const std::string_view service = object.labels.get(kServiceNameLabel, &has_service);
    if (has_service) visit(Kind::kService, object.namespace_ + "/" + std::string(service));
    for (const SliceEndpoint& endpoint : slice->endpoints) {
      visit_target(endpoint.target, endpoint.node_name, attach, find, visit);
    }
  }
}

Related::Related(const Object& object, const Attach& attach, const Find& find) {
  visit_references(object, attach, find, [&](Kind kind, const std::string& key) {
    if (ObjectPtr found = find(kind, key)) objects_[static_cast<int>(kind)].try_emplace(key, std::move(found));
  });
}

const Object* Related::find(Kind kind, const std::string& key) const {
  const auto& objects = objects_[static_cast<int>(kind)];
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second.get();
}

std::string source_of(Kind kind, std::string_view key) {
  switch (kind) {
    case Kind::kService:
      return fmt::format("svc/{}", key);
    case Kind::kEndpoints:
      return fmt::format("endpoints/{}", key);
    case Kind::kEndpointSlice:
      return fmt::format("endpointslice/{}", key);
    case Kind::kNode:
      return fmt::format("node/{}", key);
    case Kind::kIngress:
      return fmt::format("ingress/{}", key);
    default:
      return fmt::format("pod/{}", key);
  }
}

TargetGroup make_group(const Object& object, const Attach& attach, const Related& related) {
  switch (object.kind) {
    case Kind::kService:
      return make_service_group(object, attach, related);
    case Kind::kEndpoints:
      return make_endpoints_group(object, attach, related);
    case Kind::kEndpointSlice:
      return make_endpoint_slice_group(object, attach, related);
    case Kind::kNode:
      return make_node_group(object);
    case Kind::kIngress:
      return make_ingress_group(object, attach, related);
    default:
      return make_pod_group(object, attach, related);
  }
}

}  // namespace tocsin::discovery::kubernetes
