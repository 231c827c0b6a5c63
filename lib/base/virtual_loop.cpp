#include "base/virtual_loop.hpp"

#include <algorithm>

namespace tocsin {

TimerId VirtualLoop::call_at(MonoTime when, Job job) {
  const TimerId id = ++last_timer_;
  timers_.emplace(std::pair(when, id), std::move(job));
  times_.emplace(id, when);
  return id;
}

bool VirtualLoop::cancel(TimerId timer) {
  const auto found = times_.find(timer);
  if (found == times_.end()) return false;
  timers_.erase({found->second, timer});
  times_.erase(found);
  return true;
}

void VirtualLoop::run_ready() {
  while (!ready_.empty()) {
    Job job = std::move(ready_.front());
    ready_.pop_front();
    job();
  }
}

void VirtualLoop::advance(Duration by) {
  const MonoTime until = mono_ + by;
  run_ready();
  while (!timers_.empty() && timers_.begin()->first.first <= until) {
    auto node = timers_.extract(timers_.begin());
    times_.erase(node.key().second);
    mono_ = std::max(mono_, node.key().first);
    node.mapped()();
    run_ready();
  }
  mono_ = until;
}

}  // namespace tocsin
