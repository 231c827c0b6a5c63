#include "discovery/kubernetes_parse.hpp"

#include "base/strings.hpp"
#include "discovery/json_reader.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxShownBytes = 200;  // of a body that is not what it should be

Port read_port(JsonReader& in, const json::object& from, std::string_view number) {
  return {in.text(from, "name"), in.text(from, "protocol"), in.integer(from, number)};
}

std::string container_id(JsonReader& in, const json::object& status, std::string_view list, std::string_view name) {
  for (const json::value& value : in.array(status, list)) {
    const json::object& container = in.element(value, list);
    if (in.text(container, "name") == name) return in.text(container, "containerID");
  }
  return "";
}

void read_containers(JsonReader& in, const json::object& pod, bool is_init, std::vector<Container>& out) {
  const std::string_view list = is_init ? "initContainers" : "containers";
  const std::string_view statuses = is_init ? "initContainerStatuses" : "containerStatuses";
  for (const json::value& value : in.array(in.object(pod, "spec"), list)) {
    const json::object& from = in.element(value, list);
    Container& container = out.emplace_back();
    container.name = in.text(from, "name");
    container.image = in.text(from, "image");
    container.id = container_id(in, in.object(pod, "status"), statuses, container.name);
    container.is_init = is_init;
    for (const json::value& port : in.array(from, "ports")) {
      container.ports.push_back(read_port(in, in.element(port, "ports"), "containerPort"));
    }
  }
}

/// "true", "false" or "unknown".
std::string pod_readiness(JsonReader& in, const json::object& status) {
  for (const json::value& value : in.array(status, "conditions")) {
    const json::object& condition = in.element(value, "conditions");
    if (in.text(condition, "type") == "Ready") return to_lower(in.text(condition, "status"));
  }
  return "unknown";
}

Pod read_pod(JsonReader& in, const json::object& from) {
  const json::object& status = in.object(from, "status");
  Pod pod;
  pod.uid = in.text(in.object(from, "metadata"), "uid");
  pod.ip = in.text(status, "podIP");
  pod.host_ip = in.text(status, "hostIP");
  pod.node_name = in.text(in.object(from, "spec"), "nodeName");
  pod.phase = in.text(status, "phase");
  pod.ready = pod_readiness(in, status);
  read_containers(in, from, false, pod.containers);
  read_containers(in, from, true, pod.containers);
  return pod;
}

/// Those that were given out, else the one that was asked for.
std::string load_balancer_ips(JsonReader& in, const json::object& from) {
  std::string out;
  for (const json::value& value : in.array(in.object(in.object(from, "status"), "loadBalancer"), "ingress")) {
    const std::string ip = in.text(in.element(value, "ingress"), "ip");
    if (ip.empty()) continue;
    if (!out.empty()) out += ',';
    out += ip;
  }
  return out.empty() ? in.text(in.object(from, "spec"), "loadBalancerIP") : out;
}

Service read_service(JsonReader& in, const json::object& from) {
  const json::object& spec = in.object(from, "spec");
  Service service;
  service.type = in.text(spec, "type");
  service.cluster_ip = in.text(spec, "clusterIP");
  service.external_name = in.text(spec, "externalName");
  if (service.type == "LoadBalancer") service.load_balancer_ips = load_balancer_ips(in, from);
  const std::string policy = in.text(spec, "ipFamilyPolicy");
  if (const auto families = in.texts(spec, "ipFamilies");
      !families.empty() && (policy == "PreferDualStack" || policy == "RequireDualStack")) {
    service.primary_address_type = families.front();
  }
  for (const json::value& port : in.array(spec, "ports")) {
    service.ports.push_back(read_port(in, in.element(port, "ports"), "port"));
  }
  return service;
}

std::optional<ObjectRef> read_target(JsonReader& in, const json::object& from) {
  if (const json::value* value = from.if_contains("targetRef"); value == nullptr || value->is_null()) {
    return std::nullopt;
  }
  const json::object& target = in.object(from, "targetRef");
  return ObjectRef{in.text(target, "kind"), in.text(target, "namespace"), in.text(target, "name")};
}

void read_addresses(JsonReader& in, const json::object& subset, bool is_ready, std::vector<EndpointAddress>& out) {
  const std::string_view list = is_ready ? "addresses" : "notReadyAddresses";
  for (const json::value& value : in.array(subset, list)) {
    const json::object& from = in.element(value, list);
    EndpointAddress& address = out.emplace_back();
    address.ip = in.text(from, "ip");
    address.hostname = in.text(from, "hostname");
    address.node_name = in.optional_text(from, "nodeName");
    address.target = read_target(in, from);
    address.is_ready = is_ready;
  }
}

Endpoints read_endpoints(JsonReader& in, const json::object& from) {
  Endpoints endpoints;
  for (const json::value& value : in.array(from, "subsets")) {
    const json::object& part = in.element(value, "subsets");
    EndpointSubset& subset = endpoints.subsets.emplace_back();
    for (const json::value& port : in.array(part, "ports")) {
      subset.ports.push_back(read_port(in, in.element(port, "ports"), "port"));
    }
    read_addresses(in, part, true, subset.addresses);
    read_addresses(in, part, false, subset.addresses);
  }
  return endpoints;
}

SliceEndpoint read_slice_endpoint(JsonReader& in, const json::object& from) {
  const json::object& conditions = in.object(from, "conditions");
  SliceEndpoint endpoint;
  endpoint.addresses = in.texts(from, "addresses");
  endpoint.ready = in.optional_flag(conditions, "ready");
  endpoint.serving = in.optional_flag(conditions, "serving");
  endpoint.terminating = in.optional_flag(conditions, "terminating");
  endpoint.hostname = in.optional_text(from, "hostname");
  endpoint.node_name = in.optional_text(from, "nodeName");
  endpoint.zone = in.optional_text(from, "zone");
  endpoint.target = read_target(in, from);
  endpoint.topology = in.pairs(from, "deprecatedTopology");
  return endpoint;
}

EndpointSlice read_endpoint_slice(JsonReader& in, const json::object& from) {
  EndpointSlice slice;
  slice.address_type = in.text(from, "addressType");
  for (const json::value& value : in.array(from, "ports")) {
    const json::object& port = in.element(value, "ports");
    slice.ports.push_back({in.optional_text(port, "name"), in.optional_text(port, "protocol"),
                           in.optional_text(port, "appProtocol"), in.optional_integer(port, "port")});
  }
  for (const json::value& value : in.array(from, "endpoints")) {
    slice.endpoints.push_back(read_slice_endpoint(in, in.element(value, "endpoints")));
  }
  return slice;
}

Node read_node(JsonReader& in, const json::object& from) {
  const json::object& status = in.object(from, "status");
  Node node;
  node.provider_id = in.text(in.object(from, "spec"), "providerID");
  for (const json::value& value : in.array(status, "conditions")) {
    const json::object& condition = in.element(value, "conditions");
    node.conditions.add(to_lower(in.text(condition, "type")), to_lower(in.text(condition, "status")));
  }
  for (const json::value& value : in.array(status, "addresses")) {
    const json::object& address = in.element(value, "addresses");
    node.addresses.add(in.text(address, "type"), in.text(address, "address"));
  }
  node.kubelet_port = in.integer(in.object(in.object(status, "daemonEndpoints"), "kubeletEndpoint"), "Port");
  return node;
}

Ingress read_ingress(JsonReader& in, const json::object& from) {
  const json::object& spec = in.object(from, "spec");
  Ingress ingress;
  ingress.class_name = in.optional_text(spec, "ingressClassName");
  for (const json::value& value : in.array(spec, "tls")) {
    for (std::string& host : in.texts(in.element(value, "tls"), "hosts")) ingress.tls_hosts.push_back(std::move(host));
  }
  for (const json::value& value : in.array(spec, "rules")) {
    const json::object& part = in.element(value, "rules");
    IngressRule& rule = ingress.rules.emplace_back();
    rule.host = in.text(part, "host");
    if (const json::value* http = part.if_contains("http"); http == nullptr || http->is_null()) {
      rule.paths.emplace_back("/");
      continue;
    }
    for (const json::value& path : in.array(in.object(part, "http"), "paths")) {
      std::string text = in.text(in.element(path, "paths"), "path");
      rule.paths.push_back(text.empty() ? "/" : std::move(text));
    }
  }
  return ingress;
}

void read_controller(JsonReader& in, const json::object& metadata, Object& out) {
  for (const json::value& value : in.array(metadata, "ownerReferences")) {
    const json::object& owner = in.element(value, "ownerReferences");
    if (!in.optional_flag(owner, "controller").value_or(false)) continue;
    out.controller_kind = in.text(owner, "kind");
    out.controller_name = in.text(owner, "name");
    return;
  }
}

void read_spec(JsonReader& in, const json::object& from, Object& out) {
  switch (out.kind) {
    case Kind::kPod:
      out.spec = read_pod(in, from);
      return;
    case Kind::kService:
      out.spec = read_service(in, from);
      return;
    case Kind::kEndpoints:
      out.spec = read_endpoints(in, from);
      return;
    case Kind::kEndpointSlice:
      out.spec = read_endpoint_slice(in, from);
      return;
    case Kind::kNode:
      out.spec = read_node(in, from);
      return;
    case Kind::kIngress:
      out.spec = read_ingress(in, from);
      return;
    case Kind::kNamespace:
    case Kind::kReplicaSet:
    case Kind::kJob:
      return;
  }
}

Result<ObjectPtr> read_object(Kind kind, const json::object& from) {
  JsonReader in;
  const json::object& metadata = in.object(from, "metadata");
  auto object = std::make_shared<Object>();
  object->kind = kind;
  object->name = in.text(metadata, "name");
  if (is_namespaced(kind)) object->namespace_ = in.text(metadata, "namespace");
  if (kind != Kind::kReplicaSet && kind != Kind::kJob) {
    object->labels = in.pairs(metadata, "labels");
    object->annotations = in.pairs(metadata, "annotations");
  }
  read_controller(in, metadata, *object);
  read_spec(in, from, *object);
  if (object->name.empty()) in.fail_with("it has no name");
  if (is_namespaced(kind) && object->namespace_.empty()) in.fail_with("it has no namespace");
  if (auto sound = in.finish(); !sound) {
    return fail(
        std::move(sound).error().wrap(fmt::format("object {} of {}", go_quote(object->key()), resource_of(kind))));
  }
  return object;
}

Status read_status(const json::object& from) {
  JsonReader in;
  Status status;
  status.code = static_cast<int>(in.integer(from, "code"));
  status.reason = in.text(from, "reason");
  status.message = in.text(from, "message");
  return status;
}

}  // namespace

Result<Page> parse_page(Kind kind, std::string_view body) {
  json::monotonic_resource memory;
  TOCSIN_TRY(const json::value value, parse_json(body, &memory));
  if (!value.is_object()) return fail(Errc::kInvalid, "a list of {} is not an object", resource_of(kind));
  JsonReader in;
  const json::object& list = value.get_object();
  const json::object& metadata = in.object(list, "metadata");
  Page page;
  page.resource_version = in.text(metadata, "resourceVersion");
  page.continue_token = in.text(metadata, "continue");
  const json::array& items = in.array(list, "items");
  page.objects.reserve(items.size());
  for (const json::value& item : items) {
    TOCSIN_TRY(ObjectPtr object, read_object(kind, in.element(item, "items")));
    page.objects.push_back(std::move(object));
  }
  if (page.resource_version.empty()) in.fail_with("it has no resourceVersion");
  if (auto sound = in.finish(); !sound) {
    return fail(std::move(sound).error().wrap(fmt::format("a list of {}", resource_of(kind))));
  }
  return page;
}

Result<Event> parse_event(Kind kind, std::string_view line) {
  json::monotonic_resource memory;
  TOCSIN_TRY(const json::value value, parse_json(line, &memory));
  if (!value.is_object()) return fail(Errc::kInvalid, "an event is not an object");
  JsonReader in;
  const std::string type = in.text(value.get_object(), "type");
  const json::object& object = in.object(value.get_object(), "object");
  Event event;
  if (type == "ERROR") {
    event.type = Event::Type::kError;
    event.status = read_status(object);
    return event;
  }
  event.resource_version = in.text(in.object(object, "metadata"), "resourceVersion");
  TOCSIN_OK(in.finish());
  if (event.resource_version.empty()) return fail(Errc::kInvalid, "an event has no resourceVersion");
  if (type == "BOOKMARK") return event;
  if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") {
    return fail(Errc::kInvalid, "unknown event type {}", go_quote(type.substr(0, kMaxShownBytes)));
  }
  event.type = type == "DELETED" ? Event::Type::kDeleted : Event::Type::kChanged;
  TOCSIN_TRY(event.object, read_object(kind, object));
  return event;
}

Status parse_status(int http_status, std::string_view body) {
  json::monotonic_resource memory;
  if (const auto value = parse_json(body, &memory); value && value->is_object()) {
    if (Status status = read_status(value->get_object()); !status.message.empty() || !status.reason.empty()) {
      status.code = http_status;
      return status;
    }
  }
  return {http_status, "", std::string(trim(body.substr(0, kMaxShownBytes)))};
}

}  // namespace tocsin::discovery::kubernetes
