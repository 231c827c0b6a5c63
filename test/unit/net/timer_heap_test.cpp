#include "net/timer_heap.hpp"

#include <map>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;

void run_all(TimerHeap& heap, MonoTime now) {
  const std::uint64_t mark = heap.mark();
  while (auto due = heap.take_due(now, mark)) due->job();
}

}  // namespace

TEST_CASE("timers run by time, then by the order of adding", "[net]") {
  TimerHeap heap;
  std::string out;
  heap.add(2s, [&] { out += 'c'; });
  heap.add(1s, [&] { out += 'a'; });
  heap.add(1s, [&] { out += 'b'; });
  heap.add(3s, [&] { out += 'd'; });
  CHECK(heap.earliest() == 1s);
  run_all(heap, 2s);
  CHECK(out == "abc");
  CHECK(heap.size() == 1);
}

TEST_CASE("a canceled timer does not run, and its id means nothing afterwards", "[net]") {
  TimerHeap heap;
  int runs = 0;
  const TimerId first = heap.add(1s, [&] { ++runs; });
  CHECK(first != 0);
  CHECK(heap.cancel(first));
  CHECK_FALSE(heap.cancel(first));
  const TimerId second = heap.add(1s, [&] { ++runs; });
  CHECK_FALSE(heap.cancel(first));
  run_all(heap, 5s);
  CHECK(runs == 1);
  CHECK_FALSE(heap.cancel(second));
  CHECK_FALSE(heap.cancel(0));
  CHECK_FALSE(heap.cancel(~TimerId(0)));
}

TEST_CASE("a timer added by a timer waits for the next round", "[net]") {
  TimerHeap heap;
  int runs = 0;
  heap.add(1s, [&] {
    ++runs;
    heap.add(1s, [&] { ++runs; });
  });
  run_all(heap, 1s);
  CHECK(runs == 1);
  run_all(heap, 1s);
  CHECK(runs == 2);
}

TEST_CASE("a job's destructor may cancel other timers", "[net]") {
  struct Canceler {
    TimerHeap& heap;
    TimerId other;
    ~Canceler() { heap.cancel(other); }
  };
  TimerHeap heap;
  const TimerId other = heap.add(2s, [] {});
  const TimerId timer = heap.add(1s, [canceler = std::make_unique<Canceler>(heap, other)] {});
  CHECK(heap.cancel(timer));
  CHECK(heap.size() == 0);
}

TEST_CASE("the heap agrees with a map on random work", "[net]") {
  std::mt19937 random(7);
  TimerHeap heap;
  std::map<std::pair<MonoTime, int>, TimerId> model;
  std::vector<int> ran;
  MonoTime now{0};
  int next = 0;
  for (int step = 0; step < 20000; ++step) {
    const unsigned choice = random() % 10;
    if (choice < 5) {
      const MonoTime when = now + std::chrono::milliseconds(random() % 50);
      const int name = next++;
      model.emplace(std::pair(when, name), heap.add(when, [&ran, name] { ran.push_back(name); }));
    } else if (choice < 8 && !model.empty()) {
      const auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
      REQUIRE(heap.cancel(victim->second));
      model.erase(victim);
    } else {
      now += std::chrono::milliseconds(random() % 20);
      ran.clear();
      run_all(heap, now);
      std::vector<int> expected;
      while (!model.empty() && model.begin()->first.first <= now) {
        expected.push_back(model.begin()->first.second);
        model.erase(model.begin());
      }
      REQUIRE(ran == expected);
    }
    REQUIRE(heap.size() == model.size());
    if (!model.empty()) REQUIRE(heap.earliest() == model.begin()->first.first);
  }
}

}  // namespace tocsin::net
