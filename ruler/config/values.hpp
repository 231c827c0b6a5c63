#pragma once
// Readings that the configuration files share, beside those of yaml::Node. Private to this module.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/go_url.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {

/// Whether the key has a text: "" counts as nothing, as in Go.
bool has_text(const yaml::Node& map, std::string_view key);

/// How many of the keys have a text.
int count_texts(const yaml::Node& map, std::initializer_list<std::string_view> keys);

/// A map of texts, sorted by key.
Result<std::vector<std::pair<std::string, std::string>>> read_text_map(const yaml::Node& node);

/// A URL that Go would take; the error has the position.
Result<GoUrl> read_go_url(const yaml::Node& node);

}  // namespace tocsin::config
