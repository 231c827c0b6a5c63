#include "api/notifications.hpp"

#include <catch2/catch.hpp>

#include "harness.hpp"

namespace tocsin::api {
namespace {

/// Keeps what was written; says false when nobody reads any more.
class Recorder final : public net::BodyWriter {
 public:
  net::Task<bool> write(std::string piece) override {
    if (gone) co_return false;
    pieces.push_back(std::move(piece));
    co_return true;
  }
  std::vector<std::string> pieces;
  bool gone = false;
};

struct NotificationsHarness : Harness {
  std::shared_ptr<Notifications> hub = std::make_shared<Notifications>(loop, 2);
  NotificationsHarness() { hub->add_to(router); }

  test::Started<void> listen(const std::shared_ptr<Recorder>& recorder) {
    net::HttpResponse response = get("/api/v1/notifications/live");
    REQUIRE(response.status == 200);
    CHECK(response.headers.get("content-type") == "text/event-stream");
    auto started = loop.start(response.stream(recorder));
    loop.run_ready();
    return started;
  }
};

TEST_CASE("notifications are listed while they are up, each once") {
  NotificationsHarness h;
  CHECK(h.data("/api/v1/notifications") == "[]");
  h.hub->add(kReloadFailed);
  h.loop.advance(std::chrono::seconds(1));
  h.hub->add(kReloadFailed);
  CHECK(h.data("/api/v1/notifications") ==
        R"([{"text":"Configuration reload has failed.","date":"2023-11-14T22:13:21Z","active":true}])");
  h.hub->remove(kReloadFailed);
  h.hub->remove(kReloadFailed);
  CHECK(h.data("/api/v1/notifications") == "[]");
}

TEST_CASE("a subscriber hears what is up, what comes and what goes, and a heartbeat meanwhile") {
  NotificationsHarness h;
  h.hub->add(kStartingUp);
  const auto recorder = std::make_shared<Recorder>();
  auto stream = h.listen(recorder);
  REQUIRE(recorder->pieces.size() == 1);
  CHECK(recorder->pieces[0].starts_with(R"(data: {"text":"Prometheus is starting and replaying)"));
  CHECK(recorder->pieces[0].ends_with("\"active\":true}\n\n"));
  h.hub->remove(kStartingUp);
  h.loop.run_ready();
  REQUIRE(recorder->pieces.size() == 2);
  CHECK(recorder->pieces[1].ends_with("\"active\":false}\n\n"));
  h.loop.advance(std::chrono::seconds(14));
  CHECK(recorder->pieces.size() == 2);
  h.loop.advance(std::chrono::seconds(2));
  REQUIRE(recorder->pieces.size() == 3);
  CHECK(recorder->pieces[2] == ": nothing new\n\n");
  CHECK(h.hub->stats().subscribers == 1);
  recorder->gone = true;
  h.loop.advance(std::chrono::seconds(16));
  CHECK(stream.done());
}

TEST_CASE("one subscriber too many is told that there is nothing") {
  NotificationsHarness h;
  std::vector<test::Started<void>> streams;
  for (int i = 0; i < 2; ++i) streams.push_back(h.listen(std::make_shared<Recorder>()));
  const net::HttpResponse refused = h.get("/api/v1/notifications/live");
  CHECK(refused.status == 204);
  CHECK_FALSE(refused.stream);
}

TEST_CASE("a subscriber that does not read loses what is more than ten") {
  NotificationsHarness h;
  const net::HttpResponse response = h.get("/api/v1/notifications/live");
  for (int i = 0; i < 12; ++i) h.hub->add(fmt::format("n{}", i));
  CHECK(h.hub->stats().sent == 12);
  CHECK(h.hub->stats().dropped == 2);
  const auto recorder = std::make_shared<Recorder>();
  auto stream = h.loop.start(response.stream(recorder));
  h.loop.run_ready();
  CHECK(recorder->pieces.size() == 10);
}

TEST_CASE("close ends the streams when they have told what waits, and takes no new ones") {
  NotificationsHarness h;
  const auto recorder = std::make_shared<Recorder>();
  auto stream = h.listen(recorder);
  h.hub->add(kShuttingDown);
  h.loop.run(Notifications::finish(h.hub, std::chrono::seconds(1)));
  CHECK(stream.done());
  CHECK(recorder->pieces.size() == 1);
  CHECK(h.get("/api/v1/notifications/live").status == 204);
}

TEST_CASE("the end waits for a stream that does not read no longer than its limit") {
  NotificationsHarness h;
  const net::HttpResponse unread = h.get("/api/v1/notifications/live");
  h.hub->add(kShuttingDown);
  const MonoTime start = h.loop.clock().mono();
  h.loop.run(Notifications::finish(h.hub, std::chrono::seconds(1)));
  CHECK(h.loop.clock().mono() - start == std::chrono::seconds(1));
}

}  // namespace
}  // namespace tocsin::api
