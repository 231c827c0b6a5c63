#include "net/task.hpp"

#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include "support/test_loop.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::TestLoop;

Task<void> tick(Loop& loop, std::string name, Duration period, int times, std::string* out) {
  for (int i = 0; i < times; ++i) {
    co_await sleep_for(loop, period);
    *out += name;
  }
}

Task<int> add_on_lane(TestLoop& loop, int a, int b) {
  std::function<int()> work = [a, b] { return a + b; };
  co_return co_await run_on(loop, loop.lane(Lane::kQuery), std::move(work));
}

Task<std::string> move_only_on_lane(TestLoop& loop) {
  auto text = std::make_unique<std::string>("moved");
  auto work = [text = std::move(text)]() mutable { return std::move(*text); };
  co_return co_await run_on(loop, loop.lane(Lane::kScrape), std::move(work));
}

Task<void> throw_after(Loop& loop, Duration delay) {
  co_await sleep_for(loop, delay);
  throw std::runtime_error("broken");
}

struct Counter {
  explicit Counter(int* count) : count_(count) { ++*count_; }
  ~Counter() { --*count_; }
  Counter(const Counter&) = delete;
  int* count_;
};

Task<void> hold_while_sleeping(Loop& loop, int* count, bool* woke) {
  const Counter counter(count);
  co_await sleep_for(loop, 1h);
  *woke = true;
}

Task<void> hold_and_cancel(Loop& loop) {
  struct Canceler {
    Loop& loop;
    TimerId timer;
    ~Canceler() {
      loop.cancel(timer);
      loop.post([] {});
      loop.call_after(1s, [] {});
    }
  };
  const Canceler canceler{loop, loop.call_after(2h, [] {})};
  co_await sleep_for(loop, 1h);
}

Task<void> wait_once(std::function<void(std::function<void()>)> start, bool* woke) {
  co_await detail::wait_for_callback(std::move(start));
  *woke = true;
}

}  // namespace

TEST_CASE("sleeping tasks wake in the order of their times, and of their calls at equal times", "[net]") {
  TestLoop loop;
  std::string out;
  loop.spawn("a", tick(loop, "a", 30s, 3, &out));
  loop.spawn("b", tick(loop, "b", 20s, 4, &out));
  loop.advance(59s);
  CHECK(out == "bab");
  loop.advance(1s);
  CHECK(out == "babab");
  loop.advance(1h);
  CHECK(out == "bababba");
}

TEST_CASE("a week of ticks takes no time", "[net]") {
  TestLoop loop;
  std::string out;
  const Timestamp start = loop.clock().now();
  loop.run(tick(loop, "x", 15s, 40320, &out), 24h * 8);
  CHECK(out.size() == 40320);
  CHECK(loop.clock().now() - start == 7LL * 24 * 3600 * 1000);
}

TEST_CASE("work runs on a lane and its result comes back to the loop", "[net]") {
  TestLoop loop;
  CHECK(loop.run(add_on_lane(loop, 2, 3)) == 5);
  CHECK(loop.run(move_only_on_lane(loop)) == "moved");
}

TEST_CASE("an exception that leaves a spawned task is kept with its name", "[net]") {
  TestLoop loop;
  loop.spawn("careless", throw_after(loop, 5s));
  loop.advance(4s);
  CHECK(loop.failures().empty());
  loop.advance(1s);
  CHECK(loop.failures() == std::vector<std::string>{"careless: broken"});
}

TEST_CASE("an exception of an awaited task reaches the test", "[net]") {
  TestLoop loop;
  CHECK_THROWS_WITH(loop.run(throw_after(loop, 5s)), "broken");
}

TEST_CASE("a task that waits when the loop goes is destroyed, not resumed", "[net]") {
  int count = 0;
  bool woke = false;
  {
    TestLoop loop;
    loop.spawn("sleeper", hold_while_sleeping(loop, &count, &woke));
    loop.advance(1s);
    CHECK(count == 1);
  }
  CHECK(count == 0);
  CHECK_FALSE(woke);
}

TEST_CASE("a task may cancel, post and set timers while the loop destroys it", "[net]") {
  TestLoop loop;
  loop.spawn("canceler", hold_and_cancel(loop));
  loop.advance(1s);
}

TEST_CASE("a callback that is called inside start resumes later, not inside", "[net]") {
  TestLoop loop;
  bool woke = false;
  bool inside = true;
  loop.spawn("immediate", wait_once(
                              [&](std::function<void()> done) {
                                done();
                                inside = woke;
                              },
                              &woke));
  loop.run_ready();
  CHECK(woke);
  CHECK_FALSE(inside);
}

TEST_CASE("a callback that is dropped destroys the task", "[net]") {
  TestLoop loop;
  bool woke = false;
  std::function<void()> kept;
  loop.spawn("dropped", wait_once([&](std::function<void()> done) { kept = std::move(done); }, &woke));
  loop.run_ready();
  REQUIRE(kept);
  kept = nullptr;
  loop.run_ready();
  CHECK_FALSE(woke);
}

TEST_CASE("a task that waits for nothing is an error, not a hang", "[net]") {
  TestLoop loop;
  bool woke = false;
  std::function<void()> kept;
  CHECK_THROWS_AS(loop.run(wait_once([&](std::function<void()> done) { kept = std::move(done); }, &woke)),
                  std::runtime_error);
}

}  // namespace tocsin::net
