// kill -9 and reload: nothing is told twice, every resolve comes.

#include "harness.hpp"

namespace tocsin::alerting::test {

TEST_CASE("After a crash the same alert is not told again, and its resolve is") {
  Harness h(simple_config());
  h.post("A", 60);
  h.until(2);
  h.restart();
  h.until(2.5);
  h.post("A", 60);
  h.until(10);
  CHECK(h.story() == "1 firing A+");
  h.resolve("A");
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 12 resolved A-");
}

TEST_CASE("A resolve that was not told before a crash is told after it") {
  Harness h(simple_config());
  h.post("A");
  h.until(1.5);
  h.resolve("A");
  h.until(2);
  h.restart();
  h.until(30);
  CHECK(h.story() == "1 firing A+ | 2 resolved A-");
}

TEST_CASE("A resolve that was told before a crash is not told again, and the alert does not come back") {
  Harness h("global: {resolve_timeout: 3s}\n" + simple_config());
  h.post("A");
  h.until(6);
  CHECK(h.story() == "1 firing A+ | 3 resolved A-");
  h.restart();
  h.until(60);
  CHECK(h.attempts.size() == 2);
  CHECK(h.alerting->alerts().empty());
}

TEST_CASE("While we are away nobody can repeat an alert: it keeps its validity from the restart on") {
  Harness h(simple_config());
  h.post("A", 60);
  h.until(2);
  h.alerting.reset();
  h.until(600);  // far beyond its end
  h.restart();
  h.until(630);
  h.post("A", 60);
  h.until(680);
  CHECK(h.story() == "1 firing A+");
  h.until(800);  // it is not repeated any more: resolved at last
  CHECK(h.story() == "1 firing A+ | 690 resolved A-");
}

TEST_CASE("What was not delivered before a crash is told after it") {
  Harness h(simple_config());
  h.answers["r"].push_back(failed(Delivery::kPermanent, "status 404"));
  h.post("A", 600);
  h.until(2);
  h.restart();
  h.until(30);
  CHECK(h.story() == "1 firing A+ | 2 firing A+");
}

TEST_CASE("Repetition goes on after a crash as if there were none") {
  Harness h(simple_config("1m"));
  h.post("A", 3600);
  h.until(30);
  h.restart();
  h.until(59);
  CHECK(h.attempts.size() == 1);
  h.until(70);
  CHECK(h.attempts.size() == 2);
  CHECK(h.attempts[1].reason() == "repeat interval elapsed");
}

TEST_CASE("What an integration remembers comes back to it, over a crash too, until the group begins anew") {
  Harness h(simple_config());
  h.answers["r"] = {{Delivery::kDelivered, "", FailureReason::kOther, {{"ts", "1"}, {"channel", "c"}}},
                    {Delivery::kDelivered, "", FailureReason::kOther, {{"ts", "2"}}}};
  h.post("A", 600, {{"i", "1"}});
  h.until(2);
  h.restart();
  h.post("A", 600, {{"i", "2"}});
  h.until(5);
  h.resolve("A", {{"i", "1"}});
  h.resolve("A", {{"i", "2"}});
  h.until(9);
  h.post("A", 600);
  h.until(20);
  using Data = std::map<std::string, std::string>;
  REQUIRE(h.attempts.size() == 4);
  CHECK(h.attempts[0].notification->receiver_data.empty());
  CHECK(h.attempts[1].notification->receiver_data == Data{{"channel", "c"}, {"ts", "1"}});
  CHECK(h.attempts[2].notification->receiver_data == Data{{"channel", "c"}, {"ts", "2"}});
  CHECK(h.attempts[3].notification->receiver_data.empty());
}

TEST_CASE("Silences survive a crash") {
  Harness h(simple_config());
  Silence silence;
  silence.matchers = {{"alertname", "A", false, true}};
  silence.ends_at = h.loop.now() + 60'000;
  silence.annotations = {{"ticket", "X-1"}};
  const auto id = h.alerting->silences().set(silence);
  REQUIRE(id);
  h.restart();
  REQUIRE(h.alerting->silences().find(*id) != nullptr);
  CHECK(h.alerting->silences().find(*id)->annotations.at("ticket") == "X-1");
  h.post("A", 600);
  h.until(30);
  CHECK(h.attempts.empty());
}

TEST_CASE("A reload keeps groups, their timers and what they have still to tell, and uses the new receivers") {
  Harness h(simple_config());
  h.post("A");
  h.until(1.5);
  h.resolve("A");
  h.until(2);
  h.reload(simple_config("2h"));
  h.until(2.5);
  h.post("B");
  h.until(30);
  CHECK(h.story() == "1 firing A+ | 3 resolved A- | 3.5 firing B+");
}

TEST_CASE("A reload tells nothing again") {
  Harness h(simple_config());
  h.post("A", 600, {{"i", "1"}});
  h.post("A", 600, {{"i", "2"}});
  h.until(2);
  h.resolve("A", {{"i", "1"}});
  h.until(4);
  CHECK(h.attempts.size() == 2);
  for (int i = 0; i < 5; ++i) {
    h.reload(simple_config());
    h.until(5 + i);
  }
  h.until(30);
  CHECK(h.attempts.size() == 2);
}

TEST_CASE("A reload routes alerts anew: to another receiver they are news") {
  Harness h(simple_config());
  h.post("A", 600);
  h.until(2);
  h.reload(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 2s, routes: [{receiver: s, "
      "matchers: "
      "[alertname=A]}]}\nreceivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}, {name: s, webhook_configs: "
      "[{url: 'http://b/'}]}]\n");
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 2 firing A+");
  CHECK(h.attempts[1].notification->receiver == "s");
  CHECK(h.attempts[1].notification->group_key == R"({}/{alertname="A"}:{alertname="A"})");
}

TEST_CASE("A reload ends the wait for the next attempt: the new configuration is tried at once") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 1h, repeat_interval: 4h}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n");
  for (int i = 0; i < 8; ++i) h.answers["r"].push_back(failed(Delivery::kRetry, "connection refused"));
  h.post("A", 7200);
  h.until(10);
  const std::size_t before = h.attempts.size();
  h.answers["r"].clear();
  h.reload(h.config_text);
  h.until(10.01);
  CHECK(h.attempts.size() == before + 1);
  h.until(3000);
  CHECK(h.attempts.size() == before + 1);
}

TEST_CASE("A reload while an attempt is under way neither loses it nor repeats it") {
  Harness h(simple_config());
  h.attempt_time = seconds(3);
  h.post("A", 600);
  h.until(2);
  h.reload(simple_config("2h"));
  h.until(60);
  CHECK(h.story() == "1 firing A+");
}

TEST_CASE("A group whose route is gone stops; its alerts are not lost") {
  Harness h(
      "route: {receiver: r, group_wait: 1s, group_interval: 2s, routes: [{receiver: r, matchers: [x=y], group_by: "
      "[alertname]}]}\nreceivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n");
  h.post("A", 600, {{"x", "y"}});
  h.until(2);
  h.reload(
      "route: {receiver: r, group_wait: 1s, group_interval: 2s}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n");
  h.until(20);
  CHECK(h.alerting->counts().groups == 1);
  CHECK(h.attempts.size() == 2);
  CHECK(h.attempts[1].notification->group_key == "{}:{}");
}

TEST_CASE("A configuration that the receivers' factory refuses changes nothing") {
  VirtualLoop loop;
  tocsin::test::MemoryStore store;
  bool refuse = false;
  auto made = Alerting::make(loop, store, Rng(1), [&refuse](const config::AlertmanagerConfig&) -> Result<ReceiverMap> {
    if (refuse) return fail(Errc::kInvalid, "no template");
    return ReceiverMap{};
  });
  REQUIRE(made);
  const auto config = config::parse_alertmanager_config(simple_config(), "am.yml");
  REQUIRE((*made)->apply(*config));
  refuse = true;
  const auto other = config::parse_alertmanager_config(simple_config("2h"), "am.yml");
  const auto applied = (*made)->apply(*other);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().message == "no template");
  CHECK((*made)->config() == *config);
}

}  // namespace tocsin::alerting::test
