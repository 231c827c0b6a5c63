// Source of rules and words: Prometheus discovery/file/file.go.

#include <algorithm>

#include "base/strings.hpp"
#include "config/discovery_config.hpp"

namespace tocsin::config {
namespace {

/// Ends as a JSON or YAML file does, and has a star in its last element at most.
bool is_pattern(std::string_view name) {
  constexpr std::string_view kEndings[] = {".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"};
  const bool ends_well = std::any_of(std::begin(kEndings), std::end(kEndings),
                                     [&](std::string_view ending) { return name.ends_with(ending); });
  const std::size_t star = name.find('*');
  return ends_well && (star == std::string_view::npos || name.find('/', star) == std::string_view::npos);
}

}  // namespace

Result<FileSdConfig> read_file_sd_config(const yaml::Node& node, std::vector<std::string>&) {
  FileSdConfig config;
  yaml::Fields fields(node, "file.plain");
  fields.read("files", config.files).read("refresh_interval", config.refresh_interval);
  TOCSIN_OK(fields.finish());
  if (config.files.empty()) return node.error("file service discovery config must contain at least one path name");
  for (std::size_t i = 0; i < config.files.size(); ++i) {
    if (!is_pattern(config.files[i])) {
      return node["files"].at(i).error("path name {} is not valid for file discovery", go_quote(config.files[i]));
    }
    config.files[i] = node.beside(config.files[i]);
  }
  return config;
}

}  // namespace tocsin::config
