#include "config/notifier_config.hpp"

#include <algorithm>

namespace tocsin::config {

Result<void> at_most_one(std::string_view key, const Secret& value, const std::string& file) {
  if (value.empty() || file.empty()) return {};
  return fail(Errc::kInvalid, "at most one of {0} & {0}_file must be configured", key);
}

Result<void> exactly_one(std::string_view key, const Secret& value, const std::string& file) {
  if (value.empty() && file.empty()) return fail(Errc::kInvalid, "one of {0} or {0}_file must be configured", key);
  return at_most_one(key, value, file);
}

void fall_back(Secret& value, std::string& file, const Secret& global_value, const std::string& global_file) {
  if (!value.empty() || !file.empty()) return;
  value = global_value;
  file = global_file;
}

void add_trailing_slash(std::string& url) {
  const std::size_t end = std::min(url.find_first_of("?#"), url.size());
  if (end == 0 || url[end - 1] != '/') url.insert(end, "/");
}

}  // namespace tocsin::config
