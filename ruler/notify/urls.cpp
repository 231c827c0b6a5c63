#include "notify/urls.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/strings.hpp"

namespace tocsin::notify {

namespace {

/// What Go's escape(path, encodePath) leaves alone.
bool stays_in_path(char c) {
  const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return word || std::string_view("-_.~$&+,/:;=@").find(c) != std::string_view::npos;
}

std::string escape_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    out += stays_in_path(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::size_t end_of_path(std::string_view url) {
  return std::min(url.find_first_of("?#"), url.size());
}

}  // namespace

std::string form_encode(const Params& params) {
  const std::multimap<std::string, std::string> sorted(params.begin(), params.end());  // keeps the order of equal names
  std::string out;
  for (const auto& [name, value] : sorted) {
    if (!out.empty()) out += '&';
    out += query_escape(name) + "=" + query_escape(value);
  }
  return out;
}

std::string append_path(std::string_view url, std::string_view path) {
  const std::size_t end = end_of_path(url);
  return std::string(url.substr(0, end)) + escape_path(path) + std::string(url.substr(end));
}

std::string join_path(std::string_view url, std::string_view path) {
  std::size_t end = end_of_path(url);
  const std::string_view rest = url.substr(end);
  while (end > 0 && url[end - 1] == '/') --end;
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(url.substr(0, end)) + "/" + escape_path(path) + std::string(rest);
}

std::string with_query(std::string_view url, const Params& params) {
  const std::size_t mark = url.find('?');
  const std::string_view base = url.substr(0, std::min({mark, url.find('#'), url.size()}));
  std::string own;
  if (mark != std::string_view::npos) own = url.substr(mark + 1, url.find('#', mark) - mark - 1);
  return std::string(base) + "?" + own + (own.empty() ? "" : "&") + form_encode(params);
}

}  // namespace tocsin::notify
