#include "discovery/consul_parse.hpp"

#include "base/strings.hpp"
#include "discovery/json_reader.hpp"
#include "discovery/label_set.hpp"

namespace tocsin::discovery::consul {
namespace {

namespace json = boost::json;

std::string meta(std::string_view rest) {
  std::string out = "__meta_consul_";
  return out.append(rest);
}

/// The worst of all checks; maintenance hides them. Source: github.com/hashicorp/consul/api, AggregatedStatus.
std::string aggregated_status(JsonReader& in, const json::array& checks) {
  bool warning = false, critical = false, maintenance = false;
  for (const json::value& value : checks) {
    const json::object& check = in.element(value, "Checks");
    const std::string id = in.text(check, "CheckID");
    if (id == "_node_maintenance" || id.starts_with("_service_maintenance:")) {
      maintenance = true;
      continue;
    }
    const std::string status = in.text(check, "Status");
    if (status != "passing" && status != "warning" && status != "critical") return "";
    warning = warning || status == "warning";
    critical = critical || status == "critical";
  }
  if (maintenance) return "maintenance";
  if (critical) return "critical";
  return warning ? "warning" : "passing";
}

void add_map(JsonReader& in, const json::object& from, std::string_view key, std::string_view prefix,
             LabelSet& target) {
  in.pairs(from, key).for_each([&](std::string_view name, std::string_view value) {
    target.add(meta(prefix) + sanitize_label_name(name), value);
  });
}

model::Labels read_instance(JsonReader& in, const json::object& entry, const std::string& separator) {
  const json::object& node = in.object(entry, "Node");
  const json::object& service = in.object(entry, "Service");
  const std::string node_address = in.text(node, "Address");
  const std::string service_address = in.text(service, "Address");
  const std::string port = std::to_string(in.integer(service, "Port"));
  const std::string tags = fmt::format("{}", fmt::join(in.texts(service, "Tags"), separator));
  LabelSet target;
  // A service may be registered by another node than the one it is on.
  target.add("__address__", join_host_port(service_address.empty() ? node_address : service_address, port));
  target.add(meta("address"), node_address).add(meta("node"), in.text(node, "Node"));
  target.add(meta("namespace"), in.text(service, "Namespace")).add(meta("partition"), in.text(service, "Partition"));
  // Separators around all, so that an expression need not look for the first and the last one.
  target.add(meta("tags"), separator + tags + separator);
  target.add(meta("service_address"), service_address).add(meta("service_port"), port);
  target.add(meta("service_id"), in.text(service, "ID"));
  target.add(meta("health"), aggregated_status(in, in.array(entry, "Checks")));
  add_map(in, node, "Meta", "metadata_", target);
  add_map(in, service, "Meta", "service_metadata_", target);
  add_map(in, node, "TaggedAddresses", "tagged_address_", target);
  return target.build();
}

}  // namespace

Result<std::string> parse_datacenter(std::string_view body) {
  json::monotonic_resource memory;
  TOCSIN_TRY(const json::value value, parse_json(body, &memory));
  if (!value.is_object()) return fail(Errc::kInvalid, "the answer is not an object");
  JsonReader in;
  std::string datacenter = in.text(in.object(value.get_object(), "Config"), "Datacenter");
  TOCSIN_OK(in.finish());
  if (datacenter.empty()) return fail(Errc::kInvalid, "invalid value '<nil>' for Config.Datacenter");
  return datacenter;
}

Result<std::vector<std::pair<std::string, std::vector<std::string>>>> parse_services(std::string_view body) {
  json::monotonic_resource memory;
  TOCSIN_TRY(const json::value value, parse_json(body, &memory));
  if (!value.is_object()) return fail(Errc::kInvalid, "the answer is not an object");
  JsonReader in;
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  for (const auto& [name, tags] : value.get_object()) {
    out.emplace_back(std::string(name), in.texts(value.get_object(), name));
  }
  TOCSIN_OK(in.finish());
  return out;
}

Result<TargetGroup> parse_service(const ServiceLabels& labels, std::string_view body) {
  json::monotonic_resource memory;
  TOCSIN_TRY(const json::value value, parse_json(body, &memory));
  if (!value.is_array() && !value.is_null()) return fail(Errc::kInvalid, "the answer is not an array");
  TargetGroup group{labels.service, {}, {}};
  LabelSet common;
  common.add(meta("service"), labels.service).add(meta("dc"), labels.datacenter);
  group.labels = common.build();
  if (value.is_null()) return group;
  JsonReader in;
  for (const json::value& entry : value.get_array()) {
    group.targets.push_back(read_instance(in, in.element(entry, "services"), labels.tag_separator));
  }
  TOCSIN_OK(in.finish());
  return group;
}

}  // namespace tocsin::discovery::consul
