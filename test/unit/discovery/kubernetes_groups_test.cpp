// Which labels each role gives. That they are Prometheus' is shown by test/integration/kubernetes_test.py.

#include "discovery/kubernetes_groups.hpp"

#include <catch2/catch.hpp>

#include "discovery/kubernetes_parse.hpp"
#include "kubernetes_cluster.hpp"

using namespace tocsin;
using namespace tocsin::discovery;
using namespace tocsin::discovery::kubernetes;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Everything of the cluster, as informers would have it.
class Cluster {
 public:
  Cluster() {
    const std::map<std::string, Kind> kinds = {{"pods", Kind::kPod},
                                               {"services", Kind::kService},
                                               {"endpoints", Kind::kEndpoints},
                                               {"endpointslices", Kind::kEndpointSlice},
                                               {"nodes", Kind::kNode},
                                               {"ingresses", Kind::kIngress},
                                               {"namespaces", Kind::kNamespace},
                                               {"replicasets", Kind::kReplicaSet},
                                               {"jobs", Kind::kJob}};
    for (const auto& [collection, objects] : test::read_cluster()) {
      const Kind kind = kinds.at(collection.substr(collection.rfind('/') + 1));
      for (const std::string& text : objects) add(kind, text);
    }
  }

  void add(Kind kind, const std::string& text) {
    const auto page = parse_page(kind, R"({"metadata":{"resourceVersion":"1"},"items":[)" + text + "]}");
    INFO((page ? "" : page.error().message));
    REQUIRE(page);
    objects_[{kind, page->objects.at(0)->key()}] = page->objects.at(0);
  }

  TargetGroup group(Kind kind, const std::string& key, const Attach& attach = {}) const {
    const ObjectPtr object = objects_.at({kind, key});
    const Find find = [this](Kind wanted, const std::string& name) -> ObjectPtr {
      const auto found = objects_.find({wanted, name});
      return found == objects_.end() ? nullptr : found->second;
    };
    return make_group(*object, attach, Related(*object, attach, find));
  }

 private:
  std::map<std::pair<Kind, std::string>, ObjectPtr> objects_;
};

/// Labels without the prefix that all have.
Pairs short_labels(const model::Labels& labels) {
  Pairs out;
  for (const auto& label : labels) {
    std::string name(label.name);
    if (name.starts_with("__meta_kubernetes_")) name.erase(0, 18);
    out.emplace_back(std::move(name), label.value);
  }
  return out;
}

std::vector<std::string> addresses(const TargetGroup& group) {
  std::vector<std::string> out;
  for (const auto& target : group.targets) out.emplace_back(target.get("__address__"));
  return out;
}

std::string meta(const model::Labels& labels, const std::string& name) {
  return std::string(labels.get("__meta_kubernetes_" + name));
}

}  // namespace

TEST_CASE("a pod is one group with a target for each port, init containers last") {
  const Cluster cluster;
  const TargetGroup group = cluster.group(Kind::kPod, "shop/web-5d4f-1");
  CHECK(group.source == "pod/shop/web-5d4f-1");
  CHECK(short_labels(group.labels) == Pairs{{"namespace", "shop"},
                                            {"pod_annotation_note__", "über"},
                                            {"pod_annotation_prometheus_io_scrape", "true"},
                                            {"pod_annotationpresent_note__", "true"},
                                            {"pod_annotationpresent_prometheus_io_scrape", "true"},
                                            {"pod_controller_kind", "ReplicaSet"},
                                            {"pod_controller_name", "web-5d4f"},
                                            {"pod_host_ip", "10.0.0.11"},
                                            {"pod_ip", "10.1.0.1"},
                                            {"pod_label_app", "web"},
                                            {"pod_label_app_kubernetes_io_part_of", "shop"},
                                            {"pod_labelpresent_app", "true"},
                                            {"pod_labelpresent_app_kubernetes_io_part_of", "true"},
                                            {"pod_labelpresent_empty", "true"},
                                            {"pod_name", "web-5d4f-1"},
                                            {"pod_node_name", "node-a"},
                                            {"pod_phase", "Running"},
                                            {"pod_ready", "true"},
                                            {"pod_uid", "uid-web-5d4f-1"}});
  CHECK(addresses(group) ==
        std::vector<std::string>{"10.1.0.1:8080", "10.1.0.1:9090", "10.1.0.1:15090", "10.1.0.1", "10.1.0.1:4444"});
  CHECK(short_labels(group.targets[0]) == Pairs{{"__address__", "10.1.0.1:8080"},
                                                {"pod_container_id", "containerd://web-5d4f-1-app"},
                                                {"pod_container_image", "registry/web:1.2"},
                                                {"pod_container_init", "false"},
                                                {"pod_container_name", "app"},
                                                {"pod_container_port_name", "http"},
                                                {"pod_container_port_number", "8080"},
                                                {"pod_container_port_protocol", "TCP"}});
  CHECK(meta(group.targets[2], "pod_container_port_name").empty());
  CHECK(short_labels(group.targets[3]) == Pairs{{"__address__", "10.1.0.1"},
                                                {"pod_container_id", "containerd://web-5d4f-1-setup"},
                                                {"pod_container_image", "registry/setup:1"},
                                                {"pod_container_init", "true"},
                                                {"pod_container_name", "setup"}});
  CHECK(meta(group.targets[4], "pod_container_init") == "true");
  CHECK(meta(group.targets[4], "pod_container_port_protocol") == "UDP");
}

TEST_CASE("a pod without an address has no targets, and one whose readiness is not said is unknown") {
  const Cluster cluster;
  CHECK(cluster.group(Kind::kPod, "shop/waiting").targets.empty());
  const TargetGroup six = cluster.group(Kind::kPod, "ops/six");
  CHECK(meta(six.labels, "pod_ready") == "unknown");
  CHECK(addresses(six) == std::vector<std::string>{"[fd00::17]:8443"});
}

TEST_CASE("metadata is attached to pods as asked for") {
  Cluster cluster;
  const Attach all{true, true, true, true, true};
  const TargetGroup web = cluster.group(Kind::kPod, "shop/web-5d4f-1", all);
  CHECK(meta(web.labels, "node_name") == "node-a");
  CHECK(meta(web.labels, "node_label_topology_kubernetes_io_zone") == "z-1");
  CHECK(meta(web.labels, "node_annotationpresent_volumes_kubernetes_io_controller") == "true");
  CHECK(meta(web.labels, "node_provider_id").empty());
  CHECK(meta(web.labels, "namespace_label_tier") == "gold");
  CHECK(meta(web.labels, "namespace_annotation_contact") == "shop@example.com");
  CHECK(meta(web.labels, "pod_deployment_name") == "web");
  const TargetGroup job = cluster.group(Kind::kPod, "ops/nightly-1", all);
  CHECK(meta(job.labels, "pod_job_name") == "nightly-1");
  CHECK(meta(job.labels, "pod_cronjob_name") == "nightly");
  CHECK(meta(cluster.group(Kind::kPod, "ops/nightly-1").labels, "pod_job_name").empty());

  SECTION("and a pod of a node that is not known has no targets") {
    cluster.add(Kind::kPod, R"({"metadata": {"namespace": "a", "name": "b"}, "spec": {"nodeName": "node-x"},
                                "status": {"podIP": "10.1.2.3"}})");
    CHECK(cluster.group(Kind::kPod, "a/b", {.node = true}).targets.empty());
  }
}

TEST_CASE("a service has a target for each port, by its name in DNS") {
  const Cluster cluster;
  const TargetGroup web = cluster.group(Kind::kService, "shop/web", {.namespace_ = true});
  CHECK(web.source == "svc/shop/web");
  CHECK(meta(web.labels, "service_name") == "web");
  CHECK(meta(web.labels, "service_label_team") == "shop");
  CHECK(meta(web.labels, "service_annotation_owner") == "a@b");
  CHECK(meta(web.labels, "namespace_label_tier") == "gold");
  REQUIRE(web.targets.size() == 2);
  CHECK(short_labels(web.targets[0]) == Pairs{{"__address__", "web.shop.svc:80"},
                                              {"service_cluster_ip", "10.96.0.10"},
                                              {"service_port_name", "http"},
                                              {"service_port_number", "80"},
                                              {"service_port_protocol", "TCP"},
                                              {"service_type", "ClusterIP"}});
  const TargetGroup outside = cluster.group(Kind::kService, "shop/outside");
  CHECK(meta(outside.targets.at(0), "service_external_name") == "api.example.com");
  CHECK(meta(outside.targets.at(0), "service_cluster_ip").empty());
  CHECK(meta(cluster.group(Kind::kService, "shop/db").targets.at(0), "service_cluster_ip") == "None");
  const TargetGroup edge = cluster.group(Kind::kService, "ops/edge");
  CHECK(meta(edge.targets.at(0), "service_loadbalancer_ip") == "192.0.2.8,192.0.2.9");
}

TEST_CASE("endpoints tell of their service and pods, and of ports of pods that no address tells of") {
  const Cluster cluster;
  const TargetGroup group = cluster.group(Kind::kEndpoints, "shop/web", {.node = true, .deployment = true});
  CHECK(group.source == "endpoints/shop/web");
  CHECK(meta(group.labels, "service_name") == "web");
  CHECK(meta(group.labels, "endpoints_name") == "web");
  CHECK(meta(group.labels, "endpoints_label_endpoints_kubernetes_io_managed") == "yes");
  CHECK(addresses(group) == std::vector<std::string>{
                                "10.1.0.1:8080", "10.1.0.2:8080", "198.51.100.4:80", "198.51.100.4:81", "10.1.0.1:9090",
                                "10.1.0.1:15090", "10.1.0.1:4444", "10.1.0.2:9090", "10.1.0.2:15090", "10.1.0.2:4444"});
  const model::Labels& first = group.targets[0];
  CHECK(meta(first, "endpoint_ready") == "true");
  CHECK(meta(first, "endpoint_node_name") == "node-a");
  CHECK(meta(first, "endpoint_address_target_kind") == "Pod");
  CHECK(meta(first, "endpoint_address_target_name") == "web-5d4f-1");
  CHECK(meta(first, "pod_name") == "web-5d4f-1");
  CHECK(meta(first, "pod_container_name") == "app");
  CHECK(meta(first, "pod_container_port_name") == "http");
  CHECK(meta(first, "pod_deployment_name") == "web");
  CHECK(meta(first, "node_label_kubernetes_io_hostname") == "node-a");
  CHECK(meta(group.targets[1], "endpoint_ready") == "false");
  CHECK(meta(group.targets[2], "endpoint_hostname") == "ext-1");
  CHECK(meta(group.targets[3], "endpoint_port_name").empty());
  const model::Labels& other = group.targets[4];
  CHECK(meta(other, "pod_container_port_name") == "metrics");
  CHECK(meta(other, "pod_name") == "web-5d4f-1");
  CHECK(meta(other, "endpoint_ready").empty());

  const TargetGroup kubelet = cluster.group(Kind::kEndpoints, "ops/kubelet", {.node = true});
  CHECK(meta(kubelet.targets.at(0), "node_name") == "node-a");
  CHECK(cluster.group(Kind::kEndpoints, "ops/nobody").targets.empty());
}

TEST_CASE("endpoint slices tell of their service and pods, and of conditions") {
  Cluster cluster;
  const TargetGroup group = cluster.group(Kind::kEndpointSlice, "shop/web-abc");
  CHECK(group.source == "endpointslice/shop/web-abc");
  CHECK(meta(group.labels, "service_label_team") == "shop");
  CHECK(meta(group.labels, "endpointslice_address_type") == "IPv4");
  CHECK(meta(group.labels, "endpointslice_label_app") == "web");
  CHECK(addresses(group) == std::vector<std::string>{"10.1.0.1:8080", "10.1.0.1:9090", "10.1.0.2:8080", "10.1.0.2:9090",
                                                     "203.0.113.9:8080", "203.0.113.10:8080", "203.0.113.9:9090",
                                                     "203.0.113.10:9090", "10.1.0.1:15090", "10.1.0.1:4444",
                                                     "10.1.0.2:15090", "10.1.0.2:4444"});
  const model::Labels& first = group.targets[0];
  CHECK(meta(first, "endpointslice_port") == "8080");
  CHECK(meta(first, "endpointslice_port_name") == "http");
  CHECK(meta(first, "endpointslice_port_protocol") == "TCP");
  CHECK(meta(first, "endpointslice_port_app_protocol") == "http");
  CHECK(meta(first, "endpointslice_endpoint_conditions_ready") == "true");
  CHECK(meta(first, "endpointslice_endpoint_conditions_serving") == "true");
  CHECK(meta(first, "endpointslice_endpoint_conditions_terminating") == "false");
  CHECK(meta(first, "endpointslice_endpoint_zone") == "z-1");
  CHECK(meta(first, "endpointslice_endpoint_node_name") == "node-a");
  CHECK(meta(first, "endpointslice_address_target_name") == "web-5d4f-1");
  CHECK(meta(first, "pod_container_port_number") == "8080");
  CHECK(meta(group.targets[2], "endpointslice_endpoint_conditions_serving").empty());
  CHECK(meta(group.targets[2], "endpointslice_endpoint_hostname") == "second");
  CHECK(meta(group.targets[2], "endpointslice_endpoint_topology_topology_kubernetes_io_rack") == "r7");
  CHECK(meta(group.targets[2], "endpointslice_endpoint_topology_present_topology_kubernetes_io_rack") == "true");
  CHECK(addresses(cluster.group(Kind::kEndpointSlice, "ops/no-ports")) == std::vector<std::string>{"host.example.com"});

  SECTION("and the second family of a dual-stack service has no targets") {
    cluster.add(Kind::kEndpointSlice, R"({"metadata": {"namespace": "shop", "name": "web-v6",
        "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv6", "ports": [{"port": 1}],
        "endpoints": [{"addresses": ["fd00::1"]}]})");
    CHECK(cluster.group(Kind::kEndpointSlice, "shop/web-v6").targets.empty());
  }
}

TEST_CASE("a node is its kubelet, at the address that is trusted most") {
  Cluster cluster;
  const TargetGroup a = cluster.group(Kind::kNode, "node-a");
  CHECK(a.source == "node/node-a");
  CHECK(meta(a.labels, "node_provider_id") == "kind://docker/kind/node-a");
  CHECK(meta(a.labels, "node_condition_ready") == "true");
  CHECK(meta(a.labels, "node_condition_memorypressure") == "false");
  REQUIRE(a.targets.size() == 1);
  CHECK(short_labels(a.targets[0]) == Pairs{{"__address__", "10.0.0.11:10250"},
                                            {"node_address_ExternalIP", "198.51.100.11"},
                                            {"node_address_Hostname", "node-a.local"},
                                            {"node_address_InternalIP", "10.0.0.11"},
                                            {"instance", "node-a"}});
  CHECK(addresses(cluster.group(Kind::kNode, "node-b")) == std::vector<std::string>{"node-b.example.com:10250"});
  cluster.add(Kind::kNode, R"({"metadata": {"name": "lost"}})");
  CHECK(cluster.group(Kind::kNode, "lost").targets.empty());
}

TEST_CASE("an ingress has a target for each path, https where its certificates reach") {
  const Cluster cluster;
  const TargetGroup group = cluster.group(Kind::kIngress, "shop/front");
  CHECK(group.source == "ingress/shop/front");
  CHECK(meta(group.labels, "ingress_class_name") == "nginx");
  std::vector<std::string> urls;
  for (const auto& target : group.targets) {
    urls.push_back(meta(target, "ingress_scheme") + "://" + meta(target, "ingress_host") +
                   meta(target, "ingress_path"));
    CHECK(target.get("__address__") == meta(target, "ingress_host"));
  }
  CHECK(urls == std::vector<std::string>{"https://www.shop.example.com/", "https://www.shop.example.com/",
                                         "https://www.shop.example.com/api", "http://a.b.shop.example.com/deep",
                                         "https://plain.example.com/"});
  CHECK(cluster.group(Kind::kIngress, "ops/bare").targets.empty());
}

TEST_CASE("what the API server sends and does not make sense is refused with its place") {
  const auto page_error = [](Kind kind, const std::string& body) {
    const auto page = parse_page(kind, body);
    return page ? "accepted" : page.error().message;
  };
  CHECK_THAT(page_error(Kind::kPod, "<html>"), Catch::Contains("invalid JSON at byte"));
  CHECK(page_error(Kind::kPod, "[]") == "a list of pods is not an object");
  CHECK(page_error(Kind::kPod, "{}") == "a list of pods: it has no resourceVersion");
  CHECK(page_error(Kind::kPod, R"({"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}}]})") ==
        "object \"a\" of pods: it has no namespace");
  CHECK(page_error(Kind::kPod, R"({"metadata":{"resourceVersion":"1"},"items":[
          {"metadata":{"namespace":"n","name":"a"},"status":{"podIP":7}}]})") ==
        "object \"n/a\" of pods: field \"podIP\" is not a text");
  CHECK(page_error(Kind::kService, R"({"metadata":{"resourceVersion":"1"},"items":[
          {"metadata":{"namespace":"n","name":"a"},"spec":{"ports":[{"port":"x"}]}}]})") ==
        "object \"n/a\" of services: field \"port\" is not a whole number");
  CHECK(page_error(Kind::kNode, R"({"metadata":{"resourceVersion":"1"},"items":[
          {"metadata":{"name":"a","labels":{"x":[]}}}]})") ==
        "object \"a\" of nodes: field \"labels\" is not a map of texts");
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  CHECK_THAT(page_error(Kind::kPod, deep), Catch::Contains("invalid JSON at byte"));

  CHECK_FALSE(parse_event(Kind::kPod, "{}"));
  CHECK_FALSE(parse_event(Kind::kPod, R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})"));
  CHECK_FALSE(parse_event(Kind::kPod, R"({"type":"FOO","object":{"metadata":{"resourceVersion":"1"}}})"));
  CHECK_FALSE(parse_event(Kind::kPod, R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1"}}} x)"));
}

TEST_CASE("events of a watch and refusals are read") {
  const auto bookmark = parse_event(Kind::kPod, R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})");
  REQUIRE(bookmark);
  CHECK(bookmark->type == Event::Type::kBookmark);
  CHECK(bookmark->resource_version == "9");
  const auto error = parse_event(Kind::kPod, R"({"type":"ERROR","object":{"kind":"Status","code":410,
      "message":"too old resource version"}})");
  REQUIRE(error);
  CHECK(error->status.code == 410);
  CHECK(error->status.message == "too old resource version");
  const auto deleted =
      parse_event(Kind::kNode, R"({"type":"DELETED","object":{"metadata":{"name":"n","resourceVersion":"10"}}})");
  REQUIRE(deleted);
  CHECK(deleted->type == Event::Type::kDeleted);
  CHECK(deleted->object->key() == "n");

  CHECK(parse_status(403, R"({"kind":"Status","message":"pods is forbidden","code":403})").message ==
        "pods is forbidden");
  CHECK(parse_status(502, " <html>bad gateway</html>\n").message == "<html>bad gateway</html>");
}
