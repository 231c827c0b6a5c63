#include "api/query_lane.hpp"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/test_loop.hpp"

namespace tocsin::api {
namespace {

using namespace std::chrono_literals;
using test::TestLoop;

Asker asker(std::string host, Duration timeout = Duration{0}) {
  Asker out;
  out.client = std::make_shared<net::ClientPresence>();
  out.host = std::move(host);
  out.timeout = timeout;
  return out;
}

QueryLaneOptions places(std::size_t count) {
  QueryLaneOptions options;
  options.max_concurrency = count;
  return options;
}

/// Answers that note their names in the order in which they ran.
struct Notes {
  QueryLane::Answer answer(std::string name) {
    return [this, name](const AnswerContext&) {
      ran.push_back(name);
      return net::HttpResponse(200, name);
    };
  }
  std::vector<std::string> ran;
};

TEST_CASE("the time in line counts against the timeout and ends with Prometheus' error") {
  TestLoop loop;
  QueryLane lane(loop, loop.work(), places(0));  // no turn ever comes
  Notes notes;
  std::string told;
  Asker waits = asker("a", 3s);
  waits.ended_in_line = [&told](const Error& error, Duration waited) {
    told = fmt::format("{} after {} s", error.message, to_seconds(waited));
  };
  auto asked = loop.start(lane.run(waits, notes.answer("x")));
  loop.advance(2s);
  CHECK_FALSE(asked.done());
  CHECK(lane.stats().waiting == 1);
  loop.advance(1s);
  REQUIRE(asked.done());
  const net::HttpResponse response = asked.get();
  CHECK(response.status == 422);
  CHECK(response.body.view() == R"({"status":"error","errorType":"execution","error":"context deadline exceeded"})");
  CHECK(lane.stats().waiting == 0);
  CHECK(lane.stats().timed_out == 1);
  CHECK(told == "context deadline exceeded after 3 s");
  CHECK(notes.ran.empty());
}

TEST_CASE("who waits in vain may have an answer of the asker's own, and the end is told as it was") {
  TestLoop loop;
  QueryLane lane(loop, loop.work(), places(0));
  Notes notes;
  std::string told;
  Asker waits = asker("a", 3s);
  waits.late_answer = Error(Errc::kInvalid, "too late");
  waits.ended_in_line = [&told](const Error& error, Duration) { told = error.message; };
  auto asked = loop.start(lane.run(waits, notes.answer("x")));
  loop.advance(3s);
  REQUIRE(asked.done());
  CHECK(asked.get().body.view() == R"({"status":"error","errorType":"bad_data","error":"too late"})");
  CHECK(told == "context deadline exceeded");
}

TEST_CASE("who goes away leaves the line at once") {
  TestLoop loop;
  QueryLane lane(loop, loop.work(), places(0));
  Notes notes;
  const Asker goes = asker("a", 1h), stays = asker("a");
  auto gone = loop.start(lane.run(goes, notes.answer("gone")));
  auto kept = loop.start(lane.run(stays, notes.answer("kept")));
  loop.run_ready();
  goes.client->leave();
  loop.run_ready();
  REQUIRE(gone.done());
  CHECK(gone.get().status == 499);
  CHECK(lane.stats().waiting == 1);
  CHECK(lane.stats().canceled == 1);
  CHECK(loop.waiting_timers() == 1);
  CHECK_FALSE(kept.done());
  stays.client->leave();
  loop.run_ready();
  CHECK(kept.done());
  CHECK(loop.waiting_timers() == 0);
}

TEST_CASE("a running answer learns that its client has gone") {
  TestLoop loop;
  QueryLane lane(loop, loop.work(), {});
  const Asker who = asker("a");
  QueryLane::Answer answer = [client = who.client](const AnswerContext& context) {
    CHECK_FALSE(context.is_canceled());
    client->leave();
    return net::HttpResponse(context.is_canceled() ? 499 : 200, "");
  };
  CHECK(loop.run(lane.run(who, std::move(answer))).status == 499);
  CHECK(lane.stats().running == 0);
}

TEST_CASE("a host that floods the lane does not keep others from their turn") {
  TestLoop loop;
  QueryLane lane(loop, loop.work(), places(1));
  Notes notes;
  std::vector<test::Started<net::HttpResponse>> asked;
  for (const std::string name : {"a1", "a2", "a3", "b1", "a4", "b2", "c1"}) {
    asked.push_back(loop.start(lane.run(asker(name.substr(0, 1)), notes.answer(name))));
  }
  loop.run_ready();
  for (auto& one : asked) CHECK(one.done());
  CHECK(notes.ran == std::vector<std::string>{"a1", "b1", "c1", "a2", "b2", "a3", "a4"});
  CHECK(lane.stats().running == 0);
}

TEST_CASE("a full line refuses; the tasks in line go with the loop") {
  auto loop = std::make_unique<TestLoop>();
  QueryLaneOptions options = places(0);
  options.max_waiting = 1;
  Notes notes;
  QueryLane lane(*loop, loop->work(), options);
  auto first = loop->start(lane.run(asker("a", 1h), notes.answer("1")));
  loop->run_ready();
  CHECK(loop->run(lane.run(asker("b"), notes.answer("2")), 1s).status == 503);
  CHECK(lane.stats().refused == 1);
  CHECK(lane.stats().waiting == 1);
  loop.reset();
  CHECK(lane.stats().waiting == 0);
  CHECK(notes.ran.empty());
}

}  // namespace
}  // namespace tocsin::api
