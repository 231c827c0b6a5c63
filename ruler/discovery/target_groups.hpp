#pragma once
// Lists of target groups as files and HTTP endpoints write them:
//   [{"targets": ["host:port", ...], "labels": {"name": "value", ...}}, ...]
// Source: Prometheus discovery/targetgroup/targetgroup.go and docs/configuration, <file_sd_config>, <http_sd_config>.

#include <string>
#include <string_view>
#include <vector>

#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

/// Groups without sources, in order. Strict: another field, a null group, a wrong type, a bad label name or anything
/// behind the list is kInvalid for the whole. `null` and nothing but a comment (YAML) are an empty list. Thread: any.
Result<std::vector<TargetGroup>> parse_groups_json(std::string_view text);
/// @param file  for "file:line:column" of errors.
Result<std::vector<TargetGroup>> parse_groups_yaml(std::string text, const std::string& file);

/// Gives the groups the sources "<origin>:0", "<origin>:1", ... and the label `name` with the origin as its value.
void name_groups(std::vector<TargetGroup>& groups, std::string_view name, const std::string& origin);
std::string group_source(const std::string& origin, std::size_t index);

}  // namespace tocsin::discovery
