#include <algorithm>

#include <fnmatch.h>

#include "base/fs.hpp"
#include "base/strings.hpp"

namespace tocsin {
namespace {

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

std::string join(const std::string& folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  return folder.back() == '/' ? folder + std::string(name) : folder + "/" + std::string(name);
}

/// Folders and files that match the elements so far; the next element widens or thins them.
Result<std::vector<std::string>> expand_element(Fs& fs, const std::vector<std::string>& folders,
                                                const std::string& element) {
  std::vector<std::string> found;
  for (const std::string& folder : folders) {
    if (!has_wildcard(element)) {
      if (std::string path = join(folder, element); fs.exists(path)) found.push_back(std::move(path));
      continue;
    }
    const auto info = fs.info(folder.empty() ? "." : folder);
    if (!info || !info->directory) continue;
    const auto names = fs.list(folder.empty() ? "." : folder);
    if (!names) continue;  // a folder that cannot be read has no matches, as in Go's filepath.Glob
    for (const std::string& name : *names) {
      if (::fnmatch(element.c_str(), name.c_str(), 0) == 0) found.push_back(join(folder, name));
    }
  }
  return found;
}

/// Go's filepath.Match rejects an open bracket without its end; fnmatch would take it literally.
bool is_well_formed(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (++i == pattern.size()) return false;
    } else if (pattern[i] == '[') {
      std::size_t end = i + 1;
      if (end < pattern.size() && pattern[end] == '^') ++end;
      const std::size_t first = end;
      while (end < pattern.size() && pattern[end] != ']') end += pattern[end] == '\\' ? 2 : 1;
      if (end >= pattern.size() || end == first) return false;
      i = end;
    }
  }
  return true;
}

}  // namespace

Result<std::vector<std::string>> glob(Fs& fs, const std::string& pattern) {
  if (!is_well_formed(pattern)) return fail(Errc::kInvalid, "{}: syntax error in pattern", pattern);
  std::vector<std::string> found{pattern.starts_with('/') ? "/" : ""};
  for (const std::string_view element : split(pattern, '/')) {
    if (element.empty()) continue;
    TOCSIN_TRY(found, expand_element(fs, found, std::string(element)));
  }
  if (pattern.empty()) found.clear();
  std::sort(found.begin(), found.end());
  return found;
}

std::string resolve_path(std::string_view folder, std::string_view path) {
  if (path.empty() || path.starts_with('/') || folder.empty()) return std::string(path);
  return join(std::string(folder), path);
}

}  // namespace tocsin
