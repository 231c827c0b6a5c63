#include "net/runtime.hpp"

#include <algorithm>
#include <csignal>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "base/log.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;

RuntimeOptions with_threads(unsigned threads) {
  RuntimeOptions options;
  options.work_threads = threads;
  return options;
}

Task<void> hop(Runtime& runtime, int times, long* sum) {
  for (int i = 0; i < times; ++i) {
    std::function<int()> work = [i] { return i; };
    *sum += co_await run_on(runtime.loop(), runtime.work().lane(Lane::kRule), std::move(work));
  }
  runtime.stop();
}

Task<void> throw_now() {
  throw std::runtime_error("broken");
  co_return;
}

Task<void> note_thread(Runtime& runtime, std::thread::id* before, std::thread::id* inside, std::thread::id* after) {
  *before = std::this_thread::get_id();
  std::function<std::thread::id()> work = [] { return std::this_thread::get_id(); };
  *inside = co_await run_on(runtime.loop(), runtime.work().lane(Lane::kScrape), std::move(work));
  *after = std::this_thread::get_id();
  runtime.stop();
}

struct Flag {
  explicit Flag(bool* flag) : flag_(flag) {}
  ~Flag() { *flag_ = true; }
  Flag(const Flag&) = delete;
  bool* flag_;
};

Task<void> sleep_forever(Loop& loop, bool* destroyed) {
  const Flag flag(destroyed);
  co_await sleep_for(loop, 1h);
}

}  // namespace

TEST_CASE("work runs on a worker, the task goes on on the loop", "[net]") {
  auto runtime = make_runtime(with_threads(2));
  std::thread::id before, inside, after;
  runtime->loop().spawn("threads", note_thread(*runtime, &before, &inside, &after));
  runtime->run();
  CHECK(before == std::this_thread::get_id());
  CHECK(after == before);
  CHECK(inside != before);
}

TEST_CASE("many hops between loop and work lose nothing", "[net]") {
  auto runtime = make_runtime(with_threads(3));
  long sum = 0;
  runtime->loop().spawn("hops", hop(*runtime, 2000, &sum));
  runtime->run();
  CHECK(sum == 1999L * 1000);
}

TEST_CASE("with threads of their own, queries that fill them hold up no scrape", "[net]") {
  RuntimeOptions options = with_threads(1);
  options.query_threads = 2;
  auto runtime = make_runtime(options);
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> running = 0, ended = 0;
  for (int i = 0; i < 3; ++i) {
    runtime->work().lane(Lane::kQuery).post([&, released] {
      ++running;
      released.wait();
      if (++ended == 3) runtime->stop();
    });
  }
  while (running < 2) std::this_thread::yield();
  std::promise<void> scraped, evaluated;
  runtime->work().lane(Lane::kScrape).post([&] { scraped.set_value(); });
  runtime->work().lane(Lane::kRule).post([&] { evaluated.set_value(); });
  scraped.get_future().wait();
  evaluated.get_future().wait();
  CHECK(running == 2);  // the third waits for a thread
  release.set_value();
  runtime->run();
  CHECK(ended == 3);
}

TEST_CASE("timers run in order, canceled ones not at all", "[net]") {
  auto runtime = make_runtime(with_threads(1));
  std::string out;
  Loop& loop = runtime->loop();
  loop.call_after(3ms, [&] { runtime->stop(); });
  loop.call_after(2ms, [&] { out += 'b'; });
  loop.call_after(1ms, [&] { out += 'a'; });
  const TimerId never = loop.call_after(1ms, [&] { out += 'x'; });
  CHECK(loop.cancel(never));
  CHECK_FALSE(loop.cancel(never));
  runtime->run();
  CHECK(out == "ab");
}

TEST_CASE("a task that throws is counted by its name, a job that throws too, and the loop goes on", "[net]") {
  log::set_sink([](log::Level, std::string_view) {});
  auto runtime = make_runtime(with_threads(1));
  runtime->loop().spawn("careless", throw_now());
  runtime->loop().spawn("careless", throw_now());
  runtime->loop().post([] { throw std::runtime_error("job"); });
  runtime->loop().call_after(1ms, [&] { runtime->stop(); });
  runtime->run();
  const RuntimeStats stats = runtime->stats();
  CHECK(stats.task_failures == 3);
  CHECK(stats.task_failures_by_name == std::map<std::string, std::uint64_t>{{"careless", 2}, {"job", 1}});
  log::set_sink(nullptr);
}

TEST_CASE("jobs of many threads run once each, those of a thread in its order, whatever they throw", "[net]") {
  log::set_sink([](log::Level, std::string_view) {});
  constexpr std::size_t kThreads = 4;
  constexpr std::uint64_t kJobs = 3000;
  auto runtime = make_runtime(with_threads(1));
  std::vector<std::vector<std::uint64_t>> seen(kThreads);
  std::size_t over = 0;
  runtime->loop().post([&] { seen[0].push_back(0); });  // before the loop runs
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t i = 1; i <= kJobs; ++i) {
        runtime->loop().post([&, thread, i] {
          seen[thread].push_back(i);
          if (i % 1000 == 0) throw std::runtime_error("job");
        });
      }
      runtime->loop().post([&] {
        if (++over == kThreads) runtime->stop();
      });
    });
  }
  runtime->run();
  for (std::thread& thread : threads) thread.join();
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    REQUIRE(seen[thread].size() == kJobs + (thread == 0 ? 1 : 0));
    CHECK(std::ranges::is_sorted(seen[thread]));
  }
  CHECK(runtime->stats().task_failures == kThreads * kJobs / 1000);
  log::set_sink(nullptr);
}

TEST_CASE("a job of another thread that never ran goes with the loop", "[net]") {
  bool destroyed = false;
  {
    auto runtime = make_runtime(with_threads(1));
    Loop& loop = runtime->loop();
    auto flag = std::make_shared<Flag>(&destroyed);
    std::thread([&] { loop.post([flag = std::move(flag)] {}); }).join();
    CHECK_FALSE(destroyed);
  }
  CHECK(destroyed);
}

TEST_CASE("a signal reaches its handler on the loop, each time", "[net]") {
  auto runtime = make_runtime(with_threads(1));
  int hangups = 0;
  runtime->on_signal(SIGHUP, [&] {
    if (++hangups == 2)
      runtime->stop();
    else
      std::raise(SIGHUP);
  });
  runtime->on_signal(SIGUSR1, [&] { std::raise(SIGHUP); });
  runtime->loop().post([] { std::raise(SIGUSR1); });
  runtime->run();
  CHECK(hangups == 2);
}

TEST_CASE("the longest wait of a job is the loop's lag, and asking for it forgets it", "[net]") {
  auto runtime = make_runtime(with_threads(1));
  runtime->loop().post([] {
    const auto until = std::chrono::steady_clock::now() + 5ms;
    while (std::chrono::steady_clock::now() < until) {
    }
  });
  runtime->loop().post([&] { runtime->stop(); });
  runtime->run();
  CHECK(runtime->stats().loop_lag_seconds_max >= 0.005);
  CHECK(runtime->stats().loop_lag_seconds_max == 0);
}

TEST_CASE("waiting tasks and jobs are destroyed with the runtime", "[net]") {
  bool destroyed = false;
  {
    auto runtime = make_runtime(with_threads(1));
    runtime->loop().spawn("sleeper", sleep_forever(runtime->loop(), &destroyed));
    runtime->loop().call_after(1ms, [&] { runtime->stop(); });
    runtime->run();
    CHECK_FALSE(destroyed);
  }
  CHECK(destroyed);
}

TEST_CASE("scrapes go before rules, rules before queries, each lane in order", "[net]") {
  auto runtime = make_runtime(with_threads(1));
  std::string out;  // the one worker's
  std::promise<void> blocked, go;
  runtime->work().lane(Lane::kQuery).post([&] {
    blocked.set_value();
    go.get_future().wait();
  });
  blocked.get_future().wait();
  std::promise<void> last;
  runtime->work().lane(Lane::kQuery).post([&] { out += 'q'; });
  runtime->work().lane(Lane::kQuery).post([&] { last.set_value(); });
  runtime->work().lane(Lane::kRule).post([&] { out += 'r'; });
  runtime->work().lane(Lane::kScrape).post([&] { out += 's'; });
  runtime->work().lane(Lane::kScrape).post([&] { out += 'S'; });
  CHECK(runtime->stats().queued_jobs[0] == 2);
  CHECK(runtime->stats().queued_jobs[2] == 2);
  go.set_value();
  last.get_future().wait();
  CHECK(out == "sSrq");
}

TEST_CASE("jobs that wait when the workers stop leave nothing behind", "[net]") {
  bool dropped = false;
  {
    auto runtime = make_runtime(with_threads(1));
    std::promise<void> blocked, go;
    runtime->work().lane(Lane::kRule).post([&] {
      blocked.set_value();
      go.get_future().wait();
    });
    blocked.get_future().wait();
    runtime->work().lane(Lane::kRule).post([flag = std::make_unique<Flag>(&dropped)] {});
    runtime->loop().post([&] {
      runtime->stop();
      go.set_value();
    });
    runtime->run();
  }
  CHECK(dropped);
}

}  // namespace tocsin::net
