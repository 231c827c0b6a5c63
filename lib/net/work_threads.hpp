#pragma once
// The worker threads: three queues, the first that is not empty is served; queries may have threads of their own.

#include <array>
#include <condition_variable>
#include <deque>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin::net {

/// Thread: post and counts from any; stop() and destruction by the owner.
class WorkThreads final : public WorkPool {
 public:
  /// @param query_threads  threads for the query lane alone, of a lower priority, started when they are first needed:
  /// long queries then hold up neither scrapes nor rules. 0: `threads` serve all lanes.
  explicit WorkThreads(unsigned threads, unsigned query_threads = 0);
  ~WorkThreads() override;
  Executor& lane(Lane lane) override { return lanes_[static_cast<std::size_t>(lane)]; }

  std::array<std::size_t, 3> queued() const;
  /// Lets the jobs under way end; jobs that wait are destroyed on the caller's thread, later ones at once.
  void stop();

 private:
  class LaneQueue final : public Executor {
   public:
    void post(Job job) override { owner->post(index, std::move(job)); }
    WorkThreads* owner = nullptr;
    std::size_t index = 0;
  };
  static constexpr std::size_t kQueryQueue = static_cast<std::size_t>(Lane::kQuery);
  using Queues = std::array<std::deque<Job>, 3>;

  void post(std::size_t lane, Job job);
  void start_query_thread() TOCSIN_REQUIRES(mutex_);
  void serve();
  void serve_queries();
  bool take(Job& job) TOCSIN_REQUIRES(mutex_);
  bool take_query(Job& job) TOCSIN_REQUIRES(mutex_);

  const unsigned query_threads_;
  std::array<LaneQueue, 3> lanes_;
  mutable Mutex mutex_;
  std::condition_variable_any wake_, wake_query_;
  Queues queues_ TOCSIN_GUARDED_BY(mutex_);
  bool stopping_ TOCSIN_GUARDED_BY(mutex_) = false;
  std::size_t idle_query_threads_ TOCSIN_GUARDED_BY(mutex_) = 0;  // that wait for a job
  std::vector<std::thread> started_ TOCSIN_GUARDED_BY(mutex_);    // of the query lane
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::net
