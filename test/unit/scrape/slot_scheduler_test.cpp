#include "scrape/slot_scheduler.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/virtual_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using scrape::SlotScheduler;

namespace {

constexpr Timestamp kStart = 1'700'000'000'000;

struct Bench {
  VirtualLoop loop{kStart};
  std::vector<std::string> log;  // "id@t" of each wake-up, times relative to the start
  SlotScheduler scheduler{loop, 100ms, [this](const std::vector<SlotScheduler::Due>& due) {
                            std::string line;
                            for (const auto& [id, t, late, slot] : due) {
                              line += fmt::format("{}{}@{}{}", line.empty() ? "" : " ", id, t - kStart,
                                                  late ? " late" : "");
                            }
                            log.push_back(line);
                          }};
};

}  // namespace

TEST_CASE("an entry is due at its offset plus each multiple of its interval, with the slot's time") {
  Bench bench;
  bench.scheduler.add(1, 15000, (kStart + 4000) % 15000);
  CHECK(bench.scheduler.next_slot(1) == kStart + 4000);
  bench.loop.advance(40s);
  CHECK(bench.log == std::vector<std::string>{"1@4000", "1@19000", "1@34000"});
}

TEST_CASE("a slot that is now is not past") {
  Bench bench;
  bench.scheduler.add(1, 1000, kStart % 1000);
  bench.loop.advance(0s);
  CHECK(bench.log == std::vector<std::string>{"1@0"});
}

TEST_CASE("entries that are due together share a wake-up") {
  Bench bench;
  bench.scheduler.add(1, 1000, 300);
  bench.scheduler.add(2, 2000, 300);
  bench.scheduler.add(3, 1000, 700);
  CHECK(bench.loop.waiting_timers() == 1);
  bench.loop.advance(2s);
  CHECK(bench.log == std::vector<std::string>{"1@300 2@300", "3@700", "1@1300", "3@1700"});
}

TEST_CASE("entries can go, come back and change while others wait") {
  Bench bench;
  bench.scheduler.add(1, 1000, 0);
  bench.scheduler.add(2, 1000, 500);
  bench.loop.advance(600ms);
  bench.scheduler.remove(1);
  CHECK(bench.scheduler.next_slot(1) == 0);
  bench.scheduler.add(2, 2000, 500);
  bench.loop.advance(2s);
  bench.scheduler.add(1, 1000, 0);
  bench.loop.advance(500ms);
  CHECK(bench.log == std::vector<std::string>{"1@0", "2@500", "2@2500", "1@3000"});
}

TEST_CASE("changing an entry to the times that it has does not make it due twice") {
  Bench bench;
  bench.scheduler.add(1, 1000, 500);
  bench.scheduler.add(1, 1000, 500);
  bench.loop.advance(2s);
  CHECK(bench.log == std::vector<std::string>{"1@500", "1@1500"});
}

TEST_CASE("nothing is due after stop, and no timer is left") {
  Bench bench;
  bench.scheduler.add(1, 1000, 500);
  bench.scheduler.stop();
  CHECK(bench.loop.waiting_timers() == 0);
  bench.loop.advance(5s);
  CHECK(bench.log.empty());
}

TEST_CASE("when the wall clock is set forward, slots are those of the new time") {
  Bench bench;
  bench.scheduler.add(1, 10000, 0);  // kStart is a multiple of 10 s
  bench.loop.advance(1s);
  bench.loop.jump_wall(3'600'000 + 2000);
  bench.loop.advance(30s);
  // The wake-up that was meant for 10 s comes at 3,612 s of the new time.
  CHECK(bench.log == std::vector<std::string>{"1@0", "1@3620000", "1@3630000"});
}

TEST_CASE("when the wall clock is set back, scraping goes on at once and no slot is used twice for a small step") {
  Bench bench;
  bench.scheduler.add(1, 10000, 0);
  bench.loop.advance(11s);
  CHECK(bench.log == std::vector<std::string>{"1@0", "1@10000"});
  SECTION("by less than an interval") {
    bench.loop.jump_wall(-5000);
    bench.loop.advance(30s);
    CHECK(bench.log == std::vector<std::string>{"1@0", "1@10000", "1@20000", "1@30000"});
  }
  SECTION("by an hour") {
    bench.loop.jump_wall(-3'600'000);
    bench.loop.advance(30s);
    REQUIRE(bench.log.size() == 5);
    CHECK(bench.log[2] == "1@-3580000");
    CHECK(bench.log[3] == "1@-3570000");
  }
}

TEST_CASE("slewing moves deadlines without missing or repeating slots") {
  Bench bench;
  bench.scheduler.add(1, 1000, 0);
  for (int i = 0; i < 20; ++i) {
    bench.loop.advance(500ms);
    bench.loop.jump_wall(i % 2 == 0 ? 7 : -3);
  }
  REQUIRE(bench.log.size() >= 10);
  for (std::size_t i = 0; i < bench.log.size(); ++i) CHECK(bench.log[i] == fmt::format("1@{}", 1000 * i));
}

TEST_CASE("a slot that is missed by more than the tolerance carries the time it is, and what passed is left out") {
  struct Stalled final : public Loop, public Clock {  // a loop whose timers come as late as it likes
    Timestamp wall = kStart;
    Job job;
    MonoTime at{0};
    Timestamp now() const override { return wall; }
    MonoTime mono() const override { return std::chrono::milliseconds(wall - kStart); }
    Clock& clock() override { return *this; }
    void post(Job) override {}
    TimerId call_at(MonoTime when, Job j) override {
      job = std::move(j);
      at = when;
      return 1;
    }
    bool cancel(TimerId) override { return true; }
    void fire(std::int64_t late_ms) {
      wall = kStart + to_ms(at) + late_ms;
      Job j = std::move(job);
      j();
    }
  } loop;
  std::vector<SlotScheduler::Due> all;
  SlotScheduler scheduler(loop, 100ms, [&](const auto& due) { all.insert(all.end(), due.begin(), due.end()); });
  scheduler.add(1, 1000, 200);
  loop.fire(40);
  loop.fire(3300);
  loop.fire(0);
  REQUIRE(all.size() == 3);
  CHECK(all[0].t == kStart + 200);
  CHECK_FALSE(all[0].late);
  CHECK(all[1].t == kStart + 4500);
  CHECK(all[1].late);
  CHECK(all[2].t == kStart + 5200);
  CHECK_FALSE(all[2].late);
}
