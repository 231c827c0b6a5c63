#pragma once
// The command line of tocsin-agent: node_exporter's flags with node_exporter's defaults.

#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "exporters/node/node.hpp"
#include "yaml/node.hpp"

namespace tocsin::agent {

struct Flags {
  std::string config_file;        // agent.yml; "": a node exporter
  bool enable_lifecycle = false;  // /-/reload
  std::vector<std::string> listen_addresses{":9100"};
  bool systemd_socket = false;
  std::string web_config_file;  // TLS, users; "": neither
  std::string access_log;       // "": none
  std::size_t max_connections = 512;
  std::string telemetry_path = "/metrics";
  bool disable_exporter_metrics = false;
  bool disable_default_collectors = false;
  std::size_t max_requests = 40;
  Duration collector_deadline = std::chrono::seconds(5);
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kLogfmt;
  exporters::node::NodeOptions node;
  std::vector<std::string> warnings;  // flags that node_exporter has and this build does not do
};

/// @return the flags, or the exit status if the process is to end: help and version were printed (0), or an error (1).
std::expected<Flags, int> parse_flags(int argc, const char* const* argv);

/// --collector.disable-defaults: what nobody has enabled is off.
void disable_default_collectors(exporters::node::NodeOptions& node);

/// A flag of the node's collectors as it stands in agent.yml: "collector.diskstats.device-exclude: ^ram", switches as
/// "collector.systemd: true". kInvalid with the position.
Result<void> read_node_flag(const yaml::Node& key, const yaml::Node& value, exporters::node::NodeOptions& node,
                            std::vector<std::string>& warnings);

}  // namespace tocsin::agent
