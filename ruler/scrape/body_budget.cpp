#include "scrape/body_budget.hpp"

namespace tocsin::scrape {

bool BodyBudget::take(std::size_t bytes) {
  const std::size_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= limit_) return true;
  used_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

bool BodyLease::grow(std::size_t bytes) {
  held_ += bytes;
  const std::size_t wanted = held_ > kFreeBytes ? held_ - kFreeBytes : 0;
  if (wanted <= taken_) return true;
  if (!budget_->take(wanted - taken_)) return false;
  taken_ = wanted;
  return true;
}

void BodyLease::release() {
  if (taken_ > 0) budget_->give_back(std::exchange(taken_, 0));
  held_ = 0;
}

}  // namespace tocsin::scrape
