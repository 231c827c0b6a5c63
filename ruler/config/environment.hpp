#pragma once
// Environment variables in configuration values. Source: Go os.Expand, which Prometheus uses for external_labels.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::config {

/// The value of a variable; "" if it is not set.
using Environment = std::function<std::string(const std::string& name)>;

/// The environment of the process.
const Environment& process_environment();

/// Replaces `$name` and `${name}`; `$$` is a dollar. `missing` gets the names of variables that are empty or not set.
std::string expand_environment(std::string_view text, const Environment& environment,
                               std::vector<std::string>& missing);

}  // namespace tocsin::config
