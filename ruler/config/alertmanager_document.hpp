#pragma once
// Parts of an alertmanager.yml as they stand in the document, on their way back into a text: secrets are hidden, and
// keys are in the order of Go's structures. For alertmanager_marshal.cpp.

#include <string>
#include <string_view>

#include "yaml/go_yaml.hpp"
#include "yaml/node.hpp"

namespace tocsin::config::alertmanager {

using yaml::GoYaml;

/// An api_url or slack_api_url that everybody knows.
inline constexpr std::string_view kChatPostMessage = "https://slack.com/api/chat.postMessage";

/// "https://host/<secret>": still a URL, without path, query and user.
std::string hidden_url(const std::string& url);
/// A URL whose password, or user without one, is hidden.
std::string without_userinfo(const std::string& url);

/// A list gives its own name to the maps in it: an integration's keys are judged by it.
GoYaml from_document(const std::string& parent, const std::string& key, const yaml::Node& value);
/// A map of texts, sorted; nothing if there is none. The same of a list of texts.
void add_sorted(GoYaml& out, std::string key, const yaml::Node& map);
void add_texts(GoYaml& out, std::string_view key, const yaml::Node& node);
GoYaml duration_of(const yaml::Node& value);

GoYaml tls_config(const yaml::Node& node);
/// With its defaults; of a missing node these alone. Source: prometheus/common config/http_config.go.
GoYaml http_config(const yaml::Node& node);

}  // namespace tocsin::config::alertmanager
