#include "scrape/turnstile.hpp"

#include <utility>

namespace tocsin::scrape {

net::Task<Turnstile::Pass> Turnstile::enter(std::shared_ptr<Turnstile> turnstile) {
  if (turnstile->taken_) {
    std::function<void(std::function<void()>)> wait = [turnstile](std::function<void()> go) {
      turnstile->waiting_.push_back(std::move(go));
    };
    co_await net::detail::wait_for_callback(std::move(wait));
  }
  turnstile->taken_ = true;
  co_return Pass(turnstile);
}

void Turnstile::leave() {
  taken_ = false;
  if (waiting_.empty()) return;
  // Taken on behalf of the next: nobody slips in between.
  taken_ = true;
  loop_.post(std::move(waiting_.front()));
  waiting_.pop_front();
}

void Turnstile::close() {
  const auto ended = std::exchange(waiting_, {});
}

}  // namespace tocsin::scrape
