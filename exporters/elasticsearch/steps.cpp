#include "exporters/elasticsearch/steps.hpp"

#include "base/strings.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

using Documents = std::span<const Document>;

constexpr Endpoint kHealth{"cluster_health", "Elasticsearch cluster health", "Elasticsearch cluster health"};
constexpr Endpoint kNodes{"node_stats", "Elasticsearch nodes", "Elasticsearch node"};
constexpr Endpoint kSettings{"clustersettings_stats", "Elasticsearch cluster settings",
                             "Elasticsearch cluster settings"};
constexpr Endpoint kSlm{"slm_stats", "Elasticsearch SLM", "Elasticsearch SLM"};
constexpr Endpoint kIndices{"index_stats", "Elasticsearch index", "Elasticsearch index"};
constexpr Endpoint kIndicesSettings{"indices_settings_stats", "Elasticsearch Indices Settings",
                                    "Elasticsearch Indices Settings"};
constexpr Endpoint kIndicesMappings{"indices_mappings_stats", "Elasticsearch Indices Mappings",
                                    "Elasticsearch Indices Mappings", "_total", "scrapes_total"};
constexpr Endpoint kDataStreams{"data_stream_stats", "ElasticSearch Data Stream stats", "ElasticSearch Data STream"};
constexpr Endpoint kShards{"node_shards", "", ""};

/// A step of one document that needs no name.
template <void (*put)(expo::Page&, const Document&)>
void only(expo::Page& page, Documents documents, std::string&) {
  put(page, documents[0]);
}
template <void (*put)(expo::Page&, const Document&, const Document&)>
void both(expo::Page& page, Documents documents, std::string&) {
  put(page, documents[0], documents[1]);
}
template <void (*put)(expo::Page&, const Document&, std::string_view)>
void with_name(expo::Page& page, Documents documents, std::string& cluster) {
  put(page, documents[0], cluster);
}
template <bool shards>
void of_indices(expo::Page& page, Documents documents, std::string& cluster) {
  put_indices(page, documents[0], cluster, shards);
}
template <bool shown>
void of_cluster(expo::Page& page, Documents documents, std::string& cluster) {
  if (const std::string_view name = text_at(documents[0], "cluster_name"); !name.empty()) cluster = name;
  if constexpr (shown) put_cluster_info(page, documents[0]);
}

void add_index_steps(const Switches& ask, std::vector<Step>& steps) {
  if (ask.shards) {
    steps.push_back({"", {"/_all/_stats?ignore_unavailable=true&level=shards"}, of_indices<true>, kIndices});
  } else if (ask.indices) {
    steps.push_back({"", {"/_all/_stats?ignore_unavailable=true"}, of_indices<false>, kIndices});
  }
  if (ask.shards || ask.indices) {
    steps.push_back({"", {"/_cat/shards?format=json"}, with_name<put_shards>, kShards});
    if (ask.aliases) steps.push_back({"", {"/_alias"}, with_name<put_aliases>});
  }
  if (ask.indices_settings) {
    steps.push_back({"", {"/_all/_settings"}, only<put_indices_settings>, kIndicesSettings});
  }
  if (ask.indices_mappings) {
    steps.push_back({"", {"/_all/_mappings"}, only<put_indices_mappings>, kIndicesMappings});
  }
}

}  // namespace

std::string path_escape(std::string_view text) {
  std::string out;
  for (const char c : query_escape(text)) {
    if (c == '+') {
      out += "%20";
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<Step> steps_of(const Switches& ask) {
  std::vector<Step> steps;
  if (ask.cluster_info) {
    steps.push_back({"cluster-info", {"/"}, of_cluster<true>});
  } else {
    steps.push_back({"", {"/"}, of_cluster<false>});
  }
  steps.push_back({"", {"/_cluster/health"}, only<put_cluster_health>, kHealth});
  const std::string nodes = ask.all ? "" : path_escape(ask.node) + "/";
  steps.push_back({"", {fmt::format("/_nodes/{}stats", nodes)}, only<put_nodes>, kNodes});
  if (ask.health_report) steps.push_back({"health-report", {"/_health_report"}, only<put_health_report>});
  if (ask.clustersettings) {
    steps.push_back(
        {"clustersettings", {"/_cluster/settings?include_defaults=true"}, only<put_cluster_settings>, kSettings});
  }
  if (ask.slm) steps.push_back({"slm", {"/_slm/stats", "/_slm/status"}, both<put_snapshot_lifecycle>, kSlm});
  if (ask.tasks) {
    steps.push_back(
        {"tasks", {fmt::format("/_tasks?group_by=none&actions={}", path_escape(ask.tasks_actions))}, only<put_tasks>});
  }
  if (ask.ilm) steps.push_back({"ilm", {"/_all/_ilm/explain", "/_ilm/status"}, both<put_lifecycle>});
  if (ask.data_stream) {
    steps.push_back({"data-stream", {"/_data_stream/*/_stats"}, only<put_data_streams>, kDataStreams});
  }
  add_index_steps(ask, steps);
  return steps;
}

std::string snapshots_path(std::string_view repository) {
  return fmt::format("/_snapshot/{}/_all", path_escape(repository));
}

}  // namespace tocsin::exporters::elasticsearch
