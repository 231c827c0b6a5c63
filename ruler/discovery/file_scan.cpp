#include "discovery/file_scan.hpp"

#include <set>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "discovery/target_groups.hpp"

namespace tocsin::discovery {
namespace {

constexpr std::size_t kMaxFileBytes = 64U << 20U;

std::string folder_of(const std::string& pattern) {
  const std::size_t slash = pattern.rfind('/');
  return slash == std::string::npos ? "." : pattern.substr(0, std::max<std::size_t>(slash, 1));
}

Result<std::optional<std::vector<TargetGroup>>> read_groups(Fs& fs, const KnownFile* known, ScannedFile& file) {
  TOCSIN_TRY(std::string text, fs.read_file(file.path, kMaxFileBytes));
  if (const auto info = fs.info(file.path)) file.modified = static_cast<double>(info->modified / 1000);
  file.hash = xxhash64(text);
  if (known != nullptr && known->is_read && known->error.empty() && known->hash == file.hash) return std::nullopt;
  const bool is_json = to_lower(file.path).ends_with(".json");
  TOCSIN_TRY(auto groups, is_json ? parse_groups_json(text) : parse_groups_yaml(std::move(text), file.path));
  name_groups(groups, "__meta_filepath", file.path);
  return groups;
}

}  // namespace

FileScan scan_files(Fs& fs, const std::vector<std::string>& patterns, const std::map<std::string, KnownFile>& known,
                    net::FileWatcher* watcher) {
  FileScan scan;
  std::set<std::string> folders, paths;
  for (const std::string& pattern : patterns) folders.insert(folder_of(pattern));
  if (watcher != nullptr) scan.watch = watcher->watch({folders.begin(), folders.end()});
  for (const std::string& pattern : patterns) {
    auto found = glob(fs, pattern);
    if (found) {
      paths.insert(found->begin(), found->end());
    } else {
      scan.bad.emplace(pattern, found.error().message);
    }
  }
  for (const std::string& path : paths) {
    const auto last = known.find(path);
    ScannedFile file{path, 0, 0, std::nullopt};
    file.groups = read_groups(fs, last == known.end() ? nullptr : &last->second, file);
    scan.files.push_back(std::move(file));
  }
  return scan;
}

}  // namespace tocsin::discovery
