#pragma once
// How much memory the pages of all scrapes under way may take together. The first MiB of each is free, so that targets
// that behave are read whatever the others do; what goes beyond comes from one budget.

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace tocsin::scrape {

/// Thread: any.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t limit_bytes) : limit_(limit_bytes) {}
  /// False if there is not that much left.
  bool take(std::size_t bytes);
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// What one scrape has taken; given back when it goes. Thread: one at a time.
class BodyLease {
 public:
  static constexpr std::size_t kFreeBytes = 1U << 20U;

  explicit BodyLease(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  ~BodyLease() { release(); }
  BodyLease(BodyLease&& other) noexcept
      : budget_(std::move(other.budget_)),
        held_(std::exchange(other.held_, 0)),
        taken_(std::exchange(other.taken_, 0)) {}
  BodyLease& operator=(BodyLease&&) = delete;

  /// Adds to what is held; false if the budget is used up.
  bool grow(std::size_t bytes);
  void release();

 private:
  std::shared_ptr<BodyBudget> budget_;
  std::size_t held_ = 0;   // bytes of the scrape
  std::size_t taken_ = 0;  // of the budget
};

}  // namespace tocsin::scrape
