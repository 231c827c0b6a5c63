#include "agent/config.hpp"

#include <cctype>

#include "agent/flags.hpp"

namespace tocsin::agent {
namespace {

constexpr std::size_t kMaxFileBytes = 4U << 20U;

Result<void> read_node(const yaml::Node& section, AgentConfig& config) {
  if (section.is_null()) return {};
  if (!section.is_map()) return section.wrong_type("node section");
  bool no_defaults = false;
  for (const auto& [key, value] : section.entries()) {
    if (key.text() == "enabled") {
      TOCSIN_TRY(config.node_enabled, value.as_bool());
    } else if (key.text() == "collector.disable-defaults") {
      TOCSIN_TRY(no_defaults, value.as_bool());
    } else {
      TOCSIN_OK(read_node_flag(key, value, config.node, config.warnings));
    }
  }
  if (no_defaults) disable_default_collectors(config.node);
  return {};
}

/// A longer text is no name of a file.
constexpr std::size_t kMaxPath = 4096;

void find_files(Fs& fs, const yaml::Node& node, std::vector<NamedFile>& files) {
  if (node.is_scalar() && !node.text().empty() && node.text().size() <= kMaxPath) {
    std::string path = node.beside(node.text());
    if (const auto info = fs.info(path); info && !info->directory) {
      files.push_back({std::move(path), info->size, info->modified});
    }
  }
  for (const yaml::Node& element : node.elements()) find_files(fs, element, files);
  for (const auto& [key, value] : node.entries()) find_files(fs, value, files);
}

/// Whether the message speaks of that flag, and not of one whose name begins like it.
bool names_flag(std::string_view message, std::string_view flag) {
  for (std::size_t at = message.find(flag); at != std::string_view::npos; at = message.find(flag, at + 1)) {
    const std::size_t end = at + flag.size();
    const bool goes_on = end < message.size() && (message[end] == '.' || message[end] == '-' || message[end] == '_' ||
                                                  std::isalnum(static_cast<unsigned char>(message[end])) != 0);
    if (!goes_on) return true;
  }
  return false;
}

}  // namespace

Result<exporters::Collectors> make_collectors(const AgentConfig& config, Fs& fs) {
  if (!config.node_enabled) return exporters::Collectors();
  auto made = exporters::node::make_collectors(config.node, fs, system_clock());
  if (made) return made;
  for (const auto& [key, value] : config.node_section.entries()) {
    if (names_flag(made.error().message, "--" + key.text())) return value.error("{}", made.error().message);
  }
  return made;
}

Result<AgentConfig> read_config(Fs& fs, const std::string& file, const exporters::node::NodeOptions& flags,
                                std::span<const exporters::SourceInfo> kinds) {
  TOCSIN_TRY(std::string text, fs.read_file(file, kMaxFileBytes));
  TOCSIN_TRY(const yaml::Node root, yaml::parse(std::move(text), file));
  AgentConfig config;
  config.node = flags;
  yaml::Fields fields(root, "agent configuration");
  config.node_section = fields.take("node");
  TOCSIN_OK(read_node(config.node_section, config));
  for (const exporters::SourceInfo& info : kinds) {
    yaml::Node section = fields.take(info.kind);
    if (!section) continue;
    std::vector<NamedFile> files;
    find_files(fs, section, files);
    config.sources.push_back({info, std::move(section), std::move(files)});
  }
  TOCSIN_OK(fields.finish());
  return config;
}

bool is_same(const SourceSection& a, const SourceSection& b) {
  return a.files == b.files && is_same(a.node, b.node);
}

bool is_same(const yaml::Node& a, const yaml::Node& b) {
  if (a.kind() != b.kind() || a.size() != b.size() || a.text() != b.text() || a.quoted() != b.quoted()) return false;
  if (a.is_sequence()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!is_same(a.at(i), b.at(i))) return false;
    }
  }
  if (!a.is_map()) return true;
  const auto ours = a.entries(), theirs = b.entries();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!is_same(ours[i].key, theirs[i].key) || !is_same(ours[i].value, theirs[i].value)) return false;
  }
  return true;
}

}  // namespace tocsin::agent
