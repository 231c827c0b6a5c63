#pragma once
// What the section `elasticsearch:` of agent.yml says of a target.

#include <optional>
#include <string>
#include <vector>

#include "config/http_client_config.hpp"
#include "exporters/collector/credential.hpp"
#include "yaml/node.hpp"

namespace tocsin::exporters::elasticsearch {

/// What is asked of a cluster. Keys are the flags of elasticsearch_exporter without `es.` and `collector.`, with its
/// defaults; they stand in the section, for all targets and probes, or in a target.
struct Switches {
  std::string node = "_local";
  bool all = false;  // all nodes, whatever `node` says
  bool indices = false;
  bool shards = false;  // implies indices
  bool aliases = true;  // with indices
  bool indices_settings = false, indices_mappings = false;
  bool cluster_info = true;
  bool clustersettings = false, snapshots = false, slm = false, ilm = false, data_stream = false, tasks = false,
       health_report = false;
  std::string tasks_actions = "indices:*";

  /// Takes its keys; those that are not there keep what they have.
  void read(yaml::Fields& fields);
};

struct TargetOptions {
  std::string uri = "http://localhost:9200";  // without credentials
  Secret authorization;                       // the field's value, of credentials in the uri; "": none
  std::string server = "localhost:9200";
  Switches ask;
  std::optional<Credential> api_key;
  config::HttpClientConfig http;

  /// Takes the keys of the map; the switches are those of the section. kInvalid with the position.
  static Result<TargetOptions> read(const yaml::Node& node, const Switches& switches);
  /// Sets uri, authorization and server. kInvalid if it is no URL.
  Result<void> set_uri(std::string_view text);
};

}  // namespace tocsin::exporters::elasticsearch
