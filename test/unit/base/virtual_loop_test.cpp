#include "base/virtual_loop.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace std::chrono_literals;

TEST_CASE("timers run at their time, in order, and time moves by advance only") {
  VirtualLoop loop(1'000'000);
  std::vector<std::string> ran;
  const auto note = [&](std::string what) {
    return [&, what = std::move(what)] { ran.push_back(what + "@" + std::to_string(loop.now())); };
  };
  loop.call_after(20ms, note("b"));
  loop.call_after(10ms, note("a"));
  const TimerId dropped = loop.call_after(15ms, note("never"));
  loop.call_after(20ms, note("c"));
  loop.post(note("posted"));
  CHECK(loop.cancel(dropped));
  CHECK_FALSE(loop.cancel(dropped));
  CHECK(ran.empty());
  loop.advance(19ms);
  CHECK(ran == std::vector<std::string>{"posted@1000000", "a@1000010"});
  loop.advance(1ms);
  CHECK(ran.size() == 4);
  CHECK(ran[2] == "b@1000020");
  CHECK(ran[3] == "c@1000020");
  CHECK(loop.waiting_timers() == 0);
}

TEST_CASE("the wall clock can jump without the timers' time") {
  VirtualLoop loop(5000);
  bool ran = false;
  loop.call_after(1s, [&] { ran = true; });
  loop.jump_wall(-3'600'000);
  CHECK(loop.now() == 5000 - 3'600'000);
  CHECK_FALSE(ran);
  loop.advance(1s);
  CHECK(ran);
}

TEST_CASE("a timer that is set while time advances runs within the same advance if it is due") {
  VirtualLoop loop;
  int runs = 0;
  std::function<void()> again = [&] {
    if (++runs < 5) loop.call_after(10ms, again);
  };
  loop.call_after(10ms, again);
  loop.advance(35ms);
  CHECK(runs == 3);
  loop.advance(100ms);
  CHECK(runs == 5);
}
