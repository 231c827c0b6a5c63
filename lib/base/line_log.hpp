#pragma once
// A file of lines beside the program's own log: of requests, failed scrapes, queries.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin {

/// Lines are written on the lane, never by who has them: a disk that is full or hangs costs lines, not time. What waits
/// is at most a MiB; beyond, lines are dropped and counted, and so are those that cannot be written. That is complained
/// about once, and the file is opened again for the next line.
/// Thread: any. Held by a shared_ptr, because the job that writes holds it; the lane and `fs` outlive it.
class LineLog : public std::enable_shared_from_this<LineLog> {
 public:
  /// @param component, name  of the complaint: "web", "the access log".
  LineLog(Fs& fs, Executor& lane, std::string path, std::string_view component, std::string_view name)
      : fs_(fs), lane_(lane), path_(std::move(path)), component_(component), name_(name) {}

  /// Opens the file now, not for the first line: then it is known whether that can be done. Blocks. Before write().
  Result<void> open();
  /// @param line  with its end of line; written whole or not at all, unless the disk is full.
  void write(std::string_view line);
  /// Opens the file by its name again, before the next line: it may have been moved away.
  void reopen();
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kMaxPendingBytes = 1U << 20U;
  struct Batch {
    std::string lines;
    std::uint64_t count = 0;
    bool reopen = false;
  };
  void drain();
  /// What is to be written, or nothing: then the job ends.
  bool take(Batch& batch);
  Result<void> put(const Batch& batch);

  Fs& fs_;
  Executor& lane_;
  const std::string path_;
  const std::string component_, name_;
  std::atomic<std::uint64_t> dropped_{0};

  Mutex mutex_;
  Batch pending_ TOCSIN_GUARDED_BY(mutex_);
  bool writing_ TOCSIN_GUARDED_BY(mutex_) = false;

  // The writing job's.
  std::unique_ptr<AppendFile> file_;
  bool failing_ = false;
};

}  // namespace tocsin
