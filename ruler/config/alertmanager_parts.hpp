#pragma once
// The parts of alertmanager_config.cpp: one function per kind of map. Not for other modules.

#include <string>
#include <vector>

#include "config/alertmanager_config.hpp"
#include "config/values.hpp"
#include "yaml/node.hpp"

namespace tocsin::config::alertmanager {

/// What every part sees while a file is read.
struct Context {
  MatcherMode mode = MatcherMode::kFallback;
  std::string folder;      // relative paths are resolved against it
  yaml::Node global_node;  // as written: which global keys are there
  AlertmanagerGlobal global;
  std::vector<std::string> warnings;

  void warn(const yaml::Node& node, std::string_view text);
};

// global: (alertmanager_global.cpp).
Result<void> parse_global(const yaml::Node& node, Context& context);

// receivers: (alertmanager_receivers.cpp).
Result<ReceiverConfig> parse_receiver(const yaml::Node& node, Context& context);

// route: and inhibit_rules: (alertmanager_route.cpp).
Result<RouteConfig> parse_route(const yaml::Node& node, Context& context);
Result<InhibitRuleConfig> parse_inhibit_rule(const yaml::Node& node, Context& context);

// Values (alertmanager_values.cpp).
Result<ValueTree> value_tree(const yaml::Node& node);
/// An http or https URL with a host, with Alertmanager's messages.
Result<std::string> read_url(const yaml::Node& node);
/// The same for a URL that is a secret; `<secret>`, as API v2 shows it, is taken too.
Result<std::string> read_secret_url(const yaml::Node& node);
/// Go's durations ("5s"), not negative.
Result<void> read_go_duration(const yaml::Node& node, Duration& out);
Result<void> read_http_config(const yaml::Node& node, HttpClientConfig& out, Context& context);
bool is_valid_label_name(std::string_view name, MatcherMode mode);
/// True if the map has the key with a value that is not null or "".
bool is_set(const yaml::Node& map, std::string_view key);

// API v2's config.original (alertmanager_marshal.cpp).
/// The text of API v2's config.original.
/// @param root           the document as it was written.
/// @param has_variables  they may stand in it: then nothing is shown that does not, and it is shown as it stands there.
std::string marshal_without_secrets(const yaml::Node& root, const AlertmanagerConfig& config, MatcherMode mode,
                                    bool has_variables);

}  // namespace tocsin::config::alertmanager
