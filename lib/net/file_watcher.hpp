#pragma once
// Changes in folders, as the system tells them: a seam, because a test has no inotify for files in memory.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/task.hpp"

namespace tocsin::net {

/// Tells when files of folders come, go or change, whether they are written in place, renamed over, or reached by a
/// symbolic link that is swapped. May be dropped on any thread once it is closed.
class FileWatcher {
 public:
  virtual ~FileWatcher() = default;
  /// From now on these folders, in place of the last ones. A folder that is not there is waited for. To be called again
  /// after every change, before the files are looked at: a path may lead to another folder now. May block. Errors are
  /// kIo with the folder; the others are watched all the same. Thread: any, one at a time.
  virtual Result<void> watch(const std::vector<std::string>& folders) = 0;
  /// No more calls from here on. Thread: the loop's.
  virtual void close() = 0;
};

/// Watches by inotify. Errors are kIo.
/// @param changed  called on the loop, once for a burst of changes.
Result<std::shared_ptr<FileWatcher>> make_file_watcher(TaskLoop& loop, std::function<void()> changed);

}  // namespace tocsin::net
