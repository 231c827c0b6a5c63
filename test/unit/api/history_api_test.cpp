#include "api/history_api.hpp"

#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "harness.hpp"

namespace tocsin::api {
namespace {

using state::HistoryEvent;
using state::HistoryKind;
using state::HistoryPage;
using state::HistoryQuery;

/// Answers each search with `found`, and keeps what was asked for.
class FakeHistory final : public state::History {
 public:
  void record(HistoryEvent) override {}
  void search(HistoryQuery query, std::function<void(Result<HistoryPage>)> done) override {
    queries.push_back(std::move(query));
    done(found);
  }
  state::HistoryStats stats() override { return {}; }
  state::HistoryHealth health() override { return {}; }

  std::vector<HistoryQuery> queries;
  Result<HistoryPage> found = HistoryPage();
};

struct World : Harness {
  World() { add_history_api(router, {loop, loop.work(), history}); }

  /// What the path's query was understood as.
  HistoryQuery asked(const std::string& query) {
    CHECK(get("/api/v1/tocsin/history" + query).status == 200);
    REQUIRE_FALSE(history.queries.empty());
    return history.queries.back();
  }
  std::string events() { return data("/api/v1/tocsin/history"); }

  FakeHistory history;
};

constexpr Timestamp kTime = 1'700'000'000'000;

}  // namespace

TEST_CASE("A search of the history asks for what its parameters say", "[api]") {
  World world;
  const HistoryQuery all = world.asked("");
  CHECK(all.from == 0);
  CHECK(all.to > kTime);
  CHECK(all.kinds.empty());
  CHECK(all.matchers.empty());
  CHECK(all.limit == 100);
  CHECK(all.before == 0);

  const HistoryQuery some = world.asked(
      "?start=1700000000&end=1700000060.5&match[]=%7Ba%3D%22b%22%7D&match[]=X&kind=alert_firing&kind=silence&receiver=r"
      "&text=disk&limit=5&cursor=77");
  CHECK(some.from == kTime);
  CHECK(some.to == kTime + 60'500);
  CHECK(some.matchers.size() == 2);
  CHECK(some.kinds == std::vector{HistoryKind::kAlertFiring, HistoryKind::kSilenceCreated, HistoryKind::kSilenceChanged,
                                  HistoryKind::kSilenceExpired});
  CHECK(some.receiver == "r");
  CHECK(some.text == "disk");
  CHECK(some.limit == 5);
  CHECK(some.before == 77);

  CHECK(world.asked("?limit=1000000").limit == 10'000);
  CHECK(world.asked("?outcome=failed").kinds == std::vector{HistoryKind::kNotificationFailed});
  CHECK(world.asked("?kind=notification&outcome=failed&outcome=delivered").kinds ==
        std::vector{HistoryKind::kNotificationDelivered, HistoryKind::kNotificationFailed});
}

TEST_CASE("What cannot be asked of the history is an error that names the parameter, and nothing is searched",
          "[api]") {
  World world;
  const std::pair<const char*, const char*> cases[] = {
      {"?start=yesterday", "\"start\""},
      {"?start=2&end=1", "\"end\""},
      {"?kind=alarm", "there is no kind of event \"alarm\""},
      {"?kind=", "\"kind\""},
      {"?outcome=lost", "must be attempted, delivered or failed"},
      {"?kind=silence&outcome=failed", "is of other kinds of events than those asked for"},
      {"?match[]=%7B", "unexpected end of input inside braces"},
      {"?limit=-1", "\"limit\""},
      {"?cursor=x", "\"cursor\""},
      {"?cursor=0", "\"cursor\""},
  };
  for (const auto& [query, message] : cases) {
    INFO(query);
    const std::string error = world.error(std::string("/api/v1/tocsin/history") + query);
    INFO(error);
    CHECK(error.starts_with("400 bad_data: "));
    CHECK(error.find(message) != std::string::npos);
  }
  CHECK(world.history.queries.empty());
}

TEST_CASE("Events of the history are shown with what their kind has", "[api]") {
  World world;
  HistoryEvent firing;
  firing.at = firing.starts_at = kTime;
  firing.labels = model::Labels{{"alertname", "A"}};
  firing.annotations = model::Labels{{"summary", "s"}};
  HistoryEvent resolved = firing;
  resolved.kind = HistoryKind::kAlertResolved;
  resolved.annotations = {};
  resolved.ends_at = kTime + 1500;
  HistoryEvent failed;
  failed.at = kTime;
  failed.kind = HistoryKind::kNotificationFailed;
  failed.receiver = "r";
  failed.integration = "slack";
  failed.index = 1;
  failed.group_key = "{}:{}";
  failed.reason = "first notification";
  failed.text = "no";
  failed.attempts = 3;
  failed.duration = std::chrono::milliseconds(2500);
  failed.firing = 1;
  failed.alerts = {{firing.labels, false}};
  HistoryEvent silence;
  silence.at = kTime;
  silence.kind = HistoryKind::kSilenceExpired;
  silence.id = "id";
  silence.text = "a=\"b\"";
  silence.author = "me";
  world.history.found = HistoryPage{{silence, failed, resolved, firing}, 42};
  CHECK(
      world.events() ==
      R"({"events":[{"time":"2023-11-14T22:13:20Z","kind":"silence_expired","silenceId":"id","matchers":"a=\"b\"","createdBy":"me"},)"
      R"({"time":"2023-11-14T22:13:20Z","kind":"notification_failed","outcome":"failed","receiver":"r","integration":"slack",)"
      R"("index":1,"groupKey":"{}:{}","reason":"first notification","error":"no","attempts":3,"durationSeconds":2.5,"firing":1,)"
      R"("resolved":0,"alerts":[{"status":"firing","labels":{"alertname":"A"}}]},)"
      R"({"time":"2023-11-14T22:13:20Z","kind":"alert_resolved","labels":{"alertname":"A"},"startsAt":"2023-11-14T22:13:20Z",)"
      R"("endsAt":"2023-11-14T22:13:21.5Z","durationSeconds":1.5},)"
      R"({"time":"2023-11-14T22:13:20Z","kind":"alert_firing","labels":{"alertname":"A"},"annotations":{"summary":"s"},)"
      R"("startsAt":"2023-11-14T22:13:20Z"}],"nextCursor":"42"})");
}

TEST_CASE("A history that cannot be searched says why", "[api]") {
  World world;
  world.history.found = fail(Errc::kUnavailable, "too many searches of the history wait");
  const std::string error = world.error("/api/v1/tocsin/history");
  INFO(error);
  CHECK(error.starts_with("500 unavailable: "));
  CHECK(error.ends_with("too many searches of the history wait"));
}

}  // namespace tocsin::api
