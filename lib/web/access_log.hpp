#pragma once
// One JSON object per request in a file of its own:
//   {"time":"2026-01-02T03:04:05.678Z","peer":"127.0.0.1:4711","user":"","method":"GET","path":"/metrics","status":200,
//    "bytes":2048,"seconds":0.0021}
// Parameters are not logged: they may hold what nobody should read. `bytes` are those of the body before compression.

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/fs.hpp"

namespace tocsin::web {

struct AccessEntry {
  Timestamp time = 0;
  std::string peer, user, method, path;
  int status = 0;
  std::uint64_t bytes = 0;
  Duration took{0};
};

std::string access_line(const AccessEntry& entry);

struct AccessLogStats {
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;  // the disk was full or too slow
};

/// Thread: the loop's; the file is written on the query lane. A disk that is full or hangs costs lines, never time.
class AccessLog {
 public:
  /// Opens the file for appending; creates it. Blocks.
  static Result<std::unique_ptr<AccessLog>> open(Loop& loop, WorkPool& work, Fs& fs, std::string path);
  ~AccessLog();
  void add(const AccessEntry& entry);
  /// The next line goes to a file of that name that is opened anew: for who rotates logs.
  void reopen();
  AccessLogStats stats() const;

 private:
  struct Shared;  // what the lane's job has too
  explicit AccessLog(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  static void write_waiting(const std::shared_ptr<Shared>& shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace tocsin::web
