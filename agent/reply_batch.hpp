#pragma once
// Answers of collectors on their way to the loop. A post for each would wake the loop fifty times in a scrape that
// takes half a millisecond: they go together, when no collector is left to ask.

#include <functional>
#include <mutex>
#include <vector>

#include "base/clock.hpp"

namespace tocsin::agent {

/// Thread: any.
class ReplyBatch {
 public:
  /// @param post  puts a job on the loop.
  explicit ReplyBatch(std::function<void(Job)> post) : post_(std::move(post)) {}

  /// Keeps the job until flush().
  void add(Job job) {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }

  /// Posts what was kept, as one job that runs them in order. Who waits for a collector that hangs calls it too.
  void flush() {
    std::vector<Job> jobs;
    {
      std::lock_guard lock(mutex_);
      jobs.swap(jobs_);
    }
    if (jobs.empty()) return;
    post_([jobs = std::move(jobs)]() mutable {
      for (Job& job : jobs) job();
    });
  }

 private:
  std::function<void(Job)> post_;
  std::mutex mutex_;
  std::vector<Job> jobs_;
};

}  // namespace tocsin::agent
