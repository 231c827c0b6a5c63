#pragma once
// scrape_failure_log_file: a line of JSON for each scrape that got no page. Written off the loop; what cannot be
// written fast enough is dropped and counted, not kept.
//   {"time":"2026-01-02T03:04:05.678Z","level":"ERROR","source":"scrape_run.cpp","msg":"...","job_name":"node",
//    "target":"http://a:9100/metrics"}
// Source of the fields: Prometheus scrape/scrape.go and util/logging/file.go, which write Go's slog JSON.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/thread_annotations.hpp"
#include "base/time.hpp"

namespace tocsin::scrape {

struct ScrapeFailure {
  Timestamp time = 0;
  std::string_view job_name, target, error;
};

/// One file. Thread: any; held by a shared_ptr, because the job that writes holds it. The lane and `fs` outlive it.
class FailureLog : public std::enable_shared_from_this<FailureLog> {
 public:
  FailureLog(Fs& fs, Executor& lane, std::string path) : fs_(fs), lane_(lane), path_(std::move(path)) {}

  void write(const ScrapeFailure& failure);
  /// Opens the file by its name again, before the next line: it may have been moved away.
  void reopen();
  /// Lines that were not written: too many at once, or the file could not be.
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
  std::atomic<std::uint64_t> dropped_{0};

  Mutex mutex_;
  Batch pending_ TOCSIN_GUARDED_BY(mutex_);
  bool writing_ TOCSIN_GUARDED_BY(mutex_) = false;

  // The writing job's.
  std::unique_ptr<AppendFile> file_;
  bool failing_ = false;
};

}  // namespace tocsin::scrape
