#pragma once
// The worker threads: three queues, the first that is not empty is served; queries may have threads of their own, and
// help while a core is idle.

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/helpers.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin::net {

/// Thread: post, start and counts from any; stop() and destruction by the owner.
class WorkThreads final : public WorkPool, public Helpers {
 public:
  /// @param query_threads  threads for the query lane alone, of a lower priority, started when they are first needed:
  /// long queries then hold up neither scrapes nor rules. 0: `threads` serve all lanes.
  /// @param cores  helpers begin while fewer jobs than that run and none waits, on threads of the lowest priority that
  /// are started when they are first needed. 0: nobody helps.
  explicit WorkThreads(unsigned threads, unsigned query_threads = 0, unsigned cores = 0);
  ~WorkThreads() override;
  Executor& lane(Lane lane) override { return lanes_[static_cast<std::size_t>(lane)]; }

  bool start(Job job) override;
  bool idle() const override { return has_cores_for(1); }
  /// No job waits, and there are no more at work than cores.
  bool spare() const override { return has_cores_for(0); }
  std::uint64_t helper_jobs() const { return helper_jobs_.load(std::memory_order_relaxed); }

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
  /// A query thread without a job.
  struct Idle {
    std::condition_variable_any wake;
    bool called = false;  // under the lock
  };
  static constexpr std::size_t kQueryQueue = static_cast<std::size_t>(Lane::kQuery);
  using Queues = std::array<std::deque<Job>, 3>;

  bool has_cores_for(unsigned more) const {
    return waiting_.load(std::memory_order_relaxed) == 0 && running_.load(std::memory_order_relaxed) + more <= cores_ &&
           cores_ > 0;
  }
  void post(std::size_t lane, Job job);
  void call_query_thread() TOCSIN_REQUIRES(mutex_);
  void serve();
  void serve_queries();
  void serve_helpers();
  void run(Job job);
  bool take(Job& job) TOCSIN_REQUIRES(mutex_);
  bool take_query(Job& job) TOCSIN_REQUIRES(mutex_);

  const unsigned query_threads_, cores_;
  std::array<LaneQueue, 3> lanes_;
  // Changed under the lock, but where a job ends; looked at without it.
  std::atomic<unsigned> running_{0};  // jobs
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> helper_jobs_{0};
  mutable Mutex mutex_;
  std::condition_variable_any wake_, wake_helper_;
  Queues queues_ TOCSIN_GUARDED_BY(mutex_);
  bool stopping_ TOCSIN_GUARDED_BY(mutex_) = false;
  // That wait and were not called. The one that came last is called first: what it worked with is in a cache still, and
  // the heaps of the others need not grow.
  std::vector<Idle*> idle_query_threads_ TOCSIN_GUARDED_BY(mutex_);
  std::deque<Job> helping_ TOCSIN_GUARDED_BY(mutex_);       // that no thread took yet; counted as running
  std::size_t idle_helpers_ TOCSIN_GUARDED_BY(mutex_) = 0;  // threads that wait for one of those
  std::size_t helpers_ TOCSIN_GUARDED_BY(mutex_) = 0;       // threads
  std::size_t coming_ TOCSIN_GUARDED_BY(mutex_) = 0;  // that were called or started, and did not look for a job yet
  unsigned query_threads_started_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> started_ TOCSIN_GUARDED_BY(mutex_);  // of the query lane and of helpers
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::net
