#pragma once
// statvfs() that gives up: a hanging network file system must not take the collector with it.

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::exporters::node {

struct FsStats {
  double size_bytes = 0, free_bytes = 0, avail_bytes = 0, files = 0, files_free = 0;
  bool readonly = false;
};

/// Asks on a thread of its own. A call that does not return in time keeps that thread until it does; the next call gets
/// a new one, and the path is not asked again before the old call is back. Thread: one at a time.
class StatWorker {
 public:
  StatWorker();
  ~StatWorker();  // does not wait for calls that hang
  /// @return kTimeout if the call does not come back within `limit`, or an earlier one for the path has not yet.
  Result<FsStats> call(const std::string& path, Duration limit);

 private:
  struct Shared;
  void start_thread();
  std::shared_ptr<Shared> shared_;
};

}  // namespace tocsin::exporters::node
