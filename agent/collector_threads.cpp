#include "agent/collector_threads.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace tocsin::agent {

/// Owned by the pool and by each thread: a stuck thread may outlive the pool.
struct CollectorThreads::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Asked>> calls;
  std::size_t max_threads = 1;
  Run run;
  std::function<void()> when_idle;
  std::size_t threads = 0;
  std::uint64_t active = 0;  // number of the thread that serves the queue
  bool running = false;      // it is in a call, since:
  MonoTime since{0};
  bool stopping = false;
};

CollectorThreads::CollectorThreads(std::size_t max_threads, Run run, std::function<void()> when_idle)
    : shared_(std::make_shared<Shared>()) {
  shared_->max_threads = max_threads;
  shared_->run = std::move(run);
  shared_->when_idle = std::move(when_idle);
}

CollectorThreads::~CollectorThreads() {
  std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  shared_->calls.clear();
  shared_->wake.notify_all();
}

void CollectorThreads::serve(std::shared_ptr<Shared> shared, std::uint64_t number) {
  std::unique_lock lock(shared->mutex);
  std::optional<MonoTime> now;  // just after a call
  for (;;) {
    if (shared->calls.empty()) now.reset();
    shared->wake.wait(lock, [&] { return shared->stopping || number != shared->active || !shared->calls.empty(); });
    if (shared->stopping || number != shared->active) break;
    std::shared_ptr<Asked> asked = std::move(shared->calls.front());
    shared->calls.pop_front();
    shared->running = true;
    const MonoTime began = shared->since = now ? *now : system_clock().mono();
    lock.unlock();
    now = shared->run(asked, began);
    asked.reset();
    lock.lock();
    const bool is_active = number == shared->active;
    if (is_active) shared->running = false;
    if (is_active && !shared->calls.empty()) continue;
    lock.unlock();
    shared->when_idle();
    lock.lock();
  }
  --shared->threads;
}

void CollectorThreads::post(std::shared_ptr<Asked> asked) {
  std::lock_guard lock(shared_->mutex);
  shared_->calls.push_back(std::move(asked));
}

void CollectorThreads::wake() {
  {
    std::lock_guard lock(shared_->mutex);
    if (shared_->threads == 0 && !shared_->calls.empty()) {
      ++shared_->threads;
      std::thread(serve, shared_, ++shared_->active).detach();
    }
  }
  shared_->wake.notify_all();
}

void CollectorThreads::replace_stuck(Duration limit) {
  std::lock_guard lock(shared_->mutex);
  if (!shared_->running || system_clock().mono() - shared_->since < limit) return;
  if (shared_->threads >= shared_->max_threads) return;
  shared_->running = false;
  ++shared_->threads;
  std::thread(serve, shared_, ++shared_->active).detach();
}

std::size_t CollectorThreads::stuck() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->threads > 0 ? shared_->threads - 1 : 0;
}

}  // namespace tocsin::agent
