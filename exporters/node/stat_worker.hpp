#pragma once
// statvfs() that gives up: a hanging network file system must take neither the collector with it nor the scrape's time.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::exporters::node {

struct FsStats {
  double size_bytes = 0, free_bytes = 0, avail_bytes = 0, files = 0, files_free = 0;
  bool readonly = false;
};

/// statvfs(3); waits as long as the file system lets it.
Result<FsStats> ask_for_stats(const std::string& path);

/// Asks on a thread of its own, for all paths of a round one after the other. A call that does not return in time keeps
/// that thread until it does; the other paths get a new one, and the path is not asked again before the old call is
/// back: what it brings then is the answer of the next round. Thread: one at a time.
class StatWorker {
 public:
  StatWorker();
  ~StatWorker();  // does not wait for calls that hang
  /// @param patience  how long a round may wait for a path.
  /// @param limit     until then a path that does not answer has the numbers that it had last.
  /// @return in the order of the paths; kTimeout for one that has no numbers, or does not answer for longer than
  /// `limit`.
  std::vector<Result<FsStats>> call(std::span<const std::string> paths, Duration patience, Duration limit);

 private:
  struct Shared;
  void start_thread();
  std::shared_ptr<Shared> shared_;
  std::map<std::string, FsStats> last_;  // of the paths of the last round
};

}  // namespace tocsin::exporters::node
