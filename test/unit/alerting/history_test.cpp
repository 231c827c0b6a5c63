// What alerting tells the history.

#include "state/history.hpp"

#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

using state::HistoryEvent;
using state::HistoryKind;

class MemoryHistory final : public state::History {
 public:
  void record(HistoryEvent event) override { events.push_back(std::move(event)); }
  void search(state::HistoryQuery, std::function<void(Result<state::HistoryPage>)> done) override {
    done(state::HistoryPage());
  }
  state::HistoryStats stats() override { return {}; }
  state::HistoryHealth health() override { return {}; }

  std::vector<HistoryEvent> events;
};

struct World {
  explicit World(const std::string& config) : h(config, options(history)) {}
  static AlertingOptions options(const std::shared_ptr<MemoryHistory>& history) {
    AlertingOptions out;
    out.history = history;
    return out;
  }
  /// "1 alert_firing A | 2 notification_delivered A+ r": seconds since the start.
  std::string story() const {
    std::string out;
    for (const HistoryEvent& event : history->events) {
      const Timestamp ms = event.at - began;
      out += fmt::format("{}{:g} {}", out.empty() ? "" : " | ", static_cast<double>(ms / 100) / 10,
                         state::history_kind_text(event.kind));
      if (event.labels.has("alertname")) out += fmt::format(" {}", event.labels.get("alertname"));
      for (const state::HistoryAlert& alert : event.alerts) {
        out += fmt::format(" {}{}", alert.labels.get("alertname"), alert.resolved ? "-" : "+");
      }
      if (!event.receiver.empty()) out += " " + event.receiver;
    }
    return out;
  }
  const HistoryEvent& last() const { return history->events.back(); }

  std::shared_ptr<MemoryHistory> history = std::make_shared<MemoryHistory>();
  Harness h;
  Timestamp began = h.loop.now();
};

}  // namespace

TEST_CASE("The history has an alert's beginning, its notifications and its end") {
  World world(simple_config());
  world.h.post("A", 60);
  world.h.until(2);
  world.h.post("A", 60);  // repeated by its sender: nothing new
  world.h.until(4);
  world.h.resolve("A");
  world.h.until(10);
  CHECK(world.story() ==
        "0 alert_firing A | 1 notification_delivered A+ r | 4 alert_resolved A | 5 notification_delivered A- r");
  const HistoryEvent& end = world.history->events[2];
  CHECK(end.ends_at - end.starts_at == 4000);
  const HistoryEvent& told = world.history->events[1];
  CHECK(told.integration == "webhook");
  CHECK(told.group_key == "{}:{alertname=\"A\"}");
  CHECK(told.reason == "first notification");
  CHECK(told.attempts == 1);
  CHECK(told.firing == 1);
  CHECK(told.resolved == 0);
}

TEST_CASE("An alert whose time is over ends then, told or not; one that comes again is a new one") {
  World world(simple_config());
  world.h.post("A", 4);
  world.h.until(7.5);
  CHECK(world.story() ==
        "0 alert_firing A | 1 notification_delivered A+ r | 4 alert_resolved A | 5 notification_delivered A- r");
  world.h.post("B", 0.2);
  world.h.until(8);
  world.h.post("B", 60);
  const std::string story = world.story();
  CHECK(story.find("7.5 alert_firing B | 7.7 alert_resolved B | 8 alert_firing B") != std::string::npos);
}

TEST_CASE("Attempts in vain and failures are told with their reasons") {
  World world(simple_config());
  world.h.answers["r"] = {failed(Delivery::kRetry, "status 500"), failed(Delivery::kPermanent, "status 400")};
  world.h.post("A", 600);
  world.h.until(3.5);
  CHECK(world.story() ==
        "0 alert_firing A | 1 notification_attempted A+ r | 1.4 notification_failed A+ r | 3 notification_delivered "
        "A+ r");
  CHECK(world.history->events[1].text == "status 500");
  CHECK(world.history->events[2].text == "status 400");
  CHECK(world.history->events[2].attempts == 2);
}

TEST_CASE("What keeps an alert quiet is told when it begins, changes and ends") {
  World world(simple_config("1h",
                            "inhibit_rules: [{source_matchers: ['alertname=\"S\"'], target_matchers: "
                            "['alertname=\"A\"']}]\n"));
  Silence silence;
  silence.matchers = {{"alertname", "A", false, true}, {"job", ".*", true, true}};
  silence.ends_at = world.h.loop.now() + 6000;
  silence.created_by = "me";
  silence.comment = "maintenance";
  const auto id = world.h.alerting->silences().set(silence);
  REQUIRE(id);
  CHECK(world.last().kind == HistoryKind::kSilenceCreated);
  CHECK(world.last().text == "alertname=\"A\" job=~\".*\"");
  CHECK(world.last().labels == model::Labels{{"alertname", "A"}});
  world.h.post("A", 600);
  world.h.until(2);
  CHECK(world.last().kind == HistoryKind::kAlertSuppressed);
  CHECK(world.last().reason == "silence");
  CHECK(world.last().text == *id);
  const std::size_t before = world.history->events.size();
  world.h.until(4);  // a flush that finds it as it was
  CHECK(world.history->events.size() == before);
  world.h.post("S", 600);
  world.h.until(5.5);
  CHECK(world.last().kind == HistoryKind::kNotificationDelivered);  // of S
  CHECK(world.history->events[before + 1].kind == HistoryKind::kAlertSuppressed);
  CHECK(world.history->events[before + 1].reason == "inhibition");
  world.h.resolve("S");
  world.h.until(8);
  world.h.until(70);
  const std::string story = world.story();
  CHECK(story.find("alert_unsuppressed A r") != std::string::npos);
  CHECK(story.find("notification_delivered A+ r") != std::string::npos);
  CHECK(story.find("6 silence_expired A") != std::string::npos);  // when it ended, though it is told later
}

TEST_CASE("Annotations that change all the time are told now and then") {
  World world(simple_config());
  const auto post = [&](int value) {
    model::Alert alert;
    alert.labels = model::Labels{{"alertname", "A"}};
    alert.annotations = model::Labels{{"summary", "value " + std::to_string(value)}};
    alert.starts_at = world.began;
    alert.ends_at = world.h.loop.now() + 600'000;
    world.h.alerting->insert({std::make_shared<const model::Alert>(std::move(alert))});
  };
  for (int minute = 0; minute < 30; ++minute) {
    world.h.until(minute * 60);
    post(minute / 2);
  }
  int changes = 0;
  for (const HistoryEvent& event : world.history->events) changes += event.kind == HistoryKind::kAlertChanged ? 1 : 0;
  CHECK(changes == 5);
  CHECK(world.history->events[2].annotations.get("summary") == "value 2");
}

TEST_CASE("A restart begins no alert anew") {
  World world(simple_config());
  world.h.post("A", 600);
  world.h.until(2);
  world.h.restart();
  world.h.post("A", 600);
  world.h.until(3);
  world.h.resolve("A");
  world.h.until(8);
  CHECK(world.story() ==
        "0 alert_firing A | 1 notification_delivered A+ r | 3 alert_resolved A | 4 notification_delivered A- r");
}

}  // namespace tocsin::alerting::test
