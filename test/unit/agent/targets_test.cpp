// Servers, asked by tasks in virtual time.

#include <catch2/catch.hpp>

#include "agent/gatherer.hpp"
#include "fake_source.hpp"
#include "support/test_loop.hpp"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;

struct Fixture {
  test::TestLoop loop;
  std::shared_ptr<exporters::LoopAnchor> anchor = std::make_shared<exporters::LoopAnchor>(loop);
  Gatherer gatherer{loop, anchor, {}};
  std::vector<std::shared_ptr<Asked>> targets;

  Fixture() { test::fake_counts() = {}; }

  std::shared_ptr<Asked> add(test::FakeScript script, Duration deadline = 5s, Duration min_interval = 0s) {
    auto asked = std::make_shared<Asked>();
    asked->collector = "fake";
    asked->target = script.name;
    asked->deadline = deadline;
    asked->min_interval = min_interval;
    asked->remote = std::make_shared<test::FakeTarget>(loop, std::move(script));
    targets.push_back(asked);
    gatherer.set_targets(targets);
    return asked;
  }

  static net::Task<std::string> one_round(Gatherer* gatherer, Selection selection, Duration limit) {
    Gathered gathered = co_await gatherer->gather(std::move(selection), limit);
    gathered.pages.push_back(gatherer->about(gathered, false));
    std::vector<const expo::RenderedPage*> views;
    for (const auto& page : gathered.pages) views.push_back(page.get());
    std::string text;
    expo::append_merged(text, views);
    co_return text;
  }
  std::string gather(Duration limit = 1h, Selection selection = {}) {
    return loop.run(one_round(&gatherer, std::move(selection), limit));
  }
  MonoTime now() { return loop.clock().mono(); }
};

}  // namespace

TEST_CASE("a target's page comes with its success and the time it took", "[agent]") {
  Fixture f;
  f.add({.name = "a", .says = 7, .delay = 2s});
  const std::string text = f.gather();
  CHECK_THAT(text, Contains("fake_up 1\n") && Contains("fake_value 7\n"));
  CHECK_THAT(text, Contains("tocsin_collector_success{collector=\"fake\",target=\"a\"} 1\n") &&
                       Contains("tocsin_collector_duration_seconds{collector=\"fake\",target=\"a\"} 2\n"));
  CHECK_THAT(text, !Contains("age_seconds") && !Contains("node_scrape"));
}

TEST_CASE("a target that fails serves what it put, and counts as failed", "[agent]") {
  Fixture f;
  f.add({.name = "a", .fails = "connection refused"});
  const std::string text = f.gather();
  CHECK_THAT(text, Contains("fake_up 0\n") && !Contains("fake_value"));
  CHECK_THAT(text, Contains("tocsin_collector_success{collector=\"fake\",target=\"a\"} 0\n"));
}

TEST_CASE("scrapes that come together share one question", "[agent]") {
  Fixture f;
  f.add({.name = "a", .delay = 1s});
  auto first = f.loop.start(Fixture::one_round(&f.gatherer, {}, 1h));
  f.loop.advance(500ms);
  auto second = f.loop.start(Fixture::one_round(&f.gatherer, {}, 1h));
  f.loop.advance(500ms);
  CHECK_THAT(first.get(), Contains("fake_value 1\n"));
  CHECK_THAT(second.get(), Contains("fake_value 1\n"));
  CHECK(test::fake_counts().asked["a"] == 1);
}

TEST_CASE("a target that hangs costs one deadline, then nothing; the others come at once", "[agent]") {
  Fixture f;
  f.add({.name = "slow", .hangs = true}, 3s);
  f.add({.name = "well"});
  const MonoTime began = f.now();
  const std::string text = f.gather();
  CHECK(f.now() - began == 3s + kGrace);
  CHECK_THAT(text, Contains("fake_value 1\n"));
  CHECK_THAT(text, Contains("tocsin_collector_success{collector=\"fake\",target=\"slow\"} 0\n") &&
                       Contains("tocsin_collector_success{collector=\"fake\",target=\"well\"} 1\n"));
  const MonoTime again = f.now();
  f.gather();
  CHECK(f.now() == again);
  CHECK(test::fake_counts().asked["slow"] == 1);
  CHECK(test::fake_counts().asked["well"] == 2);
}

TEST_CASE("a scraper in a hurry gets the last values with their age, and the late answer serves the next one",
          "[agent]") {
  Fixture f;
  f.add({.name = "a", .delay = 2s});
  f.gather();
  f.loop.advance(10s);
  const std::string hurried = f.gather(500ms);
  CHECK_THAT(hurried, Contains("fake_value 1\n"));
  CHECK_THAT(hurried, Contains("tocsin_collector_age_seconds{collector=\"fake\",target=\"a\"} 10.5\n"));
  CHECK_THAT(hurried, Contains("tocsin_collector_success{collector=\"fake\",target=\"a\"} 0\n"));
  const std::string joined = f.gather();
  CHECK_THAT(joined,
             Contains("tocsin_collector_success{collector=\"fake\",target=\"a\"} 1\n") && !Contains("age_seconds"));
  CHECK(test::fake_counts().asked["a"] == 2);
}

TEST_CASE("between two questions lies min_interval, whoever scrapes", "[agent]") {
  Fixture f;
  f.add({.name = "a"}, 5s, 1min);
  f.gather();
  f.loop.advance(30s);
  const std::string kept = f.gather();
  CHECK(test::fake_counts().asked["a"] == 1);
  CHECK_THAT(kept, Contains("tocsin_collector_age_seconds{collector=\"fake\",target=\"a\"} 30\n") &&
                       Contains("tocsin_collector_success{collector=\"fake\",target=\"a\"} 1\n"));
  f.loop.advance(30s);
  CHECK_THAT(f.gather(), !Contains("age_seconds"));
  CHECK(test::fake_counts().asked["a"] == 2);
}

TEST_CASE("a selection names collectors and kinds; the others are not asked", "[agent]") {
  Fixture f;
  f.add({.name = "a"});
  auto other = f.add({.name = "b"});
  other->collector = "other";
  CHECK(f.gatherer.has("fake"));
  CHECK(f.gatherer.has("other"));
  CHECK_FALSE(f.gatherer.has("node"));
  f.gather(1h, {.only = {"other"}, .without = {}});
  CHECK(test::fake_counts().asked["a"] == 0);
  f.gather(1h, {.only = {}, .without = {"other"}});
  CHECK(test::fake_counts().asked["a"] == 1);
  CHECK(test::fake_counts().asked["b"] == 1);
}

TEST_CASE("targets may be replaced while they are asked", "[agent]") {
  Fixture f;
  f.add({.name = "old", .delay = 1s});
  auto round = f.loop.start(Fixture::one_round(&f.gatherer, {}, 1h));
  f.loop.advance(100ms);
  f.targets.clear();
  f.add({.name = "new", .says = 2});
  f.loop.advance(1s);
  CHECK_THAT(round.get(), Contains("target=\"old\"} 1\n"));
  CHECK_THAT(f.gather(), Contains("fake_value 2\n") && !Contains("old"));
}

}  // namespace tocsin::agent
