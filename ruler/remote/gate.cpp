#include "remote/gate.hpp"

#include <utility>

namespace tocsin::remote {

Gate::Pass::~Pass() {
  waiter_->gone = true;
  if (waiter_->granted) gate_.release();
}

void Gate::release() {
  while (!waiting_.empty()) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next->gone) continue;
    next->granted = true;  // the place is handed over: running_ stays as it is
    loop_.post(next->wake);
    return;
  }
  --running_;
}

net::Task<bool> Gate::enter(Pass& pass) {
  if (options_.limit == 0 || running_ < options_.limit) {
    ++running_;
    pass.waiter_->granted = true;
    co_return true;
  }
  if (waiting_.size() >= options_.max_waiting) co_return false;
  std::function<void(std::function<void()>)> enqueue = [this, waiter = pass.waiter_](std::function<void()> wake) {
    waiter->wake = std::move(wake);
    waiting_.push_back(waiter);
  };
  co_await net::detail::wait_for_callback(std::move(enqueue));
  co_return true;
}

}  // namespace tocsin::remote
