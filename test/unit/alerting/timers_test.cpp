// group_wait, group_interval, repeat_interval. Times as measured on Alertmanager.

#include "harness.hpp"

namespace tocsin::alerting::test {

TEST_CASE("A new group waits group_wait, then tells; nothing more while nothing changes") {
  Harness h(simple_config());
  h.post("A");
  h.until(0.9);
  CHECK(h.attempts.empty());
  h.until(60);
  CHECK(h.story() == "1 firing A+");
  CHECK(h.attempts[0].reason() == "first notification");
  CHECK(h.attempts[0].notification->group_key == R"({}:{alertname="A"})");
}

TEST_CASE("A resolve is told at the next group_interval") {
  Harness h(simple_config());
  h.post("A");
  h.until(1.6);
  h.resolve("A");
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 3 resolved A-");
  CHECK(h.attempts[1].reason() == "all alerts resolved");
}

TEST_CASE("Alerts of a group that come later are told with it at the next group_interval") {
  Harness h(simple_config());
  h.post("A", {}, {{"i", "1"}});
  h.until(1.5);
  h.post("A", {}, {{"i", "2"}});
  h.until(3.5);
  h.resolve("A", {{"i", "1"}});
  h.until(5.5);
  h.resolve("A", {{"i", "2"}});
  h.until(30);
  CHECK(h.story() == "1 firing A+ | 3 firing A+ A+ | 5 firing A- A+ | 7 resolved A-");
  CHECK(h.attempts[1].reason() == "new alerts added");
  CHECK(h.attempts[2].reason() == "some alerts resolved");
}

TEST_CASE("Repetition is looked at on ticks only, and needs strictly more than repeat_interval") {
  Harness three(simple_config("3s"));
  Harness two(simple_config("2s"));  // equal to group_interval: doubles in practice
  for (int second = 0; second <= 9; ++second) {
    for (Harness* h : {&three, &two}) {
      h->until(second);
      h->post("A");
    }
  }
  three.until(9.5);
  two.until(9.5);
  CHECK(three.story() == "1 firing A+ | 5 firing A+ | 9 firing A+");
  CHECK(three.attempts[1].reason() == "repeat interval elapsed");
  CHECK(two.story() == "1 firing A+ | 5 firing A+ | 9 firing A+");
}

TEST_CASE("An alert that started longer ago than group_wait is told at once") {
  Harness h(simple_config());
  h.post("A", {}, {}, 5);
  h.until(0.01);
  CHECK(h.story() == "0 firing A+");
}

TEST_CASE("An alert that is resolved before group_wait has passed is never told") {
  Harness h(simple_config());
  h.post("A");
  h.until(0.5);
  h.resolve("A");
  h.until(20);
  CHECK(h.attempts.empty());
  CHECK(h.alerting->counts().groups == 0);
}

TEST_CASE("Fire, resolve, fire between two ticks tells nothing") {
  Harness h(simple_config());
  h.post("A");
  h.until(1.2);
  h.resolve("A");
  h.until(1.5);
  h.post("A");
  h.until(20);
  CHECK(h.story() == "1 firing A+");
}

TEST_CASE("An alert without end is resolved after resolve_timeout unless it is repeated") {
  Harness h("global: {resolve_timeout: 4s}\n" + simple_config());
  h.post("A");
  h.until(3);
  h.post("A");
  h.until(6.9);
  CHECK(h.story() == "1 firing A+");
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 7 resolved A-");
}

TEST_CASE("An alert with an end is resolved then") {
  Harness h(simple_config());
  h.post("A", 3.5);
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 5 resolved A-");
}

TEST_CASE("A group that its flush leaves empty is gone: the next alert waits group_wait again") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 4s, repeat_interval: 1h}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n");
  h.post("A");
  h.until(1.5);
  h.resolve("A");
  h.until(5.2);
  CHECK(h.alerting->counts().groups == 0);
  h.until(5.6);
  h.post("A");
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 5 resolved A- | 6.6 firing A+");
}

TEST_CASE("A tick that comes while the last flush is under way waits for its end") {
  Harness h(simple_config());
  h.attempt_time = seconds(5);
  h.post("A", {}, {{"i", "1"}});
  h.until(1.5);
  h.post("A", {}, {{"i", "2"}});
  h.until(30);
  CHECK(h.story() == "1 firing A+ | 6 firing A+ A+");
}

TEST_CASE("Attempts are repeated with growing, jittered waits until one delivers") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 0s, group_interval: 1h, repeat_interval: 4h}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n");
  for (int i = 0; i < 12; ++i) h.answers["r"].push_back(failed(Delivery::kRetry, "status 500"));
  h.post("A");
  h.until(600);
  REQUIRE(h.attempts.size() == 13);
  double wait = 0.5;
  for (std::size_t i = 1; i < h.attempts.size(); ++i) {
    const double gap = h.attempts[i].at - h.attempts[i - 1].at;
    CHECK(gap >= wait * 0.5 - 0.001);
    CHECK(gap <= wait * 1.5 + 0.001);
    wait = std::min(wait * 1.5, 60.0);
  }
  const IntegrationMetrics& m = h.alerting->metrics().integrations.at("webhook");
  CHECK(m.notifications == 1);
  CHECK(m.requests == 13);
  CHECK(m.requests_failed == 12);
  CHECK(m.failed.empty());
}

TEST_CASE("Attempts end at max(group_interval, 10 s); what was not delivered comes again at the next tick") {
  Harness h(simple_config());
  for (int i = 0; i < 100; ++i) h.answers["r"].push_back(failed(Delivery::kRetry, "status 500"));
  h.post("A");
  h.until(10.9);
  const std::size_t before = h.attempts.size();
  CHECK(before > 3);
  CHECK(h.alerting->metrics().integrations.at("webhook").failed.empty());
  h.until(11.01);  // the deadline, and the tick that waited for it
  CHECK(h.alerting->metrics().integrations.at("webhook").failed.at(FailureReason::kServerError) == 1);
  CHECK(h.attempts.size() > before);
  h.answers["r"].clear();
  h.until(40);
  const std::size_t delivered = h.attempts.size();
  h.until(100);
  CHECK(h.attempts.size() == delivered);
}

TEST_CASE("A permanent failure is not repeated before the next tick") {
  Harness h(simple_config());
  h.answers["r"].push_back(failed(Delivery::kPermanent, "status 404"));
  h.post("A");
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 3 firing A+");
  CHECK(h.attempts[1].reason() == "first notification");
}

TEST_CASE("An integration that never answers is given up at the deadline") {
  Harness h(simple_config());
  h.attempt_time = std::chrono::hours(1);
  h.post("A");
  h.until(10.99);
  CHECK(h.alerting->counts().deliveries == 1);
  h.until(11.5);
  CHECK(h.alerting->metrics().integrations.at("webhook").failed.at(FailureReason::kContextDeadline) == 1);
}

TEST_CASE("One integration that fails does not stop its siblings, and only it is tried again") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h, routes: "
      "[{receiver: r, continue: true}, {receiver: s}]}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}, {name: s, slack_configs: [{api_url: 'http://a/', "
      "send_resolved: true}]}]\n");
  h.answers["r"].push_back(failed(Delivery::kPermanent, "status 404"));
  h.post("A");
  h.until(1.5);
  h.resolve("A");
  h.until(20);
  CHECK(h.story("slack") == "1 firing A+ | 3 resolved A-");
  CHECK(h.story("webhook") == "1 firing A+");  // never told that it fires, so never told that it is resolved
}

TEST_CASE("Without send_resolved a resolve is not sent, but a new firing is a first notification") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/', send_resolved: false}]}]\n");
  h.post("A", {}, {{"i", "1"}});
  h.post("A", {}, {{"i", "2"}});
  h.until(1.5);
  h.resolve("A", {{"i", "1"}});
  h.until(3.5);
  h.post("A", {}, {{"i", "3"}});
  h.until(5.5);
  h.resolve("A", {{"i", "2"}});
  h.resolve("A", {{"i", "3"}});
  h.until(8);
  h.post("A", {}, {{"i", "2"}});
  h.until(20);
  CHECK(h.story() == "1 firing A+ A+ | 5 firing A+ A+ | 9 firing A+");
  CHECK(h.attempts[2].reason() == "first notification");
}

TEST_CASE("Beyond the limit of groups alerts are counted, not grouped") {
  Harness h(simple_config());
  h.options.max_groups = 2;
  h.restart();
  for (const char* name : {"A", "B", "C", "D"}) h.post(name);
  h.until(5);
  CHECK(h.attempts.size() == 2);
  CHECK(h.alerting->metrics().group_limit_reached == 2);
  CHECK(h.alerting->counts().alerts_active == 4);
}

TEST_CASE("Beyond the limit of alerts new ones are counted, known ones are taken") {
  Harness h(simple_config());
  h.options.max_alerts = 1;
  h.restart();
  h.post("A");
  h.post("B");
  h.until(1.5);
  h.resolve("A");
  h.until(5);
  CHECK(h.story() == "1 firing A+ | 3 resolved A-");
  CHECK(h.alerting->metrics().alerts_limited == 1);
}

TEST_CASE("Beyond the limit of its name a new alert takes the place of one that is over, or none") {
  Harness h(simple_config());
  h.options.max_alerts_per_name = 2;
  h.restart();
  h.post("A", 60, {{"i", "1"}});
  h.post("A", 3600, {{"i", "2"}});
  h.post("A", 3600, {{"i", "3"}});
  h.post("B", 3600);
  h.post("A", 3600, {{"i", "2"}});  // known
  CHECK(h.alerting->alerts().size() == 3);
  CHECK(h.alerting->metrics().alerts_limited == 1);
  CHECK(h.alerting->counts().alerts_per_name_limit == 2);
  h.until(61);
  h.post("A", 3600, {{"i", "3"}});
  h.post("A", 3600, {{"i", "4"}});
  CHECK(h.alerting->metrics().alerts_limited == 2);
  CHECK(h.alerting->alerts().size() == 3);
  // The limit counts what was there before a restart, too.
  h.restart();
  h.post("A", 3600, {{"i", "4"}});
  CHECK(h.alerting->metrics().alerts_limited == 1);
  h.loop.advance(std::chrono::hours(2));
  h.post("A", 3600, {{"i", "4"}});
  CHECK(h.alerting->metrics().alerts_limited == 1);
}

TEST_CASE("Resolved alerts are forgotten by and by") {
  Harness h(simple_config());
  h.post("A");
  h.until(2);
  h.resolve("A");
  h.until(3.5);
  CHECK(h.store.load_alerts()->empty());
  h.loop.advance(std::chrono::hours(1));
  h.post("B", 7200);
  CHECK(h.alerting->alerts().size() == 1);
  CHECK(h.alerting->counts().log_entries == 1);
  h.loop.advance(std::chrono::hours(24 * 6));
  CHECK(h.alerting->counts().log_entries == 0);
}

TEST_CASE("The stop lets attempts under way end, and no other begin") {
  Harness h(simple_config());
  h.attempt_time = seconds(3);
  h.post("A");
  h.post("B");
  h.until(2);
  bool stopped = false;
  h.alerting->stop(seconds(20), [&] { stopped = true; });
  h.until(2.5);
  CHECK_FALSE(stopped);
  h.until(30);
  CHECK(stopped);
  CHECK(h.attempts.size() == 2);
  CHECK(h.store.load_notifications()->size() == 2);
}

}  // namespace tocsin::alerting::test
