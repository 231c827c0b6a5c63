#pragma once
// A folder that is looked into at each scrape, and of which most hosts have none.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fs.hpp"
#include "base/system_file.hpp"

namespace tocsin::exporters::node {

/// Thread: one at a time. A folder that is there stays open: reading it again takes half of what opening it takes. Once
/// it was absent, whether it came is asked before it is opened: that takes two thirds of a failed open, and no new
/// words for the error.
class SourceFolder {
 public:
  SourceFolder(Fs& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  /// As Fs::list(): sorted; kNotFound if it is not there.
  Result<std::vector<std::string>> list();
  /// The same; none if it is not there.
  std::vector<std::string> names() { return list().value_or(std::vector<std::string>{}); }

  const std::string& path() const { return path_; }

 private:
  Fs& fs_;
  std::string path_;
  std::unique_ptr<RandomFile> open_;     // the folder
  const SystemFile* listing_ = nullptr;  // the same; null if its system cannot list what is open
  std::optional<Error> absent_;          // why the last list() failed
};

}  // namespace tocsin::exporters::node
