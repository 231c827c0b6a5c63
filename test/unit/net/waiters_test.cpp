#include "net/waiters.hpp"

#include <catch2/catch.hpp>

#include "support/test_loop.hpp"

namespace tocsin::net {

using namespace std::chrono_literals;

TEST_CASE("those who wait go on together, or at their deadline", "[net]") {
  test::TestLoop loop;
  Waiters waiters;
  const MonoTime now = loop.clock().mono();
  auto early = loop.start(waiters.wait(loop, now + 1s));
  auto first = loop.start(waiters.wait(loop, now + 10s));
  auto second = loop.start(waiters.wait(loop, now + 10s));
  loop.advance(5s);
  CHECK_FALSE(early.get());
  CHECK_FALSE(first.done());
  waiters.wake();
  loop.run_ready();
  CHECK(first.get());
  CHECK(second.get());
  CHECK(loop.waiting_timers() == 0);
  waiters.wake();  // nobody
  auto late = loop.start(waiters.wait(loop, loop.clock().mono() - 1s));
  loop.advance(0s);
  CHECK_FALSE(late.get());
}

TEST_CASE("tasks that wait go with their loop", "[net]") {
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> watched = held;
  {
    test::TestLoop loop;
    auto waiters = std::make_shared<Waiters>();
    const auto wait = [](test::TestLoop* l, std::shared_ptr<Waiters> w, std::shared_ptr<int>) -> Task<void> {
      co_await w->wait(*l, l->clock().mono() + 1s);
    };
    loop.spawn("waits", wait(&loop, waiters, std::move(held)));
    loop.run_ready();
    CHECK_FALSE(watched.expired());
  }
  CHECK(watched.expired());
}

}  // namespace tocsin::net
