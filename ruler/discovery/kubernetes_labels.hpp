#pragma once
// Parts that the groups of several roles share. Private to this module.

#include <string>
#include <string_view>

#include "discovery/kubernetes_groups.hpp"
#include "discovery/label_set.hpp"

namespace tocsin::discovery::kubernetes {

/// "__meta_kubernetes_" and the rest.
std::string meta(std::string_view rest);

/// Labels and annotations under `__meta_kubernetes_<what>_...`.
void add_labels_and_annotations(LabelSet& labels, const Object& object, std::string_view what);
/// These, and the name.
void add_object(LabelSet& labels, const Object& object, std::string_view what);

/// What is known of a pod beside its containers. Source: pod.go, podLabels.
void add_pod(LabelSet& labels, const Object& pod, const Attach& attach, const Related& related);
/// Name, labels and annotations of a service, and its namespace. Source: service.go, serviceLabels.
void add_service(LabelSet& labels, const Object& service);
void add_node(LabelSet& labels, const std::string& name, const Related& related);
void add_namespace(LabelSet& labels, const Object& object, const Attach& attach, const Related& related);
/// One port of a container. `protocol` is said apart: endpoints have their own.
void add_container_port(LabelSet& labels, const Container& container, const Port& port, std::string_view protocol);

/// "namespace/name" of a pod that an address belongs to, or "".
std::string pod_key(const std::optional<ObjectRef>& target);

// One function for each role, in a file of its name.
TargetGroup make_pod_group(const Object& object, const Attach& attach, const Related& related);
TargetGroup make_service_group(const Object& object, const Attach& attach, const Related& related);
TargetGroup make_endpoints_group(const Object& object, const Attach& attach, const Related& related);
TargetGroup make_endpoint_slice_group(const Object& object, const Attach& attach, const Related& related);
TargetGroup make_node_group(const Object& object);
TargetGroup make_ingress_group(const Object& object, const Attach& attach, const Related& related);

/// The label of an endpoint slice that names its service.
inline constexpr std::string_view kServiceNameLabel = "kubernetes.io/service-name";

}  // namespace tocsin::discovery::kubernetes
