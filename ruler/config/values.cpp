#include "config/values.hpp"

#include <algorithm>

namespace tocsin::config {

bool has_text(const yaml::Node& map, std::string_view key) {
  return !map[key].text().empty();
}

int count_texts(const yaml::Node& map, std::initializer_list<std::string_view> keys) {
  return static_cast<int>(
      std::count_if(keys.begin(), keys.end(), [&](std::string_view key) { return has_text(map, key); }));
}

Result<std::vector<std::pair<std::string, std::string>>> read_text_map(const yaml::Node& node) {
  if (!node.is_map()) return node.wrong_type("map[string]string");
  std::vector<std::pair<std::string, std::string>> out;
  for (const yaml::Node::Entry& entry : node.entries()) {
    TOCSIN_TRY(std::string key, entry.key.as_string());
    TOCSIN_TRY(std::string value, entry.value.as_string());
    out.emplace_back(std::move(key), std::move(value));
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<GoUrl> read_go_url(const yaml::Node& node) {
  TOCSIN_TRY(const std::string text, node.as_string());
  auto url = parse_go_url(text);
  if (!url) return node.error("{}", url.error().message);
  return url;
}

}  // namespace tocsin::config
