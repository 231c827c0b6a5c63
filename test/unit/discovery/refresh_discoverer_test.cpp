#include <catch2/catch.hpp>

#include "discovery/discoverer.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;
using discovery::TargetGroup;
using Groups = std::vector<TargetGroup>;

namespace {

TargetGroup group(std::string source, std::string address) {
  return {std::move(source), {{{"__address__", address}}}, {}};
}

/// A source that answers by script: in turn, the last for ever; each answer takes `delay`.
struct Source {
  explicit Source(test::TestLoop& l) : loop(l) {}
  test::TestLoop& loop;
  std::vector<Result<Groups>> answers;
  Duration delay{0};
  int asked = 0;

  static net::Task<Result<Groups>> ask(Source* source) {
    const auto turn = std::min<std::size_t>(static_cast<std::size_t>(source->asked++), source->answers.size() - 1);
    auto answer = source->answers[turn];
    co_await net::sleep_for(source->loop, source->delay);
    co_return answer;
  }
};

struct Fixture {
  test::TestLoop loop;
  test::FakeHttpClient client{loop};
  discovery::Services services{loop, loop.work(), client, posix_fs(), "job"};
  Source source{loop};
  std::vector<Groups> heard;
  std::unique_ptr<discovery::Discoverer> discoverer;

  void start(Duration interval = 30s) {
    discoverer =
        discovery::make_refresh_discoverer(services, "http", interval, [this] { return Source::ask(&source); });
    discoverer->start([this](Groups groups) { heard.push_back(std::move(groups)); });
    loop.run_ready();
  }
  const discovery::RefreshStats& stats() { return services.stats->refreshes.at({"http", "job"}); }
};

}  // namespace

TEST_CASE("a source is asked at once and then at every interval; only what changed is told") {
  Fixture f;
  f.source.answers = {Groups{group("a", "x:1"), group("b", "y:1")}, Groups{group("a", "x:1"), group("b", "y:1")},
                      Groups{group("a", "x:2"), group("b", "y:1")}};
  f.start();
  f.loop.advance(0s);
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0] == Groups{group("a", "x:1"), group("b", "y:1")});
  f.loop.advance(30s);
  CHECK(f.source.asked == 2);
  CHECK(f.heard.size() == 1);
  f.loop.advance(30s);
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{group("a", "x:2")});
  CHECK(f.stats().durations.count == 3);
}

TEST_CASE("a changed common label is a change") {
  Fixture f;
  auto labelled = group("a", "x:1");
  labelled.labels = {{"env", "prod"}};
  f.source.answers = {Groups{group("a", "x:1")}, Groups{labelled}};
  f.start();
  f.loop.advance(31s);
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{labelled});
}

TEST_CASE("groups that are missing or empty later are told as gone, once") {
  Fixture f;
  f.source.answers = {Groups{group("a", "x:1"), group("b", "y:1"), group("c", "z:1")},
                      Groups{group("a", "x:1"), TargetGroup{"b", {}, {}}}};
  f.start();
  f.loop.advance(95s);
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{TargetGroup{"b", {}, {}}, TargetGroup{"c", {}, {}}});
}

TEST_CASE("a source without groups is heard too, for its silence would say nothing") {
  Fixture f;
  f.source.answers = {Groups{}};
  f.start();
  f.loop.advance(0s);
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0].empty());
}

TEST_CASE("a failing source keeps its groups; it is counted every time and logged once") {
  test::LogCapture log;
  Fixture f;
  f.source.answers = {Groups{group("a", "x:1")}, fail(Errc::kIo, "refused"), fail(Errc::kIo, "refused"),
                      Groups{group("a", "x:1")}};
  f.start();
  f.loop.advance(65s);
  CHECK(f.heard.size() == 1);
  CHECK(f.stats().failures == 2);
  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines()[0].find("msg=\"Unable to refresh target groups\" discovery=http config=job err=refused") !=
        std::string::npos);
  const Timestamp last = f.stats().last_success;
  f.loop.advance(30s);
  CHECK(f.heard.size() == 1);
  CHECK(f.stats().last_success > last);
  CHECK(log.contains("target groups can be refreshed again"));
  CHECK(log.lines().size() == 2);
}

TEST_CASE("a source that fails from the start is not heard until it answers") {
  Fixture f;
  f.source.answers = {fail(Errc::kIo, "refused"), Groups{group("a", "x:1")}};
  f.start();
  f.loop.advance(1s);
  CHECK(f.heard.empty());
  f.loop.advance(30s);
  CHECK(f.heard.size() == 1);
}

TEST_CASE("a slow source is not asked twice at a time, and again at once") {
  Fixture f;
  f.source.answers = {Groups{}};
  f.source.delay = 45s;
  f.start(30s);
  f.loop.advance(44s);
  CHECK(f.source.asked == 1);
  f.loop.advance(1s);
  CHECK(f.source.asked == 2);
  f.source.delay = 1s;
  f.loop.advance(46s);
  CHECK(f.source.asked == 3);
  f.loop.advance(29s);
  CHECK(f.source.asked == 4);
}

TEST_CASE("an interval of nothing does not turn the loop into a mill") {
  Fixture f;
  f.source.answers = {Groups{}};
  f.start(0s);
  f.loop.advance(10s);
  CHECK(f.source.asked >= 100);
  CHECK(f.source.asked <= 101);
}

TEST_CASE("a discoverer may go while its question is under way") {
  Fixture f;
  f.source.answers = {Groups{group("a", "x:1")}};
  f.source.delay = 5s;
  f.start();
  f.loop.advance(1s);
  f.discoverer = nullptr;
  f.loop.advance(100s);
  CHECK(f.heard.empty());
  CHECK(f.source.asked == 1);
  CHECK(f.services.stats->refreshes.empty());
}

TEST_CASE("a discoverer may be ended by whom it tells") {
  Fixture f;
  f.source.answers = {Groups{group("a", "x:1")}};
  f.discoverer = discovery::make_refresh_discoverer(f.services, "http", 30s, [&f] { return Source::ask(&f.source); });
  f.discoverer->start([&f, heavy = std::string(1000, 'x')](Groups) {
    f.discoverer = nullptr;
    CHECK(heavy.size() == 1000);
  });
  f.loop.advance(100s);
  CHECK(f.source.asked == 1);
}

TEST_CASE("discoverers of one kind in one place are counted together until the last one goes") {
  Fixture f;
  f.source.answers = {Groups{}};
  f.start();
  auto second = discovery::make_refresh_discoverer(f.services, "http", 30s, [&f] { return Source::ask(&f.source); });
  f.loop.advance(1s);
  f.discoverer = nullptr;
  CHECK(f.stats().durations.count == 1);
  second = nullptr;
  CHECK(f.services.stats->refreshes.empty());
}
