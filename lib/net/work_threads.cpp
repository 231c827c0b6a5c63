#include "net/work_threads.hpp"

#include <utility>

#include <pthread.h>

namespace tocsin::net {

WorkThreads::WorkThreads(unsigned threads) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].owner = this;
    lanes_[i].index = i;
  }
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { serve(); });
    pthread_setname_np(threads_.back().native_handle(), "work");
  }
}

WorkThreads::~WorkThreads() {
  stop();
}

void WorkThreads::post(std::size_t lane, Job job) {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return;
    queues_[lane].push_back(std::move(job));
  }
  wake_.notify_one();
}

bool WorkThreads::take(Job& job) {
  for (std::deque<Job>& queue : queues_) {
    if (queue.empty()) continue;
    job = std::move(queue.front());
    queue.pop_front();
    return true;
  }
  return false;
}

void WorkThreads::serve() {
  for (;;) {
    Job job;
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && !take(job)) wake_.wait(mutex_);
    }
    if (!job) return;
    job();
  }
}

std::array<std::size_t, 3> WorkThreads::queued() const {
  const MutexLock lock(mutex_);
  return {queues_[0].size(), queues_[1].size(), queues_[2].size()};
}

void WorkThreads::stop() {
  std::array<std::deque<Job>, 3> left;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    left = std::exchange(queues_, {});
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace tocsin::net
