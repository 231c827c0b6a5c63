#pragma once
// A folder of which most hosts have none, and that is looked for at each scrape.

#include <optional>
#include <string>
#include <vector>

#include "base/fs.hpp"

namespace tocsin::exporters::node {

/// Thread: one at a time. Once the folder was absent, whether it came is asked before it is opened: that takes two
/// thirds of a failed open, and no new words for the error.
class SourceFolder {
 public:
  SourceFolder(Fs& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  /// As Fs::list(): sorted; kNotFound if it is not there.
  Result<std::vector<std::string>> list() {
    if (absent_ && !fs_.exists(path_)) return fail(Error(*absent_));
    absent_.reset();
    auto names = fs_.list(path_);
    if (!names && names.error().code == Errc::kNotFound) absent_ = names.error();
    return names;
  }
  /// The same; none if it is not there.
  std::vector<std::string> names() { return list().value_or(std::vector<std::string>{}); }

  const std::string& path() const { return path_; }

 private:
  Fs& fs_;
  std::string path_;
  std::optional<Error> absent_;  // why the last list() failed
};

}  // namespace tocsin::exporters::node
