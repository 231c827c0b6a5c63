#pragma once
// URLs and forms as Go's net/url writes them: services compare, and people search logs.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::notify {

using Params = std::vector<std::pair<std::string, std::string>>;

/// url.Values.Encode(): sorted by name, the order of equal names kept.
std::string form_encode(const Params& params);
/// The path as it stands plus `path`, percent-encoded, before a query.
std::string append_path(std::string_view url, std::string_view path);
/// url.URL.JoinPath(): one slash between them.
std::string join_path(std::string_view url, std::string_view path);
/// With these parameters beside those that the URL has.
std::string with_query(std::string_view url, const Params& params);

}  // namespace tocsin::notify
