#pragma once
// Helpers for tests: one that needs no threads, so that what it does is the same each time, and one with threads.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "base/helpers.hpp"
#include "base/rng.hpp"

namespace tocsin::test {

/// Does some of the work at once, on the thread that asks, then its core is wanted; sometimes nobody is idle. So work
/// is done by several workers in an order that only the seed decides. Thread: one.
class InterleavingHelpers final : public Helpers {
 public:
  explicit InterleavingHelpers(std::uint64_t seed) : rng_(seed) {}
  bool start(Job job) override {
    if (rng_.next() % 4 == 0) return false;
    left_ = 1 + static_cast<int>(rng_.next() % 3);
    at_work_ = true;
    ++started_;
    job();
    at_work_ = false;
    return true;
  }
  bool idle() const override { return true; }
  bool spare() const override { return !at_work_ || --left_ > 0; }
  std::size_t started() const { return started_; }

 private:
  Rng rng_;
  bool at_work_ = false;
  mutable int left_ = 0;
  std::size_t started_ = 0;
};

/// A thread for each job.
class ThreadHelpers final : public Helpers {
 public:
  ~ThreadHelpers() override {
    for (std::thread& thread : threads_) thread.join();
  }
  bool start(Job job) override {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back(std::move(job));
    return true;
  }
  bool idle() const override { return true; }
  bool spare() const override { return true; }
  std::size_t started() const {
    const std::lock_guard lock(mutex_);
    return threads_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::test
