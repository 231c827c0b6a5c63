#pragma once
// Environment variables in configuration values.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {

/// The value of a variable; "" if it is not set.
using Environment = std::function<std::string(const std::string& name)>;

/// The environment of the process.
const Environment& process_environment();

/// Replaces `$name` and `${name}`; `$$` is a dollar. `missing` gets the names of variables that are empty or not set.
/// Source: Go os.Expand, which Prometheus uses for external_labels.
std::string expand_environment(std::string_view text, const Environment& environment,
                               std::vector<std::string>& missing);

/// How files are read.
struct LoadOptions {
  Environment environment = process_environment();
  /// --config.expand-env: `${NAME}` and `${NAME:-default}` stand for variables wherever a dollar means nothing else.
  bool expand_env = false;
  // Defaults that features change, as in Prometheus.
  bool prefer_protobuf = false;       // of global.scrape_protocols: protobuf first
  bool extra_scrape_metrics = false;  // of global.extra_scrape_metrics
};

/// `${NAME}` is the variable, `${NAME:-default}` the default if it is empty or not set, `$$` a dollar; any other dollar
/// stays. NAME is [a-zA-Z_][a-zA-Z0-9_]*. @return kInvalid without a position for a variable without value and default.
Result<std::string> expand_variables(std::string_view text, const Environment& environment);

/// The document with its variables replaced if the options say so, else the document itself. Not in values below a key
/// of `excluded`, and not in texts with a template action (`{{`).
Result<yaml::Node> expand_variables(const yaml::Node& root, const std::vector<std::string_view>& excluded,
                                    const LoadOptions& options);

}  // namespace tocsin::config
