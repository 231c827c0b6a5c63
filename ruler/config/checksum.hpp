#pragma once
// Whether the files of a configuration are still those that were read. Source: Prometheus config/reload.go.

#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"

namespace tocsin::config {

/// A text that differs when the file differs, or any of the files that its lists of patterns under `keys` match: in
/// content, in name, or because there are more or fewer. The file need not be a good configuration, but YAML.
/// Thread: any; reads files.
Result<std::string> files_checksum(Fs& fs, const std::string& path, const std::vector<std::string_view>& keys);

/// prometheus.yml with rule_files and scrape_config_files.
Result<std::string> prometheus_checksum(Fs& fs, const std::string& path);
/// alertmanager.yml with its templates.
Result<std::string> alertmanager_checksum(Fs& fs, const std::string& path);

}  // namespace tocsin::config
