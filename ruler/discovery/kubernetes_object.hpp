#pragma once
// Objects of the Kubernetes API, cut down to what labels are made of: thousands of them are kept.
// Source: k8s.io/api core/v1, discovery/v1, networking/v1, apps/v1, batch/v1.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "discovery/text_pairs.hpp"

namespace tocsin::discovery::kubernetes {

enum class Kind : std::uint8_t {
  kPod,
  kService,
  kEndpoints,
  kEndpointSlice,
  kNode,
  kIngress,
  kNamespace,
  kReplicaSet,
  kJob
};

/// "pods", "services", ...: as in paths of the API.
std::string_view resource_of(Kind kind);
/// The kind of a role of the configuration.
Kind kind_of_role(std::string_view role);
/// Neither nodes nor namespaces are in a namespace.
inline bool is_namespaced(Kind kind) {
  return kind != Kind::kNode && kind != Kind::kNamespace;
}

struct Port {
  std::string name, protocol;
  std::int64_t number = 0;
  bool operator==(const Port&) const = default;
};

struct Container {
  std::string name, image, id;
  std::vector<Port> ports;
  bool is_init = false;
  bool operator==(const Container&) const = default;
};

struct Pod {
  std::string uid, ip, host_ip, node_name, phase, ready;
  std::vector<Container> containers;  // the init containers are the last
  bool operator==(const Pod&) const = default;
};

struct Service {
  std::string type, cluster_ip, external_name;
  std::string load_balancer_ips;     // joined by commas
  std::string primary_address_type;  // of a dual-stack service, else ""
  std::vector<Port> ports;
  bool operator==(const Service&) const = default;
};

/// Whom an address belongs to.
struct ObjectRef {
  std::string kind, namespace_, name;
  bool operator==(const ObjectRef&) const = default;
};

struct EndpointAddress {
  std::string ip, hostname;
  std::optional<std::string> node_name;
  std::optional<ObjectRef> target;
  bool is_ready = true;
  bool operator==(const EndpointAddress&) const = default;
};

struct EndpointSubset {
  std::vector<Port> ports;
  std::vector<EndpointAddress> addresses;  // those that are not ready are the last
  bool operator==(const EndpointSubset&) const = default;
};

struct Endpoints {
  std::vector<EndpointSubset> subsets;
  bool operator==(const Endpoints&) const = default;
};

struct SlicePort {
  std::optional<std::string> name, protocol, app_protocol;
  std::optional<std::int64_t> number;
  bool operator==(const SlicePort&) const = default;
};

struct SliceEndpoint {
  std::vector<std::string> addresses;
  std::optional<bool> ready, serving, terminating;
  std::optional<std::string> hostname, node_name, zone;
  std::optional<ObjectRef> target;
  TextPairs topology;
  bool operator==(const SliceEndpoint&) const = default;
};

struct EndpointSlice {
  std::string address_type;
  std::vector<SlicePort> ports;
  std::vector<SliceEndpoint> endpoints;
  bool operator==(const EndpointSlice&) const = default;
};

struct Node {
  std::string provider_id;
  TextPairs conditions;  // type and status
  TextPairs addresses;   // type and address
  std::int64_t kubelet_port = 0;
  bool operator==(const Node&) const = default;
};

struct IngressRule {
  std::string host;
  std::vector<std::string> paths;
  bool operator==(const IngressRule&) const = default;
};

struct Ingress {
  std::optional<std::string> class_name;
  std::vector<std::string> tls_hosts;
  std::vector<IngressRule> rules;
  bool operator==(const Ingress&) const = default;
};

/// Immutable; shared by stores and those who make groups on other threads.
struct Object {
  Kind kind = Kind::kPod;
  std::string namespace_, name;
  TextPairs labels, annotations;                 // not of replica sets and jobs
  std::string controller_kind, controller_name;  // of the owner that is the controller
  std::variant<std::monostate, Pod, Service, Endpoints, EndpointSlice, Node, Ingress> spec;
  bool operator==(const Object&) const = default;

  /// "namespace/name", or "name" of what is in no namespace.
  std::string key() const { return namespace_.empty() ? name : namespace_ + "/" + name; }
};

using ObjectPtr = std::shared_ptr<const Object>;

}  // namespace tocsin::discovery::kubernetes
