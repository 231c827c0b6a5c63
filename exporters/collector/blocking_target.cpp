#include "exporters/collector/blocking_target.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "net/waiters.hpp"

namespace tocsin::exporters {

/// One job at a time. Shared with the thread itself, which may outlive the target's owner.
struct BlockingTarget::Thread {
  std::mutex mutex;
  std::condition_variable wake;
  Job job;
  bool started = false, stopping = false;

  static void serve(std::shared_ptr<Thread> self) {
    std::unique_lock lock(self->mutex);
    for (;;) {
      self->wake.wait(lock, [&] { return self->stopping || self->job; });
      if (self->stopping) return;
      Job job = std::exchange(self->job, nullptr);
      lock.unlock();
      job();
      job = nullptr;  // may be the last to hold the target, whose destructor sets `stopping`
      lock.lock();
    }
  }

  static void run(const std::shared_ptr<Thread>& self, Job job) {
    std::lock_guard lock(self->mutex);
    self->job = std::move(job);
    if (!std::exchange(self->started, true)) std::thread(serve, self).detach();
    self->wake.notify_all();
  }
};

namespace {

/// The answer on its way from the thread to the loop.
struct Answer {
  std::optional<Result<void>> result;
  net::Waiters waiters;
};

}  // namespace

BlockingTarget::BlockingTarget(const Services& services)
    : loop_(services.loop), anchor_(services.anchor), thread_(std::make_shared<Thread>()) {}

BlockingTarget::~BlockingTarget() {
  std::lock_guard lock(thread_->mutex);
  thread_->stopping = true;
  thread_->wake.notify_all();
}

net::Task<Result<void>> BlockingTarget::collect(std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const auto answer = std::make_shared<Answer>();
  Thread::run(thread_, [self = shared_from_this(), page, deadline, answer, anchor = anchor_]() mutable {
    Result<void> result = self->ask(*page, deadline);
    self.reset();
    page.reset();
    anchor->post([answer = std::move(answer), result = std::move(result)]() mutable {
      answer->result = std::move(result);
      answer->waiters.wake();
    });
  });
  while (!answer->result) co_await answer->waiters.wait(loop_, loop_.clock().mono() + std::chrono::hours(1));
  co_return std::move(*answer->result);
}

}  // namespace tocsin::exporters
