#include "net/work_threads.hpp"

#include <utility>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tocsin::net {
namespace {

/// Linux keeps the nice value of each thread. 10: a ninth of the share of a scrape or of the loop beside them.
constexpr int kNiceOfQueries = 10;
constexpr int kNiceOfHelpers = 15;  // a third of the share of a query

void give_way(int nice) {
#ifdef __linux__
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), nice);
#endif
}

}  // namespace

WorkThreads::WorkThreads(unsigned threads, unsigned query_threads, unsigned cores)
    : query_threads_(query_threads), cores_(cores) {
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
  const bool own_threads = lane == kQueryQueue && query_threads_ > 0;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return;
    queues_[lane].push_back(std::move(job));
    waiting_.fetch_add(1, std::memory_order_relaxed);
    if (own_threads) return call_query_thread();
  }
  wake_.notify_one();
}

void WorkThreads::call_query_thread() {
  if (queues_[kQueryQueue].size() <= coming_) return;
  if (!idle_query_threads_.empty()) {
    Idle& last = *idle_query_threads_.back();
    idle_query_threads_.pop_back();
    last.called = true;
    ++coming_;
    return last.wake.notify_one();
  }
  if (query_threads_started_ == query_threads_) return;
  ++query_threads_started_;
  ++coming_;
  started_.emplace_back([this] { serve_queries(); });
  pthread_setname_np(started_.back().native_handle(), "query");
}

bool WorkThreads::take(Job& job) {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (queues_[i].empty() || (i == kQueryQueue && query_threads_ > 0)) continue;
    job = std::move(queues_[i].front());
    queues_[i].pop_front();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    running_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

bool WorkThreads::take_query(Job& job) {
  std::deque<Job>& queue = queues_[kQueryQueue];
  if (queue.empty()) return false;
  job = std::move(queue.front());
  queue.pop_front();
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  running_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void WorkThreads::run(Job job) {
  job();
  job = nullptr;  // what it owns goes before it counts as ended
  running_.fetch_sub(1, std::memory_order_relaxed);
}

void WorkThreads::serve() {
  for (;;) {
    Job job;
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && !take(job)) wake_.wait(mutex_);
    }
    if (!job) return;
    run(std::move(job));
  }
}

void WorkThreads::serve_queries() {
  give_way(kNiceOfQueries);
  Idle self;
  self.called = true;  // it was started for a job
  for (;;) {
    Job job;
    {
      const MutexLock lock(mutex_);
      if (std::exchange(self.called, false)) --coming_;
      while (!stopping_ && !take_query(job)) {
        idle_query_threads_.push_back(&self);
        while (!self.called) self.wake.wait(mutex_);
        self.called = false;
        --coming_;
      }
    }
    if (!job) return;
    run(std::move(job));
  }
}

void WorkThreads::serve_helpers() {
  give_way(kNiceOfHelpers);
  for (;;) {
    Job job;
    {
      const MutexLock lock(mutex_);
      ++idle_helpers_;
      while (!stopping_ && helping_.empty()) wake_helper_.wait(mutex_);
      --idle_helpers_;
      if (!helping_.empty()) {
        job = std::move(helping_.front());
        helping_.pop_front();
      }
    }
    if (!job) return;
    run(std::move(job));
  }
}

bool WorkThreads::start(Job job) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || !idle()) return false;
    if (helping_.size() >= idle_helpers_) {
      // One that was woken for an earlier job may not have come yet: jobs, not threads, are counted.
      if (helpers_ == cores_) return false;
      ++helpers_;
      started_.emplace_back([this] { serve_helpers(); });
      pthread_setname_np(started_.back().native_handle(), "helper");
    }
    helping_.push_back(std::move(job));
    running_.fetch_add(1, std::memory_order_relaxed);
  }
  helper_jobs_.fetch_add(1, std::memory_order_relaxed);
  wake_helper_.notify_one();
  return true;
}

std::array<std::size_t, 3> WorkThreads::queued() const {
  const MutexLock lock(mutex_);
  return {queues_[0].size(), queues_[1].size(), queues_[2].size()};
}

void WorkThreads::stop() {
  Queues left;
  std::deque<Job> unhelped;
  std::vector<std::thread> started;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    left = std::exchange(queues_, {});
    unhelped = std::exchange(helping_, {});
    started = std::exchange(started_, {});
    for (Idle* const idle : idle_query_threads_) {
      idle->called = true;
      ++coming_;
      idle->wake.notify_one();
    }
    idle_query_threads_.clear();
  }
  unhelped.clear();  // a query that is under way waits for the end of its helpers
  wake_.notify_all();
  wake_helper_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (std::thread& thread : started) thread.join();
  threads_.clear();
}

}  // namespace tocsin::net
