// Another receiver is told when deliveries of one have failed for a while.

#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

std::string config(const std::string& after, const std::string& interval = "2s") {
  return "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: " + interval +
         ", repeat_interval: 1h}\n"
         "receivers:\n"
         "- {name: r, webhook_configs: [{url: 'http://a/'}], fallback: {receiver: b, after: " +
         after +
         "}}\n"
         "- {name: b, slack_configs: [{api_url: 'http://b/', channel: c, send_resolved: true}]}\n";
}

void fail_for_ever(Harness& h, const std::string& receiver, Delivery how = Delivery::kRetry) {
  h.answers[receiver] = std::deque<DeliveryResult>(100'000, failed(how, "no"));
}

}  // namespace

TEST_CASE("The fallback is told once deliveries have failed for its time, in the middle of a flush") {
  Harness h(config("5s", "60s"));
  fail_for_ever(h, "r");
  h.post("A", 600);
  h.until(30);
  CHECK(h.story("slack") == "6 firing A+");
  CHECK(h.alerting->metrics().fallbacks == 1);
  const auto& told = h.attempts;
  const auto slack =
      std::ranges::find_if(told, [](const Attempt& a) { return a.notification->integration == "slack"; });
  REQUIRE(slack != told.end());
  CHECK(slack->notification->receiver == "b");
  CHECK(slack->notification->reason == NotifyReason::kFirst);
  CHECK(slack->notification->route_labels.back() == std::pair<std::string, std::string>("fallback_for", "r"));
}

TEST_CASE("A receiver that works in time needs no fallback") {
  Harness h(config("5s"));
  h.answers["r"] = {failed(Delivery::kRetry, "no"), failed(Delivery::kRetry, "no")};
  h.post("A", 600);
  h.until(60);
  CHECK(h.story("slack").empty());
  CHECK(h.alerting->metrics().fallbacks == 0);
}

TEST_CASE("A refusal that stays counts across flushes") {
  Harness h(config("5s"));
  fail_for_ever(h, "r", Delivery::kPermanent);
  h.post("A", 600);
  h.until(5.5);
  CHECK(h.story("slack").empty());
  h.until(20);
  CHECK(h.story("slack") == "7 firing A+");  // the tick behind 1 + 5; told once: repeat_interval holds for it, too
}

TEST_CASE("Who stood in is told the end, though the receiver works again") {
  Harness h(config("5s"));
  fail_for_ever(h, "r");
  h.post("A", 600);
  h.until(10);
  REQUIRE(h.story("slack") == "6 firing A+");
  h.answers["r"].clear();
  h.until(40);
  h.resolve("A");
  h.until(60);
  const std::string story = h.story("slack");  // the tick's place depends on the back-off
  CHECK(story.starts_with("6 firing A+ | 4"));
  CHECK(story.ends_with(" resolved A-"));
  CHECK(h.alerting->counts().groups == 0);
  // Later groups are the receiver's alone.
  h.post("B", 600);
  h.until(80);
  CHECK(h.story("slack") == story);
}

TEST_CASE("While all of a receiver's deliveries fail, its fallback is told of new groups at once") {
  Harness h(config("5s"));
  fail_for_ever(h, "r");
  h.post("A", 600);
  h.until(10);
  h.post("B", 600);
  h.until(11.5);
  CHECK(h.story("slack") == "6 firing A+ | 11 firing B+");
}

TEST_CASE("A fallback that fails has its own, and a ring of them ends") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 60s, repeat_interval: 1h}\n"
      "receivers:\n"
      "- {name: r, webhook_configs: [{url: 'http://a/'}], fallback: {receiver: b, after: 2s}}\n"
      "- {name: b, webhook_configs: [{url: 'http://b/'}], fallback: {receiver: c, after: 3s}}\n"
      "- {name: c, slack_configs: [{api_url: 'http://c/', channel: c}], fallback: {receiver: r, after: 1s}}\n");
  fail_for_ever(h, "r");
  fail_for_ever(h, "b");
  h.post("A", 600);
  h.until(50);
  REQUIRE_FALSE(h.story("slack").empty());
  CHECK(h.story("slack") == "6 firing A+");  // 1 + 2 + 3, from the flush that b first failed in: its own begin
  fail_for_ever(h, "c");
  h.post("B", 600);
  h.until(300);
}

TEST_CASE("The time of a restart is not counted, and what was told is known") {
  Harness h(config("5s"));
  fail_for_ever(h, "r");
  h.post("A", 600);
  h.until(10);
  REQUIRE(h.story("slack") == "6 firing A+");
  h.restart();
  h.until(30);
  CHECK(h.story("slack") == "6 firing A+");
  h.resolve("A");
  h.until(60);
  CHECK(h.story("slack").ends_with("resolved A-"));
}

}  // namespace tocsin::alerting::test
