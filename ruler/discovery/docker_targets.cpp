#include "discovery/docker_targets.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <arpa/inet.h>

#include "discovery/json_reader.hpp"
#include "discovery/label_set.hpp"

namespace tocsin::discovery {
namespace {

namespace json = boost::json;

std::string meta(std::string_view name) {
  return fmt::format("__meta_docker_{}", name);
}

struct Network {
  std::string name, id, ip;
};

struct Port {
  std::int64_t port = 0, public_port = 0;
  std::string public_ip;
};

struct Container {
  std::string id, name, network_mode;
  bool is_named = false;
  LabelSet labels;                // of every target of it
  std::vector<Network> networks;  // sorted by name
  std::vector<Port> ports;        // TCP alone
};

using Containers = std::vector<Container>;

/// The shortest text of an address, or "" if it is none.
std::string address_text(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (::inet_pton(family, text.c_str(), bytes.data()) != 1) return "";
  return ::inet_ntop(family, bytes.data(), out.data(), out.size());
}

std::vector<Network> read_networks(JsonReader& reader, const json::object& container) {
  std::vector<Network> out;
  for (const auto& [name, value] : reader.object(reader.object(container, "NetworkSettings"), "Networks")) {
    if (value.is_null()) continue;
    const json::object& network = reader.element(value, "Networks");
    std::string ip = address_text(reader.text(network, "IPAddress"));
    if (ip.empty()) ip = address_text(reader.text(network, "GlobalIPv6Address"));
    out.push_back({std::string(name), reader.text(network, "NetworkID"), std::move(ip)});
  }
  std::sort(out.begin(), out.end(), [](const Network& a, const Network& b) { return a.name < b.name; });
  return out;
}

std::vector<Port> read_ports(JsonReader& reader, const json::object& container) {
  std::vector<Port> out;
  for (const json::value& value : reader.array(container, "Ports")) {
    const json::object& port = reader.element(value, "Ports");
    if (reader.text(port, "Type") != "tcp") continue;
    out.push_back({reader.integer(port, "PrivatePort"), reader.integer(port, "PublicPort"),
                   address_text(reader.text(port, "IP"))});
  }
  return out;
}

Container read_container(JsonReader& reader, const json::object& object) {
  Container out;
  out.id = reader.text(object, "Id");
  const std::vector<std::string> names = reader.texts(object, "Names");
  out.is_named = !names.empty();
  if (out.is_named) out.name = names[0];
  out.network_mode = reader.text(reader.object(object, "HostConfig"), "NetworkMode");
  out.labels.add(meta("container_id"), out.id).add(meta("container_name"), out.name);
  out.labels.add(meta("container_network_mode"), out.network_mode);
  out.labels.add(meta("container_image"), reader.text(object, "Image"));
  out.labels.add(meta("container_image_id"), reader.text(object, "ImageID"));
  reader.pairs(object, "Labels").for_each([&out](std::string_view key, std::string_view value) {
    out.labels.add(meta("container_label_") + sanitize_label_name(key), value);
  });
  out.networks = read_networks(reader, object);
  out.ports = read_ports(reader, object);
  return out;
}

/// Labels of networks, by id.
using NetworkLabels = std::map<std::string, LabelSet, std::less<>>;

LabelSet network_labels(JsonReader& reader, const json::object& network) {
  const auto flag = [&](std::string_view key) { return reader.optional_flag(network, key) == true ? "true" : "false"; };
  LabelSet out;
  out.add(meta("network_id"), reader.text(network, "Id")).add(meta("network_name"), reader.text(network, "Name"));
  out.add(meta("network_scope"), reader.text(network, "Scope"));
  out.add(meta("network_internal"), flag("Internal")).add(meta("network_ingress"), flag("Ingress"));
  reader.pairs(network, "Labels").for_each([&out](std::string_view key, std::string_view value) {
    out.add(meta("network_label_") + sanitize_label_name(key), value);
  });
  return out;
}

/// Calls `take` with each object of a list.
template <typename Take>
Result<void> for_each_object(std::string_view text, std::string_view what, JsonReader& reader, Take take) {
  TOCSIN_TRY(const json::value list, parse_json(text, json::storage_ptr{}));
  if (list.is_null()) return {};
  if (!list.is_array()) return fail(Errc::kInvalid, "the list of {} is not an array", what);
  for (const json::value& element : list.get_array()) take(reader.element(element, what));
  return reader.finish();
}

/// Its own networks, or those of the container whose network it shares.
std::vector<Network> networks_of(const Container& container, const std::map<std::string, const Container*>& by_id) {
  constexpr std::string_view kShares = "container:";
  const Container* at = &container;
  // A chain of containers may be a ring.
  for (std::size_t steps = 0; at->networks.empty() && steps < by_id.size(); ++steps) {
    if (!at->network_mode.starts_with(kShares)) break;
    const auto next = by_id.find(at->network_mode.substr(kShares.size()));
    if (next == by_id.end()) break;
    at = next->second;
  }
  return at->networks;
}

/// What all targets of a container in a network have, and then one of them.
class Targets {
 public:
  Targets(const config::DockerSdConfig& config, const NetworkLabels& networks) : config_(config), networks_(networks) {}

  void add(const Container& container, const Network& network) {
    for (const Port& port : container.ports) {
      LabelSet labels = begin(container, network);
      labels.add(meta("port_private"), std::to_string(port.port));
      if (port.public_port > 0) {
        labels.add(meta("port_public"), std::to_string(port.public_port)).add(meta("port_public_ip"), port.public_ip);
      }
      end(std::move(labels), join_host_port(network.ip, port.port));
    }
    if (!container.ports.empty()) return;
    // Containers in the network of the host have no ports of their own.
    const bool is_host = container.network_mode == "host";
    end(begin(container, network), is_host ? config_.host_networking_host : join_host_port(network.ip, config_.port));
  }

  std::vector<model::Labels> take() { return std::move(targets_); }

 private:
  LabelSet begin(const Container& container, const Network& network) const {
    LabelSet labels;
    labels.add(meta("network_ip"), network.ip).merge(container.labels);
    if (const auto known = networks_.find(network.id); known != networks_.end()) labels.merge(known->second);
    return labels;
  }
  void end(LabelSet labels, std::string address) {
    targets_.push_back(labels.add("__address__", std::move(address)).build());
  }

  const config::DockerSdConfig& config_;
  const NetworkLabels& networks_;
  std::vector<model::Labels> targets_;
};

}  // namespace

Result<TargetGroup> docker_targets(const config::DockerSdConfig& config, std::string_view containers,
                                   std::string_view networks) {
  JsonReader reader;
  Containers all;
  TOCSIN_OK(for_each_object(containers, "containers", reader,
                            [&](const json::object& object) { all.push_back(read_container(reader, object)); }));
  NetworkLabels labels;
  TOCSIN_OK(for_each_object(networks, "networks", reader, [&](const json::object& object) {
    labels.insert_or_assign(reader.text(object, "Id"), network_labels(reader, object));
  }));
  std::map<std::string, const Container*> by_id;
  for (const Container& container : all) by_id[container.id] = &container;
  Targets targets(config, labels);
  for (const Container& container : all) {
    if (!container.is_named) continue;
    std::vector<Network> reached = networks_of(container, by_id);
    if (config.match_first_network && reached.size() > 1) reached.resize(1);
    for (const Network& network : reached) targets.add(container, network);
  }
  return TargetGroup{"Docker", targets.take(), {}};
}

}  // namespace tocsin::discovery
