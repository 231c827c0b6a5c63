#include "rules/scrape_plan.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace tocsin::rules;
using namespace std::chrono_literals;

TEST_CASE("Without a scrape there is no reason to evaluate") {
  ScrapePlan plan;
  CHECK_FALSE(plan.next());
  plan.evaluated(1s, 1ms, 10ms);
  CHECK_FALSE(plan.next());
}

TEST_CASE("Scrapes of a moment share one evaluation, and a stream of them does not put it off") {
  ScrapePlan plan;
  plan.scraped(1s, 0s);
  CHECK(plan.next() == MonoTime(1s + ScrapePlan::kDebounce));
  for (int i = 1; i <= 2; ++i) plan.scraped(1s + i * 1ms, 0s);
  CHECK(plan.next() == MonoTime(1s + ScrapePlan::kDebounce));
  plan.take(1s + ScrapePlan::kDebounce);
  CHECK_FALSE(plan.next());
  plan.scraped(1s + 3ms, 0s);
  CHECK(plan.next() == MonoTime(1s + 3ms + ScrapePlan::kDebounce));
}

TEST_CASE("A scrape during an evaluation is followed by another one") {
  ScrapePlan plan;
  plan.scraped(1s, 0s);
  plan.take(1s + 2ms);
  plan.scraped(1s + 3ms, 0s);
  plan.evaluated(1s + 2ms, 1ms, 10ms);
  CHECK(plan.next() == MonoTime(1s + 12ms));
}

TEST_CASE("Evaluations keep their distance, and take no more than a fifth of a worker") {
  ScrapePlan plan;
  plan.evaluated(1s, 1ms, 10ms);
  plan.scraped(1s + 1ms, 0s);
  CHECK(plan.next() == MonoTime(1s + 10ms));
  plan.evaluated(1s, 30ms, 10ms);
  CHECK(plan.next() == MonoTime(1s + 150ms));
  plan.evaluated(1s, 0ms, 0ms);
  CHECK(plan.next() == MonoTime(1s + 1ms + ScrapePlan::kDebounce));
}

TEST_CASE("With a query offset the evaluation waits until its queries see the scrape; each scrape is seen") {
  ScrapePlan plan;
  constexpr Duration kOffset = 1min;
  std::vector<MonoTime> scrapes;
  for (int i = 0; i < 6000; ++i) scrapes.push_back(1s + i * 10ms);
  std::size_t evaluations = 0, seen = 0;
  MonoTime last{0};
  for (const MonoTime at : scrapes) plan.scraped(at, kOffset);
  while (const auto when = plan.next()) {
    CHECK(*when > last);
    last = *when;
    plan.take(*when);
    while (seen < scrapes.size() && scrapes[seen] + kOffset <= *when) {
      CHECK(*when - (scrapes[seen] + kOffset) <= kOffset / 1000 + ScrapePlan::kDebounce);
      ++seen;
    }
    ++evaluations;
  }
  CHECK(seen == scrapes.size());
  CHECK(evaluations <= 1002);  // bounded, however many scrapes there are
}

TEST_CASE("The end of a `for` is a reason, too; whichever is first") {
  ScrapePlan plan;
  plan.ends_at(MonoTime(5s));
  CHECK(plan.next() == MonoTime(5s));
  plan.scraped(1s, 0s);
  CHECK(plan.next() == MonoTime(1s + ScrapePlan::kDebounce));
  plan.take(1s + ScrapePlan::kDebounce);
  CHECK_FALSE(plan.next());  // the evaluation says anew when something ends
  plan.ends_at(MonoTime(5s));
  plan.clear();
  CHECK_FALSE(plan.next());
}
