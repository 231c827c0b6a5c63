// Nodes: their roles, and everything that /_nodes/stats says of them.

#include <array>
#include <map>

#include "exporters/elasticsearch/documents.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

using Roles = std::map<std::string_view, bool>;

/// Since 5.0 a node lists its roles; before, its attributes said which it does not have.
Roles roles_of(const Document& node) {
  Roles roles = {{"master", false},       {"data", false},      {"data_hot", false},
                 {"data_warm", false},    {"data_cold", false}, {"data_frozen", false},
                 {"data_content", false}, {"ml", false},        {"remote_cluster_client", false},
                 {"transform", false},    {"ingest", false},    {"client", true}};
  const boost::json::array& named = array_at(node, "roles");
  for (const Document& role : named) {
    if (!role.is_string()) continue;
    const std::string_view name = role.get_string();
    if (const auto known = roles.find(name); known != roles.end()) {
      known->second = true;
    } else {
      roles.emplace(name, false);
    }
  }
  if (named.empty()) {
    for (const auto& [name, value] : object_at(node, "attributes")) {
      const auto known = roles.find(std::string_view(name));
      if (known != roles.end()) known->second = !(value.is_string() && value.get_string() == "false");
    }
  }
  if (object_at(node, "http").empty()) roles["client"] = false;
  return roles;
}

bool holds_data(const Roles& roles) {
  for (const std::string_view tier : {"data", "data_content", "data_hot", "data_warm", "data_cold", "data_frozen"}) {
    if (roles.at(tier)) return true;
  }
  return false;
}

std::string_view truth(bool value) {
  return value ? "true" : "false";
}

/// The labels of a node, with room for more.
struct NodeLabels {
  std::vector<model::LabelView> all;

  Labels with(std::initializer_list<model::LabelView> more) {
    all.resize(kOwn);
    all.insert(all.end(), more);
    return all;
  }
  static constexpr std::size_t kOwn = 7;
};

void put_parts(expo::Page& page, const Document& node, NodeLabels& labels) {
  for (const auto& [name, part] : object_at(node, "jvm.gc.collectors")) {
    put(page, garbage_collector_metrics(), part, labels.with({{"gc", name}}));
  }
  for (const auto& [name, part] : object_at(node, "breakers")) {
    put(page, breaker_metrics(), part, labels.with({{"breaker", name}}));
  }
  for (const auto& [name, part] : object_at(node, "thread_pool")) {
    put(page, thread_pool_metrics(), part, labels.with({{"type", name}}));
  }
  for (const Document& part : array_at(node, "fs.data")) {
    put(page, filesystem_metrics(), part,
        labels.with({{"mount", text_at(part, "mount")}, {"path", text_at(part, "path")}}));
  }
  for (const Document& part : array_at(node, "fs.io_stats.devices")) {
    put(page, device_metrics(), part, labels.with({{"device", text_at(part, "device_name")}}));
  }
}

}  // namespace

void put_nodes(expo::Page& page, const Document& root) {
  const std::string_view cluster = text_at(root, "cluster_name");
  for (const auto& [id, node] : object_at(root, "nodes")) {
    const std::string_view host = text_at(node, "host"), name = text_at(node, "name");
    const Roles roles = roles_of(node);
    for (const auto& [role, has] : roles) {
      page.family("elasticsearch_nodes_roles", "Node roles", model::MetricType::kGauge)
          .put({{"cluster", cluster}, {"host", host}, {"name", name}, {"node", id}, {"role", role}}, has ? 1 : 0);
    }
    NodeLabels labels{{{"cluster", cluster},
                       {"es_client_node", truth(roles.at("client"))},
                       {"es_data_node", truth(holds_data(roles))},
                       {"es_ingest_node", truth(roles.at("ingest"))},
                       {"es_master_node", truth(roles.at("master"))},
                       {"host", host},
                       {"name", name}}};
    put(page, node_metrics(), node, labels.with({}));
    put_parts(page, node, labels);
    for (const auto& [kind, part] : object_at(node, "indexing_pressure")) {
      const model::LabelView few[] = {
          {"cluster", cluster}, {"host", host}, {"indexing_pressure", kind}, {"name", name}};
      put(page, indexing_pressure_metrics(), part, few);
    }
  }
}

}  // namespace tocsin::exporters::elasticsearch
