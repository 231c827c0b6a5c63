#include "discovery/kubernetes_object.hpp"

namespace tocsin::discovery::kubernetes {

std::string_view resource_of(Kind kind) {
  switch (kind) {
    case Kind::kPod:
      return "pods";
    case Kind::kService:
      return "services";
    case Kind::kEndpoints:
      return "endpoints";
    case Kind::kEndpointSlice:
      return "endpointslices";
    case Kind::kNode:
      return "nodes";
    case Kind::kIngress:
      return "ingresses";
    case Kind::kNamespace:
      return "namespaces";
    case Kind::kReplicaSet:
      return "replicasets";
    case Kind::kJob:
      return "jobs";
  }
  return "";
}

Kind kind_of_role(std::string_view role) {
  if (role == "service") return Kind::kService;
  if (role == "endpoints") return Kind::kEndpoints;
  if (role == "endpointslice") return Kind::kEndpointSlice;
  if (role == "node") return Kind::kNode;
  if (role == "ingress") return Kind::kIngress;
  return Kind::kPod;
}

}  // namespace tocsin::discovery::kubernetes
