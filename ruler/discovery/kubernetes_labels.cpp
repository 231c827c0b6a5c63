#include "discovery/kubernetes_labels.hpp"

namespace tocsin::discovery::kubernetes {

std::string meta(std::string_view rest) {
  std::string out = "__meta_kubernetes_";
  return out.append(rest);
}

void add_labels_and_annotations(LabelSet& labels, const Object& object, std::string_view what) {
  const auto add_all = [&](const TextPairs& pairs, std::string_view kind) {
    const std::string base = meta(what).append("_").append(kind);
    pairs.for_each([&](std::string_view key, std::string_view value) {
      const std::string name = sanitize_label_name(key);
      labels.add(base + "_" + name, value).add(base + "present_" + name, "true");
    });
  };
  add_all(object.labels, "label");
  add_all(object.annotations, "annotation");
}

void add_object(LabelSet& labels, const Object& object, std::string_view what) {
  labels.add(meta(what).append("_name"), object.name);
  add_labels_and_annotations(labels, object, what);
}

void add_pod(LabelSet& labels, const Object& object, const Attach& attach, const Related& related) {
  const auto& pod = std::get<Pod>(object.spec);
  labels.add(meta("pod_ip"), pod.ip).add(meta("pod_ready"), pod.ready).add(meta("pod_phase"), pod.phase);
  labels.add(meta("pod_node_name"), pod.node_name).add(meta("pod_host_ip"), pod.host_ip);
  labels.add(meta("pod_uid"), pod.uid);
  add_object(labels, object, "pod");
  labels.add(meta("pod_controller_kind"), object.controller_kind);
  labels.add(meta("pod_controller_name"), object.controller_name);

  const std::string controller = object.namespace_ + "/" + object.controller_name;
  if (object.controller_kind == "ReplicaSet" && attach.deployment) {
    const Object* owner = related.find(Kind::kReplicaSet, controller);
    if (owner != nullptr && owner->controller_kind == "Deployment") {
      labels.add(meta("pod_deployment_name"), owner->controller_name);
    }
  }
  if (object.controller_kind != "Job") return;
  if (attach.job) labels.add(meta("pod_job_name"), object.controller_name);
  if (!attach.cronjob) return;
  const Object* owner = related.find(Kind::kJob, controller);
  if (owner != nullptr && owner->controller_kind == "CronJob") {
    labels.add(meta("pod_cronjob_name"), owner->controller_name);
  }
}

void add_service(LabelSet& labels, const Object& service) {
  labels.add(meta("namespace"), service.namespace_);
  add_object(labels, service, "service");
}

void add_node(LabelSet& labels, const std::string& name, const Related& related) {
  if (const Object* node = related.find(Kind::kNode, name)) add_object(labels, *node, "node");
}

void add_namespace(LabelSet& labels, const Object& object, const Attach& attach, const Related& related) {
  if (!attach.namespace_) return;
  if (const Object* found = related.find(Kind::kNamespace, object.namespace_)) {
    add_labels_and_annotations(labels, *found, "namespace");
  }
}

void add_container_port(LabelSet& labels, const Container& container, const Port& port, std::string_view protocol) {
  labels.add(meta("pod_container_name"), container.name).add(meta("pod_container_image"), container.image);
  labels.add(meta("pod_container_port_name"), port.name);
  labels.add(meta("pod_container_port_number"), std::to_string(port.number));
  labels.add(meta("pod_container_port_protocol"), protocol);
  labels.add(meta("pod_container_init"), container.is_init ? "true" : "false");
}

std::string pod_key(const std::optional<ObjectRef>& target) {
  return target && target->kind == "Pod" ? target->namespace_ + "/" + target->name : "";
}

}  // namespace tocsin::discovery::kubernetes
