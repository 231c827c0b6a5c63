#include "net/work_threads.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

namespace tocsin::net {
namespace {

/// A job that runs until it is told to end.
struct Held {
  Job job() {
    return [this] {
      began.set_value();
      may_end.get_future().wait();
    };
  }
  void run_to_its_middle() { began.get_future().wait(); }
  void end() { may_end.set_value(); }
  std::promise<void> began, may_end;
};

TEST_CASE("helpers begin while fewer jobs are at work than there are cores", "[net]") {
  WorkThreads threads(2, 4, 2);
  CHECK(threads.idle());
  Held query, first;
  threads.lane(Lane::kQuery).post(query.job());
  query.run_to_its_middle();
  REQUIRE(threads.start(first.job()));
  first.run_to_its_middle();
  CHECK(threads.spare());
  CHECK_FALSE(threads.idle());
  CHECK_FALSE(threads.start([] {}));
  CHECK(threads.helper_jobs() == 1);
  // A scrape comes: whoever helps is in its way, and has a thread of its own to go on until it looks.
  Held scrape;
  threads.lane(Lane::kScrape).post(scrape.job());
  scrape.run_to_its_middle();
  CHECK_FALSE(threads.spare());
  scrape.end();
  first.end();
  query.end();
  threads.stop();
}

TEST_CASE("helpers are asked in vain while a job waits, without cores, and after the end", "[net]") {
  WorkThreads none(1);
  CHECK_FALSE(none.spare());
  CHECK_FALSE(none.start([] {}));
  WorkThreads threads(1, 0, 4);
  Held scrape;
  threads.lane(Lane::kScrape).post(scrape.job());
  scrape.run_to_its_middle();
  std::promise<void> rule;
  threads.lane(Lane::kRule).post([&] { rule.set_value(); });
  CHECK_FALSE(threads.spare());
  CHECK_FALSE(threads.start([] {}));
  scrape.end();
  rule.get_future().wait();
  threads.stop();
  CHECK_FALSE(threads.start([] {}));
}

TEST_CASE("threads of helpers leave those of queries their number", "[net]") {
  WorkThreads threads(1, 2, 2);
  Held first, second, helper;
  threads.lane(Lane::kQuery).post(first.job());
  first.run_to_its_middle();
  REQUIRE(threads.start(helper.job()));
  helper.run_to_its_middle();
  threads.lane(Lane::kQuery).post(second.job());
  second.run_to_its_middle();
  for (Held* held : {&first, &second, &helper}) held->end();
  threads.stop();
}

TEST_CASE("every query runs, however they come", "[net]") {
  WorkThreads threads(1, 3);
  constexpr int kEach = 2000;
  std::atomic<int> done = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      for (int k = 0; k < kEach; ++k) {
        if (k % 7 != 0) {
          threads.lane(Lane::kQuery).post([&] { ++done; });
          continue;
        }
        // One that is waited for: threads become idle meanwhile.
        std::promise<void> ran;
        threads.lane(Lane::kQuery).post([&] {
          ++done;
          ran.set_value();
        });
        ran.get_future().wait();
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  while (done < 4 * kEach) std::this_thread::yield();
  CHECK(threads.queued()[static_cast<std::size_t>(Lane::kQuery)] == 0);
}

TEST_CASE("one helper's thread does one job after the other", "[net]") {
  WorkThreads threads(1, 0, 1);
  std::atomic<int> done = 0;
  for (int taken = 0; taken < 50;) taken += threads.start([&] { ++done; }) ? 1 : 0;
  while (done < 50) std::this_thread::yield();
  CHECK(threads.helper_jobs() == 50);
}

TEST_CASE("a job at work that waits for a helper sees the end of the threads", "[net]") {
  // The helper's job may be destroyed unrun: then what it owns says so.
  for (int i = 0; i < 50; ++i) {
    WorkThreads threads(1, 0, 2);
    std::promise<void> asked;
    threads.lane(Lane::kRule).post([&] {
      auto end = std::make_shared<std::promise<void>>();
      std::future<void> ended = end->get_future();
      (void)threads.start([end = std::move(end)] {});
      asked.set_value();
      ended.wait();
    });
    asked.get_future().wait();
    threads.stop();
  }
}

}  // namespace
}  // namespace tocsin::net
