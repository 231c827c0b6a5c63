#pragma once
// A kernel file that several collectors read: once in a scrape, whoever comes first.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {

/// Thread: any.
class SharedSourceFile {
 public:
  SharedSourceFile(Fs& fs, Clock& clock, std::string path) : clock_(clock), file_(fs, std::move(path), Pieces::kOne) {}
  /// The text as it was at `since` or later. Errors are those of SourceFile::read(), and are not kept.
  Result<std::shared_ptr<const std::string>> read(MonoTime since);
  const std::string& path() const { return file_.path(); }

 private:
  Clock& clock_;
  std::mutex mutex_;  // guards all below; held while the kernel answers
  SourceFile file_;
  std::shared_ptr<std::string> text_;  // as read last
  MonoTime read_at_{0};                // when that began
};

/// The files that the collectors of one host share, by path. Thread: one, at the start.
class SharedSourceFiles {
 public:
  SharedSourceFiles(Fs& fs, Clock& clock) : fs_(fs), clock_(clock) {}
  std::shared_ptr<SharedSourceFile> get(const std::string& path) {
    auto& file = files_[path];
    if (file == nullptr) file = std::make_shared<SharedSourceFile>(fs_, clock_, path);
    return file;
  }

 private:
  Fs& fs_;
  Clock& clock_;
  std::map<std::string, std::shared_ptr<SharedSourceFile>> files_;
};

}  // namespace tocsin::exporters::node
