#pragma once
// One look at all files of a file_sd configuration. Blocks: runs on a lane.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

/// What is remembered of a file: enough to see that it is the same.
struct KnownFile {
  std::uint64_t hash = 0;  // of the text that was read well last
  std::size_t groups = 0;  // how many there were
  bool is_read = false;
  std::string error;  // of the last look, "" for none
};

struct ScannedFile {
  std::string path;
  double modified = 0;  // seconds since the Unix epoch
  std::uint64_t hash = 0;
  /// With sources and __meta_filepath; nullopt: as last time.
  Result<std::optional<std::vector<TargetGroup>>> groups;
};

struct FileScan {
  std::vector<ScannedFile> files;          // sorted by path
  std::map<std::string, std::string> bad;  // patterns that are none, with the error
  Result<void> watch;                      // what the watcher said
};

/// Watches the folders of the patterns, then reads what matches. @param watcher  null: nobody watches.
FileScan scan_files(Fs& fs, const std::vector<std::string>& patterns, const std::map<std::string, KnownFile>& known,
                    net::FileWatcher* watcher);

}  // namespace tocsin::discovery
