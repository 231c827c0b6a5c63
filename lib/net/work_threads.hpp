#pragma once
// The worker threads: three queues, the first that is not empty is served.

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
  explicit WorkThreads(unsigned threads);
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
  void post(std::size_t lane, Job job);
  void serve();
  bool take(Job& job) TOCSIN_REQUIRES(mutex_);

  std::array<LaneQueue, 3> lanes_;
  mutable Mutex mutex_;
  std::condition_variable_any wake_;
  std::array<std::deque<Job>, 3> queues_ TOCSIN_GUARDED_BY(mutex_);
  bool stopping_ TOCSIN_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::net
