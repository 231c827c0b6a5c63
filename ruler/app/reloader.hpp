#pragma once
// When configuration files are read again: on demand (SIGHUP, /-/reload), and by itself when they change
// (--config.auto-reload). Source: Prometheus cmd/prometheus/main.go.

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/task.hpp"

namespace tocsin::app {

/// One set of files that is taken as a whole or not at all.
struct ReloadPart {
  std::string name;  // for the log: its main file
  /// What its files are like. Thread: any; blocks.
  std::function<Result<std::string>()> checksum;
  /// Reads and applies them; an error leaves the former ones in force.
  std::function<net::Task<Result<void>>()> reload;
  /// Of the files in force: taken before they were read, so that what is written meanwhile is seen as a change.
  std::string seen;
};

/// One reload at a time, in the order of the calls. Thread: the loop's. Outlives the tasks that it starts.
class Reloader {
 public:
  Reloader(net::TaskLoop& loop, WorkPool& work, std::vector<ReloadPart> parts);

  /// Reloads every part. @return the first error; all are logged.
  net::Task<Result<void>> reload();
  /// Reloads the part of that name; none is no error.
  net::Task<Result<void>> reload_only(std::string name);

  /// Looks every `interval` whether the files of a part differ from those that were tried last, and reloads that part.
  /// What failed is tried again when the files change once more.
  void watch(Duration interval);

 private:
  net::Task<void> take_turn();
  net::Task<std::string> checksum(std::size_t part);
  net::Task<Result<void>> reload_part(std::size_t part);
  net::Task<void> watch_files(Duration interval);
  net::Task<void> look(std::size_t part);

  net::TaskLoop& loop_;
  WorkPool& work_;
  std::vector<ReloadPart> parts_;  // `seen` is of the files that were tried last
  bool busy_ = false;
};

}  // namespace tocsin::app
