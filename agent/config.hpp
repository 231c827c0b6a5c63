#pragma once
// agent.yml: what this agent asks.
//
//   node:                       # the flags of the node's collectors, without their dashes
//     collector.systemd: true
//   redis:                      # a section per kind of server; its keys are the kind's own
//     targets: [{addr: redis://localhost:6379}]

#include <span>
#include <string>
#include <vector>

#include "base/fs.hpp"
#include "exporters/collector/source.hpp"
#include "exporters/node/node.hpp"
#include "yaml/node.hpp"

namespace tocsin::agent {

/// A file that a section names, as it was when the section was read.
struct NamedFile {
  std::string path;
  std::uint64_t size = 0;
  Timestamp modified = 0;
  bool operator==(const NamedFile&) const = default;
};

struct SourceSection {
  exporters::SourceInfo info;
  yaml::Node node;
  std::vector<NamedFile> files;  // queries, certificates, passwords: whatever text is the name of a file
};

/// Without a file: a node exporter.
struct AgentConfig {
  bool node_enabled = true;
  yaml::Node node_section;
  exporters::node::NodeOptions node;  // the command line's, and the section's on top
  std::vector<SourceSection> sources;
  std::vector<std::string> warnings;
};

/// Reads the file; all or nothing, kInvalid with file:line:column. What stands in a section is its kind's to check.
/// @param flags  what the command line says of the node. Thread: any; blocks.
Result<AgentConfig> read_config(Fs& fs, const std::string& file, const exporters::node::NodeOptions& flags,
                                std::span<const exporters::SourceInfo> kinds);

/// The node's collectors, none if it is off. @return kInvalid with the flag that is wrong, and its place if it stands
/// in the file.
Result<exporters::Collectors> make_collectors(const AgentConfig& config, Fs& fs);

/// Whether two sections say the same and name the same files, none of which has changed.
bool is_same(const SourceSection& a, const SourceSection& b);

/// Whether two sections say the same, whatever their layout.
bool is_same(const yaml::Node& a, const yaml::Node& b);

}  // namespace tocsin::agent
