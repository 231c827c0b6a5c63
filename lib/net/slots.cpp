#include "net/slots.hpp"

namespace tocsin::net {

Task<void> Slots::enter() {
  if (free_ > 0) {
    --free_;
    co_return;
  }
  std::function<void(std::function<void()>)> wait = [this](std::function<void()> done) {
    waiting_.push_back(std::move(done));
  };
  co_await detail::wait_for_callback(std::move(wait));
}

void Slots::leave() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  // The slot goes from hand to hand: nobody else can take it in between.
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  next();
}

void Slots::drop_waiting() {
  const auto dropped = std::exchange(waiting_, {});
}

}  // namespace tocsin::net
