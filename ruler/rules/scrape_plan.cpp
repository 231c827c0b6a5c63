#include "rules/scrape_plan.hpp"

#include <algorithm>

namespace tocsin::rules {

void ScrapePlan::scraped(MonoTime now, Duration offset) {
  const MonoTime visible = now + offset;
  if (!due_.empty() && due_.back() >= visible) return;
  const MonoTime due = visible + kDebounce;
  due_.push_back(due_.empty() ? due : std::max<MonoTime>(due, due_.back() + offset / kMaxWaiting));
}

std::optional<MonoTime> ScrapePlan::next() const {
  std::optional<MonoTime> when = end_;
  if (!due_.empty()) when = when ? std::min(*when, due_.front()) : due_.front();
  if (when && earliest_) when = std::max(*when, *earliest_);
  return when;
}

void ScrapePlan::take(MonoTime now) {
  while (!due_.empty() && due_.front() <= now) due_.pop_front();
  end_.reset();
}

void ScrapePlan::evaluated(MonoTime began, Duration took, Duration distance) {
  earliest_ = began + std::max<Duration>(distance, kShare * took);
}

void ScrapePlan::clear() {
  due_.clear();
  end_.reset();
}

}  // namespace tocsin::rules
